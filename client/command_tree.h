// The commands and flags as data: what completion is made from.
#ifndef LISTENQ_CLIENT_COMMAND_TREE_H_
#define LISTENQ_CLIENT_COMMAND_TREE_H_

#include <string>
#include <vector>

namespace listenq::client {

struct FlagInfo {
  // "o", "output": without dashes; either may be "".
  std::string short_name;
  std::string long_name;
  std::string description;
  bool takes_value = false;
  // What the value may be; empty is anything.
  std::vector<std::string> choices;
};

struct CommandInfo {
  std::string name;
  std::vector<std::string> aliases;
  std::string description;
  std::vector<FlagInfo> flags;
  // What the first positional argument may be; empty is anything.
  std::vector<std::string> argument_choices;
};

struct CommandTree {
  std::string program;
  std::vector<CommandInfo> commands;
};

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_COMMAND_TREE_H_
