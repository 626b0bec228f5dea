#include "client/completion.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace listenq::client {
namespace {

std::vector<std::string> Spellings(const FlagInfo& flag) {
  std::vector<std::string> spellings;
  if (!flag.short_name.empty()) spellings.push_back("-" + flag.short_name);
  if (!flag.long_name.empty()) spellings.push_back("--" + flag.long_name);
  return spellings;
}

std::vector<std::string> Names(const CommandInfo& command) {
  std::vector<std::string> names = {command.name};
  names.insert(names.end(), command.aliases.begin(), command.aliases.end());
  return names;
}

std::vector<std::string> AllNames(const std::vector<CommandInfo>& commands) {
  std::vector<std::string> names;
  for (const CommandInfo& command : commands) {
    for (const std::string& name : Names(command)) names.push_back(name);
  }
  return names;
}

// Its own, and each that a subcommand of it takes.
std::vector<FlagInfo> AllFlags(const CommandInfo& command) {
  std::vector<FlagInfo> flags = command.flags;
  for (const CommandInfo& subcommand : command.subcommands) {
    for (const FlagInfo& flag : subcommand.flags) {
      const bool is_there = std::any_of(flags.begin(), flags.end(), [&](const FlagInfo& other) {
        return other.long_name == flag.long_name;
      });
      if (!is_there) flags.push_back(flag);
    }
  }
  return flags;
}

std::vector<std::string> FirstArguments(const CommandInfo& command) {
  return command.subcommands.empty() ? command.argument_choices : AllNames(command.subcommands);
}

// The subcommands whose argument is a name, and what kind of name that is: one kind for all of them.
struct NamedArgument {
  std::vector<std::string> subcommands;
  std::string names;
};
NamedArgument ArgumentOfSubcommands(const CommandInfo& command) {
  NamedArgument argument;
  for (const CommandInfo& subcommand : command.subcommands) {
    if (subcommand.argument_names.empty()) continue;
    argument.names = subcommand.argument_names;
    argument.subcommands.push_back(subcommand.name);
  }
  return argument;
}

// In single quotes of a POSIX shell.
std::string ShellQuote(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

std::string FunctionName(const CommandTree& tree) {
  return absl::StrCat("_", absl::StrReplaceAll(tree.program, {{"-", "_"}}));
}

std::string BashChoices(const std::vector<std::string>& choices) {
  if (choices.empty()) return "COMPREPLY=()";
  return absl::StrCat("COMPREPLY=($(compgen -W ", ShellQuote(absl::StrJoin(choices, " ")), " -- \"$cur\"))");
}

std::string BashValues(const std::string& function, const FlagInfo& flag) {
  if (flag.names == kFileNames) {
    return "mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); compopt -o filenames 2> /dev/null";
  }
  return flag.names.empty() ? BashChoices(flag.choices) : absl::StrCat(function, "_names ", flag.names);
}

// bash: one case per command with its flags; one per flag with its values.
std::string BashCommandCase(const std::string& function, const CommandInfo& command) {
  std::vector<std::string> words;
  std::string values;
  for (const FlagInfo& flag : AllFlags(command)) {
    const std::vector<std::string> spellings = Spellings(flag);
    words.insert(words.end(), spellings.begin(), spellings.end());
    if (!flag.takes_value) continue;
    absl::StrAppend(&values, "        ", absl::StrJoin(spellings, "|"), ") ", BashValues(function, flag),
                    "; return ;;\n");
  }
  const NamedArgument argument = ArgumentOfSubcommands(command);
  if (!argument.names.empty()) {
    absl::StrAppend(&values, "        ", absl::StrJoin(argument.subcommands, "|"), ") ", function, "_names ",
                    argument.names, "; return ;;\n");
  }
  std::string text =
      absl::StrCat("    ", absl::StrJoin(Names(command), "|"), ")\n      case \"$prev\" in\n", values,
                   "      esac\n      words=", ShellQuote(absl::StrJoin(words, " ")), "\n");
  absl::StrAppend(&text, "      arguments=", ShellQuote(absl::StrJoin(FirstArguments(command), " ")),
                  " names='", command.argument_names, "'\n      ;;\n");
  return text;
}

// bash breaks "unix:///run/x" and "--output=json" apart: what no space separates is one word again. A name is
// never a word of bash's own (compgen -W would expand it).
constexpr char kBashFunctions[] = R"END(FUNCTION_names() {
  local name
  while IFS= read -r name; do
    [[ $name == "$cur"* ]] && COMPREPLY+=("$name")
  done < <("${typed[0]}" COMPLETE "$1" "${typed[@]:1}" 2> /dev/null)
}
FUNCTION() {
  local -a typed=()
  local i word rest=$COMP_LINE
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $i -gt 0 && $rest != [[:space:]]* ]]; then
      typed[-1]+=${word//[\"\']/}
    else
      typed+=("${word//[\"\']/}")
    fi
    rest=${rest#*"$word"}
  done
  local cur=${typed[-1]} words='' arguments='' names=''
  unset 'typed[-1]'
  local prev=${typed[-1]}
  COMPREPLY=()
  if [[ $cur == --*=* ]]; then
    prev=${cur%%=*} cur=${cur#*=}
  fi
)END";

std::string BashScript(const CommandTree& tree) {
  const std::string function = FunctionName(tree);
  std::string text = absl::StrCat(
      "# bash completion of ", tree.program, ": source <(", tree.program, " completion bash)\n",
      absl::StrReplaceAll(kBashFunctions, {{"FUNCTION", function}, {"COMPLETE", kCompleteCommand}}));
  absl::StrAppend(&text, "  if [[ ${#typed[@]} -le 1 ]]; then\n    COMPREPLY=($(compgen -W ",
                  ShellQuote(absl::StrJoin(AllNames(tree.commands), " ")),
                  " -- \"$cur\"))\n    return\n  fi\n  case \"${typed[1]}\" in\n");
  for (const CommandInfo& command : tree.commands) absl::StrAppend(&text, BashCommandCase(function, command));
  absl::StrAppend(&text,
                  "  esac\n"
                  "  if [[ $cur == -* ]]; then\n"
                  "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                  "  elif [[ -n $names ]]; then\n    ",
                  function,
                  "_names \"$names\"\n"
                  "  else\n"
                  "    COMPREPLY=($(compgen -W \"$arguments\" -- \"$cur\"))\n"
                  "  fi\n"
                  "}\n"
                  "complete -F ",
                  function, " ", tree.program, "\n");
  return text;
}

// In a specification of zsh's _arguments and _describe.
std::string ZshText(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"[", "\\["}, {"]", "\\]"}, {":", "\\:"}, {"'", "'\\''"}});
}

// A space before the function keeps _arguments from adding arguments of its own.
std::string ZshAction(const std::string& function, const std::vector<std::string>& choices,
                      const std::string& names) {
  if (names == kFileNames) return ":file:_files";
  if (!names.empty()) return absl::StrCat(":value: ", function, "_names ", names);
  return choices.empty() ? ":value: " : absl::StrCat(":value:(", absl::StrJoin(choices, " "), ")");
}

std::string ZshFlag(const std::string& function, const FlagInfo& flag) {
  std::string text;
  for (const std::string& spelling : Spellings(flag)) {
    absl::StrAppend(&text, " \\\n        '*", spelling, "[", ZshText(flag.description), "]",
                    flag.takes_value ? ZshAction(function, flag.choices, flag.names) : "", "'");
  }
  return text;
}

std::string ZshArguments(const std::string& function, const CommandInfo& command) {
  const NamedArgument argument = ArgumentOfSubcommands(command);
  if (argument.names.empty()) {
    return absl::StrCat(" \\\n        '*:",
                        ZshAction(function, FirstArguments(command), command.argument_names).substr(1), "'");
  }
  return absl::StrCat(" \\\n        '1", ZshAction(function, FirstArguments(command), ""), "' \\\n        '*",
                      ZshAction(function, {}, argument.names), "'");
}

constexpr char kZshNames[] = R"END(FUNCTION_names() {
  local -a names=(${(f)"$("${typed[1]}" COMPLETE "$1" "${(@)typed[2,-1]}" 2> /dev/null)"})
  compadd -a names
}
)END";

// From a folder of $fpath the first completion runs the file as that function: it has to answer then.
std::string ZshLastLine(const CommandTree& tree) {
  const std::string function = FunctionName(tree);
  return absl::StrCat("if [[ $funcstack[1] == ", function, " ]]; then ", function, " \"$@\"; else compdef ",
                      function, " ", tree.program, "; fi\n");
}

std::string ZshScript(const CommandTree& tree) {
  const std::string function = FunctionName(tree);
  std::string text = absl::StrCat(
      "#compdef ", tree.program, "\n# zsh completion: source <(", tree.program, " completion zsh)\n",
      absl::StrReplaceAll(kZshNames, {{"FUNCTION", function}, {"COMPLETE", kCompleteCommand}}), function,
      "() {\n  local -a typed=(\"${(@Q)words[1,CURRENT-1]}\")\n  local -a commands=(\n");
  for (const CommandInfo& command : tree.commands) {
    for (const std::string& name : Names(command)) {
      absl::StrAppend(&text, "    '", name, ":", ZshText(command.description), "'\n");
    }
  }
  absl::StrAppend(
      &text, "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n",
      "  local command=\"$words[2]\"\n  shift words\n  (( CURRENT-- ))\n  case \"$command\" in\n");
  for (const CommandInfo& command : tree.commands) {
    absl::StrAppend(&text, "    ", absl::StrJoin(Names(command), "|"), ")\n      _arguments");
    for (const FlagInfo& flag : AllFlags(command)) absl::StrAppend(&text, ZshFlag(function, flag));
    absl::StrAppend(&text, ZshArguments(function, command), "\n      ;;\n");
  }
  absl::StrAppend(&text, "  esac\n}\n", ZshLastLine(tree));
  return text;
}

// In single quotes of fish.
std::string FishQuote(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

// Called with what stands before the cursor.
std::string FishNames(const CommandTree& tree, const std::string& kind) {
  return FishQuote(
      absl::StrCat("(", tree.program, " ", kCompleteCommand, " ", kind, " (commandline -opc)[2..-1])"));
}

std::string FishFlag(const CommandTree& tree, const std::string& prefix, const FlagInfo& flag) {
  std::string text = prefix;
  if (!flag.short_name.empty()) absl::StrAppend(&text, " -s ", flag.short_name);
  if (!flag.long_name.empty()) absl::StrAppend(&text, " -l ", flag.long_name);
  const bool takes_file = flag.names == kFileNames;
  if (flag.takes_value) absl::StrAppend(&text, takes_file ? " -r -F" : " -x");
  if (!flag.choices.empty()) absl::StrAppend(&text, " -a ", FishQuote(absl::StrJoin(flag.choices, " ")));
  if (!flag.names.empty() && !takes_file) absl::StrAppend(&text, " -a ", FishNames(tree, flag.names));
  return absl::StrCat(text, " -d ", FishQuote(flag.description), "\n");
}

std::string FishSeen(const std::vector<std::string>& names) {
  return absl::StrCat("__fish_seen_subcommand_from ", absl::StrJoin(names, " "));
}

std::string FishCommand(const CommandTree& tree, const CommandInfo& command) {
  const std::string before = absl::StrCat("complete -c ", tree.program, " -n ");
  const std::string seen = FishSeen(Names(command));
  const std::string prefix = absl::StrCat(before, FishQuote(seen));
  std::string text;
  for (const FlagInfo& flag : AllFlags(command)) absl::StrAppend(&text, FishFlag(tree, prefix, flag));
  const std::vector<std::string> arguments = FirstArguments(command);
  if (!arguments.empty()) {
    const std::string first =
        command.subcommands.empty() ? seen : absl::StrCat(seen, "; and not ", FishSeen(arguments));
    absl::StrAppend(&text, before, FishQuote(first), " -a ", FishQuote(absl::StrJoin(arguments, " ")), "\n");
  }
  if (!command.argument_names.empty()) {
    absl::StrAppend(&text, prefix, " -a ", FishNames(tree, command.argument_names), "\n");
  }
  const NamedArgument argument = ArgumentOfSubcommands(command);
  if (!argument.names.empty()) {
    absl::StrAppend(&text, before, FishQuote(absl::StrCat(seen, "; and ", FishSeen(argument.subcommands))),
                    " -a ", FishNames(tree, argument.names), "\n");
  }
  return text;
}

std::string FishScript(const CommandTree& tree) {
  std::string text = absl::StrCat("# fish completion of ", tree.program, ": ", tree.program,
                                  " completion fish | source\ncomplete -c ", tree.program, " -f\n");
  for (const CommandInfo& command : tree.commands) {
    for (const std::string& name : Names(command)) {
      absl::StrAppend(&text, "complete -c ", tree.program, " -n __fish_use_subcommand -a ", name, " -d ",
                      FishQuote(command.description), "\n");
    }
    absl::StrAppend(&text, FishCommand(tree, command));
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> CompletionScript(const CommandTree& tree, absl::string_view shell) {
  if (shell == "bash") return BashScript(tree);
  if (shell == "zsh") return ZshScript(tree);
  if (shell == "fish") return FishScript(tree);
  return absl::InvalidArgumentError(absl::StrCat(shell, ": not one of bash, zsh, fish"));
}

}  // namespace listenq::client
