#include "client/completion_words.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace listenq::client {
namespace {

std::string WithDescription(const std::string& word, const std::string& description) {
  return description.empty() ? word : absl::StrCat(word, "\t", description);
}

bool IsNamed(const CommandInfo& command, absl::string_view name) {
  return command.name == name ||
         std::find(command.aliases.begin(), command.aliases.end(), name) != command.aliases.end();
}

const CommandInfo* FindCommand(const std::vector<CommandInfo>& commands, absl::string_view name) {
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [name](const CommandInfo& command) { return IsNamed(command, name); });
  return found == commands.end() ? nullptr : &*found;
}

// By "-o" or "--output".
const FlagInfo* FindFlag(const CommandInfo& command, absl::string_view word) {
  for (const FlagInfo& flag : command.flags) {
    const bool is_short = !flag.short_name.empty() && word == "-" + flag.short_name;
    const bool is_long = !flag.long_name.empty() && word == "--" + flag.long_name;
    if (is_short || is_long) return &flag;
  }
  return nullptr;
}

// Collects words that begin with what is typed.
class Words {
 public:
  explicit Words(std::string prefix) : prefix_(std::move(prefix)) {}

  void Add(const std::string& word, const std::string& description) {
    if (absl::StartsWith(word, prefix_)) completion_.words.push_back(WithDescription(word, description));
  }
  void AddCommands(const std::vector<CommandInfo>& commands);
  void AddFlags(const CommandInfo& command);
  void AddValues(const std::vector<std::string>& choices, const std::string& names);
  WordCompletion Take() { return std::move(completion_); }

 private:
  std::string prefix_;
  WordCompletion completion_;
};

void Words::AddCommands(const std::vector<CommandInfo>& commands) {
  for (const CommandInfo& command : commands) Add(command.name, command.description);
}

void Words::AddFlags(const CommandInfo& command) {
  for (const FlagInfo& flag : command.flags) {
    Add(flag.long_name.empty() ? "-" + flag.short_name : "--" + flag.long_name, flag.description);
  }
}

void Words::AddValues(const std::vector<std::string>& choices, const std::string& names) {
  for (const std::string& choice : choices) Add(choice, "");
  if (names == kFileNames) {
    completion_.directive = kCompleteFiles;
  } else {
    completion_.names = names;
  }
}

// "config use-context": the subcommand, when its word is typed already.
const CommandInfo& Innermost(const CommandInfo& command, const std::vector<std::string>& typed) {
  for (size_t i = 1; i + 1 < typed.size(); ++i) {
    const CommandInfo* subcommand = FindCommand(command.subcommands, typed[i]);
    if (subcommand != nullptr) return *subcommand;
  }
  return command;
}

// The flag whose value is typed; null for none.
const FlagInfo* FlagOfValue(const CommandInfo& command, const std::vector<std::string>& typed) {
  const std::string& word = typed.back();
  const size_t equals = word.find('=');
  if (absl::StartsWith(word, "-") && equals != std::string::npos) {
    return FindFlag(command, word.substr(0, equals));
  }
  const FlagInfo* flag = FindFlag(command, typed[typed.size() - 2]);
  return flag != nullptr && flag->takes_value ? flag : nullptr;
}

}  // namespace

std::string PrefixOf(const std::vector<std::string>& typed) {
  if (typed.empty()) return "";
  const std::string& word = typed.back();
  const size_t equals = word.find('=');
  return absl::StartsWith(word, "-") && equals != std::string::npos ? word.substr(equals + 1) : word;
}

WordCompletion CompleteWord(const CommandTree& tree, const std::vector<std::string>& typed) {
  Words words(PrefixOf(typed));
  if (typed.size() < 2) {
    words.AddCommands(tree.commands);
    return words.Take();
  }
  const CommandInfo* outer = FindCommand(tree.commands, typed.front());
  if (outer == nullptr) return words.Take();
  const CommandInfo& command = Innermost(*outer, typed);
  if (const FlagInfo* flag = FlagOfValue(command, typed); flag != nullptr) {
    words.AddValues(flag->choices, flag->names);
  } else if (absl::StartsWith(typed.back(), "-")) {
    words.AddFlags(command);
  } else {
    words.AddCommands(command.subcommands);
    words.AddValues(command.argument_choices, command.argument_names);
  }
  return words.Take();
}

}  // namespace listenq::client
