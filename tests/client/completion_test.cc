#include "client/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "client/command_line.h"

namespace listenq::client {
namespace {

std::string ScriptOf(const std::string& shell) {
  return ParseCommandLine({.program = "listenq", .arguments = {"completion", shell}}).out;
}

// What a shell command printed; its errors too.
std::string Output(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string output;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) output += static_cast<char>(c);
  pclose(pipe);
  return output;
}

class BashCompletion : public ::testing::Test {
 protected:
  BashCompletion() : path_(::testing::TempDir() + "lqt-completion-" + std::to_string(getpid()) + ".bash") {
    std::ofstream(path_) << ScriptOf("bash");
  }
  ~BashCompletion() override { std::remove(path_.c_str()); }

  // What bash offers for a line of words, the last one being typed.
  [[nodiscard]] std::string Complete(const std::string& words) const {
    return Output("bash -c 'source " + path_ + "; COMP_WORDS=(" + words +
                  "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _listenq; echo \"${COMPREPLY[*]}\"'");
  }

  std::string path_;
};

TEST_F(BashCompletion, IsValidBash) { EXPECT_EQ(Output("bash -n " + path_), ""); }

TEST_F(BashCompletion, OffersCommandsAliasesFlagsAndValues) {
  EXPECT_EQ(Complete("listenq n"), "namespaces ns nodes\n");
  EXPECT_EQ(Complete("listenq listeners --no"), "--no-headers\n");
  EXPECT_EQ(Complete("listenq ns --inc"), "--include-ended\n");
  EXPECT_EQ(Complete("listenq listeners -o \"\""), "table wide json yaml csv name\n");
  EXPECT_EQ(Complete("listenq listeners --sort f"), "fill\n");
  EXPECT_EQ(Complete("listenq completion \"\""), "bash zsh fish\n");
  EXPECT_EQ(Complete("listenq listeners --server \"\""), "\n");
}

TEST(CompletionScript, IsWholeForASmallTree) {
  CommandTree tree;
  tree.program = "prog";
  CommandInfo& command = tree.commands.emplace_back();
  command.name = "list";
  command.description = "It's a list";
  command.flags = {{.short_name = "o",
                    .long_name = "output",
                    .description = "Format",
                    .takes_value = true,
                    .choices = {"a", "b"}},
                   {.long_name = "all", .description = "All [of them]"}};
  EXPECT_EQ(*CompletionScript(tree, "fish"),
            "# fish completion of prog: prog completion fish | source\n"
            "complete -c prog -f\n"
            "complete -c prog -n __fish_use_subcommand -a list -d 'It\\'s a list'\n"
            "complete -c prog -n '__fish_seen_subcommand_from list' -s o -l output -x -a 'a b' -d 'Format'\n"
            "complete -c prog -n '__fish_seen_subcommand_from list' -l all -d 'All [of them]'\n");
  EXPECT_EQ(*CompletionScript(tree, "zsh"),
            "#compdef prog\n"
            "# zsh completion: source <(prog completion zsh)\n"
            "_prog() {\n"
            "  local -a commands=(\n"
            "    'list:It'\\''s a list'\n"
            "  )\n"
            "  if (( CURRENT == 2 )); then\n"
            "    _describe command commands\n"
            "    return\n"
            "  fi\n"
            "  local command=\"$words[2]\"\n"
            "  shift words\n"
            "  (( CURRENT-- ))\n"
            "  case \"$command\" in\n"
            "    list)\n"
            "      _arguments \\\n"
            "        '*-o[Format]:value:(a b)' \\\n"
            "        '*--output[Format]:value:(a b)' \\\n"
            "        '*--all[All \\[of them\\]]' \\\n"
            "        '*:value: '\n"
            "      ;;\n"
            "  esac\n"
            "}\n"
            "compdef _prog prog\n");
}

TEST(CompletionScript, RejectsOtherShells) {
  EXPECT_EQ(CompletionScript({}, "tcsh").status(),
            absl::InvalidArgumentError("tcsh: not one of bash, zsh, fish"));
}

}  // namespace
}  // namespace listenq::client
