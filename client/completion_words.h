// What a word of a command line may be, where no shell's script knows it: kubectl asks
// kubectl_complete-listenq. Pure.
#ifndef LISTENQ_CLIENT_COMPLETION_WORDS_H_
#define LISTENQ_CLIENT_COMPLETION_WORDS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/command_tree.h"

namespace listenq::client {

// The bits of cobra's ShellCompDirective that are used: the shell completes files, or nothing beside the
// words.
inline constexpr int kCompleteFiles = 0;
inline constexpr int kNoFiles = 4;

struct WordCompletion {
  // "value\tdescription", or "value"; they begin with what is typed.
  std::vector<std::string> words;
  // FlagInfo::names of more words that the server knows; "" for none.
  std::string names;
  int directive = kNoFiles;
};

// `typed` are the words after the program's name, the last one being typed ("" when it has not begun).
WordCompletion CompleteWord(const CommandTree& tree, const std::vector<std::string>& typed);

// What of the last word a candidate replaces: "j" of "--output=j".
std::string PrefixOf(const std::vector<std::string>& typed);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_COMPLETION_WORDS_H_
