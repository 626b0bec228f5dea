// The commands and flags as data: what completion is made from.
#ifndef LISTENQ_CLIENT_COMMAND_TREE_H_
#define LISTENQ_CLIENT_COMMAND_TREE_H_

#include <string>
#include <vector>

namespace listenq::client {

// Hidden: "listenq __complete KIND WORD…" prints the names of a kind (FlagInfo::names), a line each, as the
// flags among the words choose them. It prints nothing at all when there are none or the server does not
// answer at once.
inline constexpr char kCompleteCommand[] = "__complete";

// FlagInfo::names of a value that is a file: the shell knows them itself.
inline constexpr char kFileNames[] = "files";

// FlagInfo::names that `listenq config` or kubectl knows.
inline constexpr char kContextNames[] = "contexts";

struct FlagInfo {
  // "o", "output": without dashes; either may be "".
  std::string short_name;
  std::string long_name;
  std::string description;
  bool takes_value = false;
  // What the value may be; empty is anything.
  std::vector<std::string> choices;
  // "pods": the server knows the values; "" for none.
  std::string names;
};

struct CommandInfo {
  std::string name;
  std::vector<std::string> aliases;
  std::string description;
  std::vector<FlagInfo> flags;
  // What the first positional argument may be; empty is anything.
  std::vector<std::string> argument_choices;
  // What all of them may be, as FlagInfo::names.
  std::string argument_names;
  // Its first argument is one of theirs.
  std::vector<CommandInfo> subcommands;
};

struct CommandTree {
  std::string program;
  std::vector<CommandInfo> commands;
};

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_COMMAND_TREE_H_
