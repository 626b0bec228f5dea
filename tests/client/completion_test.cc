#include "client/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "client/command_line.h"

namespace listenq::client {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

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

// A program of that name stands in for listenq: it writes down what it was called with, an argument a line,
// and prints names.
class BashCompletion : public ::testing::Test {
 protected:
  BashCompletion() : base_(::testing::TempDir() + "lqt-completion-" + std::to_string(getpid())) {
    std::ofstream(path_) << ScriptOf("bash");
    std::ofstream(program_) << "printf '%s\\n' \"$@\" > " << calls_ << "\ncat " << names_ << "\n";
    std::ofstream(names_) << "api-1\napi-2\nweb-0\n";
    chmod(program_.c_str(), 0700);
  }
  ~BashCompletion() override {
    for (const std::string& file : {path_, program_, calls_, names_}) std::remove(file.c_str());
  }

  // What bash offers for a line of words, the last one being typed. As bash itself does, it takes words apart
  // at
  // "=" and ":", which the caller has done; `line` is what was typed.
  [[nodiscard]] std::string Complete(const std::string& words, const std::string& line = "") const {
    return Output("bash -c 'source " + path_ + "; COMP_WORDS=(" + words + "); COMP_LINE=\"" +
                  (line.empty() ? "${COMP_WORDS[*]}" : line) +
                  "\"; COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _listenq; echo \"${COMPREPLY[*]}\"'");
  }

  // The arguments of the last call; "" when there was none.
  [[nodiscard]] std::string Called() const {
    std::string arguments = Output("cat " + calls_ + " 2> /dev/null");
    std::replace(arguments.begin(), arguments.end(), '\n', ' ');
    return arguments;
  }

  std::string base_;
  std::string path_ = base_ + ".bash";
  std::string program_ = base_ + "-listenq";
  std::string calls_ = base_ + ".calls";
  std::string names_ = base_ + ".names";
};

TEST_F(BashCompletion, IsValidBash) { EXPECT_EQ(Output("bash -n " + path_), ""); }

TEST_F(BashCompletion, OffersCommandsAliasesFlagsAndValues) {
  EXPECT_EQ(Complete("listenq n"), "namespaces ns nodes\n");
  EXPECT_EQ(Complete("listenq listeners --no"), "--no-headers --node\n");
  EXPECT_EQ(Complete("listenq ns --inc"), "--include-ended\n");
  EXPECT_EQ(Complete("listenq listeners -o \"\""), "table wide json yaml csv name\n");
  EXPECT_EQ(Complete("listenq listeners --sort f"), "fill\n");
  EXPECT_EQ(Complete("listenq completion \"\""), "bash zsh fish\n");
  EXPECT_EQ(Complete("listenq listeners --server \"\""), "\n");
}

TEST_F(BashCompletion, OffersFilesWhereAFileIsWanted) {
  EXPECT_EQ(Complete("listenq audit -f " + base_ + ".ba"), path_ + "\n");
  EXPECT_NE(access(calls_.c_str(), F_OK), 0);
}

TEST_F(BashCompletion, OffersContextsByName) {
  EXPECT_EQ(Complete(program_ + " nodes --context a"), "api-1 api-2\n");
  EXPECT_EQ(Called(), "__complete contexts nodes --context ");
  EXPECT_EQ(Complete("listenq config u"), "use-context\n");
  EXPECT_EQ(Complete("listenq config set-context prod --tls-c"), "--tls-ca --tls-cert\n");
  for (const char* command : {"use-context", "set-context", "delete-context"}) {
    EXPECT_EQ(Complete(program_ + " config " + command + " w"), "web-0\n");
    EXPECT_EQ(Called(), std::string("__complete contexts config ") + command + " ");
  }
}

TEST_F(BashCompletion, OffersTheNodesOfACluster) {
  EXPECT_EQ(Complete(program_ + " nodes --as jane --node a"), "api-1 api-2\n");
  EXPECT_EQ(Called(), "__complete nodes nodes --as jane --node ");
}

TEST_F(BashCompletion, AsksForNamesByTheFlagsSoFar) {
  EXPECT_EQ(Complete(program_ + " listeners -n shop a"), "api-1 api-2\n");
  EXPECT_EQ(Called(), "__complete pods listeners -n shop ");
  EXPECT_EQ(Complete(program_ + " drops -c \"\""), "api-1 api-2 web-0\n");
  EXPECT_EQ(Called(), "__complete containers drops -c ");
  const std::pair<const char*, const char*> flags[] = {
      {"listeners -n", "namespaces"}, {"history --namespace", "namespaces"}, {"top -n", "namespaces"},
      {"sysctls --pod", "pods"},      {"findings --rule", "rules"},          {"ns --netns", "netns"}};
  for (const auto& [words, kind] : flags) {
    EXPECT_EQ(Complete(program_ + " " + words + " w"), "web-0\n");
    EXPECT_EQ(Called(), std::string("__complete ") + kind + " " + words + " ");
  }
  EXPECT_EQ(Complete(program_ + " sysctls w"), "web-0\n");
  EXPECT_EQ(Called(), "__complete sysctls sysctls ");
}

TEST_F(BashCompletion, JoinsWhatBashTookApart) {
  const std::string line = program_ + " listeners --server unix:///run/x.sock --namespace=w";
  EXPECT_EQ(Complete(program_ + " listeners --server unix : ///run/x.sock --namespace = w", line), "web-0\n");
  EXPECT_EQ(Called(), "__complete namespaces listeners --server unix:///run/x.sock ");
  EXPECT_EQ(Complete(program_ + " listeners --output = j", program_ + " listeners --output=j"), "json\n");
}

TEST_F(BashCompletion, ExpandsNothingOfWhatItIsTold) {
  std::ofstream(names_) << "$(touch " << base_ << ".hit)\n`id`\n*\n";
  EXPECT_EQ(Complete(program_ + " listeners \"\""), "$(touch " + base_ + ".hit) `id` *\n");
  EXPECT_NE(access((base_ + ".hit").c_str(), F_OK), 0);
}

TEST_F(BashCompletion, OffersNothingWhenTheProgramIsNotThere) {
  EXPECT_EQ(Complete("/nonexistent/listenq listeners \"\""), "\n");
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
                   {.long_name = "all", .description = "All [of them]"},
                   {.long_name = "pod", .description = "Pod", .takes_value = true, .names = "pods"}};
  command.argument_names = "netns";
  EXPECT_EQ(*CompletionScript(tree, "fish"),
            "# fish completion of prog: prog completion fish | source\n"
            "complete -c prog -f\n"
            "complete -c prog -n __fish_use_subcommand -a list -d 'It\\'s a list'\n"
            "complete -c prog -n '__fish_seen_subcommand_from list' -s o -l output -x -a 'a b' -d 'Format'\n"
            "complete -c prog -n '__fish_seen_subcommand_from list' -l all -d 'All [of them]'\n"
            "complete -c prog -n '__fish_seen_subcommand_from list' -l pod -x -a '(prog __complete pods "
            "(commandline -opc)[2..-1])' -d 'Pod'\n"
            "complete -c prog -n '__fish_seen_subcommand_from list' -a '(prog __complete netns (commandline "
            "-opc)[2..-1])'\n");
  EXPECT_EQ(*CompletionScript(tree, "zsh"),
            "#compdef prog\n"
            "# zsh completion: source <(prog completion zsh)\n"
            "_prog_names() {\n"
            "  local -a names=(${(f)\"$(\"${typed[1]}\" __complete \"$1\" \"${(@)typed[2,-1]}\" 2> "
            "/dev/null)\"})\n"
            "  compadd -a names\n"
            "}\n"
            "_prog() {\n"
            "  local -a typed=(\"${(@Q)words[1,CURRENT-1]}\")\n"
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
            "        '*--pod[Pod]:value: _prog_names pods' \\\n"
            "        '*:value: _prog_names netns'\n"
            "      ;;\n"
            "  esac\n"
            "}\n"
            "if [[ $funcstack[1] == _prog ]]; then _prog \"$@\"; else compdef _prog prog; fi\n");
}

TEST(CompletionScript, HasTheSubcommandsOfACommand) {
  CommandTree tree;
  tree.program = "prog";
  CommandInfo& config = tree.commands.emplace_back();
  config.name = "config";
  config.description = "Servers";
  const FlagInfo flag = {.long_name = "help", .description = "Help"};
  config.flags = {flag};
  config.subcommands = {{.name = "use", .flags = {flag}, .argument_names = "contexts"},
                        {.name = "view", .flags = {flag, {.long_name = "all", .description = "All"}}}};
  EXPECT_THAT(*CompletionScript(tree, "fish"),
              EndsWith("complete -c prog -n '__fish_seen_subcommand_from config' -l help -d 'Help'\n"
                       "complete -c prog -n '__fish_seen_subcommand_from config' -l all -d 'All'\n"
                       "complete -c prog -n '__fish_seen_subcommand_from config; and not "
                       "__fish_seen_subcommand_from use view' -a 'use view'\n"
                       "complete -c prog -n '__fish_seen_subcommand_from config; and "
                       "__fish_seen_subcommand_from use' -a '(prog __complete contexts (commandline "
                       "-opc)[2..-1])'\n"));
  EXPECT_THAT(*CompletionScript(tree, "zsh"), HasSubstr("    config)\n"
                                                        "      _arguments \\\n"
                                                        "        '*--help[Help]' \\\n"
                                                        "        '*--all[All]' \\\n"
                                                        "        '1:value:(use view)' \\\n"
                                                        "        '*:value: _prog_names contexts'\n"
                                                        "      ;;\n"));
}

// zsh runs an autoloaded file at the first completion: it is the function's body then.
TEST(ZshCompletion, AnswersTheFirstTime) {
  if (Output("command -v zsh").empty()) GTEST_SKIP() << "zsh is not installed";
  const std::string folder = ::testing::TempDir() + "lqt-zsh-" + std::to_string(getpid());
  mkdir(folder.c_str(), 0700);
  const std::string file = folder + "/_listenq";
  std::ofstream(file) << ScriptOf("zsh");
  const std::string stubs =
      "compdef() { print defined $@ }; _describe() { print described }; words=(listenq); CURRENT=2; ";
  EXPECT_EQ(
      Output("zsh -fc '" + stubs + "fpath=(" + folder + "); autoload -Uz _listenq; _listenq; _listenq'"),
      "described\ndescribed\n");
  EXPECT_EQ(Output("zsh -fc '" + stubs + "source " + file + "'"), "defined _listenq listenq\n");
  std::remove(file.c_str());
  rmdir(folder.c_str());
}

TEST(CompletionScript, RejectsOtherShells) {
  EXPECT_EQ(CompletionScript({}, "tcsh").status(),
            absl::InvalidArgumentError("tcsh: not one of bash, zsh, fish"));
}

}  // namespace
}  // namespace listenq::client
