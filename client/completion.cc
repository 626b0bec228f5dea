#include "client/completion.h"

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

std::vector<std::string> AllNames(const CommandTree& tree) {
  std::vector<std::string> names;
  for (const CommandInfo& command : tree.commands) {
    for (const std::string& name : Names(command)) names.push_back(name);
  }
  return names;
}

// In single quotes of a POSIX shell.
std::string ShellQuote(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

std::string FunctionName(const CommandTree& tree) {
  return absl::StrCat("_", absl::StrReplaceAll(tree.program, {{"-", "_"}}));
}

// bash: one case per command with its flags; one per flag with its values.
std::string BashCommandCase(const CommandInfo& command) {
  std::vector<std::string> words;
  std::string values;
  for (const FlagInfo& flag : command.flags) {
    const std::vector<std::string> spellings = Spellings(flag);
    words.insert(words.end(), spellings.begin(), spellings.end());
    if (!flag.takes_value) continue;
    absl::StrAppend(
        &values, "        ", absl::StrJoin(spellings, "|"), ") COMPREPLY=(",
        flag.choices.empty()
            ? ""
            : absl::StrCat("$(compgen -W ", ShellQuote(absl::StrJoin(flag.choices, " ")), " -- \"$cur\")"),
        "); return ;;\n");
  }
  std::string text =
      absl::StrCat("    ", absl::StrJoin(Names(command), "|"), ")\n      case \"$prev\" in\n", values,
                   "      esac\n      words=", ShellQuote(absl::StrJoin(words, " ")), "\n");
  absl::StrAppend(&text, "      arguments=", ShellQuote(absl::StrJoin(command.argument_choices, " ")),
                  "\n      ;;\n");
  return text;
}

std::string BashScript(const CommandTree& tree) {
  std::string text = absl::StrCat("# bash completion of ", tree.program, ": source <(", tree.program,
                                  " completion bash)\n", FunctionName(tree), "() {\n");
  absl::StrAppend(&text,
                  "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
                  "  local words='' arguments=''\n"
                  "  if [[ $COMP_CWORD -le 1 ]]; then\n"
                  "    COMPREPLY=($(compgen -W ",
                  ShellQuote(absl::StrJoin(AllNames(tree), " ")),
                  " -- \"$cur\"))\n    return\n  fi\n  case \"${COMP_WORDS[1]}\" in\n");
  for (const CommandInfo& command : tree.commands) absl::StrAppend(&text, BashCommandCase(command));
  absl::StrAppend(&text,
                  "  esac\n"
                  "  if [[ $cur == -* ]]; then\n"
                  "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                  "  else\n"
                  "    COMPREPLY=($(compgen -W \"$arguments\" -- \"$cur\"))\n"
                  "  fi\n"
                  "}\n"
                  "complete -F ",
                  FunctionName(tree), " ", tree.program, "\n");
  return text;
}

// In a specification of zsh's _arguments and _describe.
std::string ZshText(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"[", "\\["}, {"]", "\\]"}, {":", "\\:"}, {"'", "'\\''"}});
}

std::string ZshAction(const std::vector<std::string>& choices) {
  return choices.empty() ? ":value: " : absl::StrCat(":value:(", absl::StrJoin(choices, " "), ")");
}

std::string ZshFlag(const FlagInfo& flag) {
  std::string text;
  for (const std::string& spelling : Spellings(flag)) {
    absl::StrAppend(&text, " \\\n        '*", spelling, "[", ZshText(flag.description), "]",
                    flag.takes_value ? ZshAction(flag.choices) : "", "'");
  }
  return text;
}

std::string ZshScript(const CommandTree& tree) {
  const std::string function = FunctionName(tree);
  std::string text = absl::StrCat("#compdef ", tree.program, "\n# zsh completion: source <(", tree.program,
                                  " completion zsh)\n", function, "() {\n  local -a commands=(\n");
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
    for (const FlagInfo& flag : command.flags) absl::StrAppend(&text, ZshFlag(flag));
    absl::StrAppend(&text, " \\\n        '*:", ZshAction(command.argument_choices).substr(1),
                    "'\n      ;;\n");
  }
  absl::StrAppend(&text, "  esac\n}\ncompdef ", function, " ", tree.program, "\n");
  return text;
}

// In single quotes of fish.
std::string FishQuote(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

std::string FishFlag(const std::string& prefix, const FlagInfo& flag) {
  std::string text = prefix;
  if (!flag.short_name.empty()) absl::StrAppend(&text, " -s ", flag.short_name);
  if (!flag.long_name.empty()) absl::StrAppend(&text, " -l ", flag.long_name);
  if (flag.takes_value) absl::StrAppend(&text, " -x");
  if (!flag.choices.empty()) absl::StrAppend(&text, " -a ", FishQuote(absl::StrJoin(flag.choices, " ")));
  return absl::StrCat(text, " -d ", FishQuote(flag.description), "\n");
}

std::string FishScript(const CommandTree& tree) {
  std::string text = absl::StrCat("# fish completion of ", tree.program, ": ", tree.program,
                                  " completion fish | source\ncomplete -c ", tree.program, " -f\n");
  for (const CommandInfo& command : tree.commands) {
    const std::vector<std::string> names = Names(command);
    for (const std::string& name : names) {
      absl::StrAppend(&text, "complete -c ", tree.program, " -n __fish_use_subcommand -a ", name, " -d ",
                      FishQuote(command.description), "\n");
    }
    const std::string prefix =
        absl::StrCat("complete -c ", tree.program, " -n ",
                     FishQuote("__fish_seen_subcommand_from " + absl::StrJoin(names, " ")));
    for (const FlagInfo& flag : command.flags) absl::StrAppend(&text, FishFlag(prefix, flag));
    if (!command.argument_choices.empty()) {
      absl::StrAppend(&text, prefix, " -a ", FishQuote(absl::StrJoin(command.argument_choices, " ")), "\n");
    }
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
