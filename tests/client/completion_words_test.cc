#include "client/completion_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/command_line.h"

namespace listenq::client {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

WordCompletion Complete(const std::vector<std::string>& typed,
                        const std::string& program = "kubectl-listenq") {
  return CompleteWord(CommandsOf({.program = program}), typed);
}

TEST(CompleteWord, OffersCommands) {
  EXPECT_THAT(Complete({"no"}).words, ElementsAre(StartsWith("nodes\tThe servers")));
  EXPECT_THAT(Complete({""}).words, Contains(StartsWith("listeners\t")));
  EXPECT_THAT(Complete({}).words, Contains(StartsWith("top\t")));
  EXPECT_THAT(Complete({"config", "use"}, "listenq").words, ElementsAre(StartsWith("use-context\t")));
  EXPECT_THAT(Complete({"conf"}).words, IsEmpty());
  EXPECT_EQ(Complete({""}).directive, kNoFiles);
}

TEST(CompleteWord, OffersFlagsOfThePlugin) {
  EXPECT_THAT(Complete({"listeners", "--no-"}).words,
              ElementsAre("--no-headers\tNo line with the columns' names"));
  const auto words = Complete({"nodes", "--"}).words;
  EXPECT_THAT(words, Contains("--context\tAs kubectl's"));
  EXPECT_THAT(words, Not(Contains(StartsWith("--tls-ca"))));
  EXPECT_THAT(words, Not(Contains(StartsWith("--kube\t"))));
}

TEST(CompleteWord, OffersValues) {
  EXPECT_THAT(Complete({"listeners", "-o", "j"}).words, ElementsAre("json"));
  EXPECT_THAT(Complete({"listeners", "--output=y"}).words, ElementsAre("yaml"));
  EXPECT_THAT(Complete({"completion", "z"}, "listenq").words, ElementsAre("zsh"));
  EXPECT_THAT(Complete({"listeners", "--timeout", ""}).words, IsEmpty());
}

TEST(CompleteWord, SaysWhatTheServerIsAskedFor) {
  EXPECT_EQ(Complete({"listeners", "we"}).names, "pods");
  EXPECT_EQ(Complete({"listeners", "-n", ""}).names, "namespaces");
  EXPECT_EQ(Complete({"listeners", "--namespace=s"}).names, "namespaces");
  EXPECT_EQ(Complete({"listeners", "--context", ""}).names, "contexts");
  EXPECT_EQ(Complete({"top", "--node", ""}).names, "nodes");
  EXPECT_EQ(Complete({"listeners", "--no-headers", ""}).names, "pods");
  EXPECT_EQ(Complete({"config", "use-context", ""}, "listenq").names, "contexts");
  EXPECT_EQ(Complete({"listeners", "-o", ""}).names, "");
}

TEST(CompleteWord, LeavesFilesToTheShell) {
  const WordCompletion completion = Complete({"audit", "-f", "po"});
  EXPECT_EQ(completion.directive, kCompleteFiles);
  EXPECT_EQ(completion.names, "");
  EXPECT_THAT(completion.words, IsEmpty());
}

TEST(CompleteWord, OffersNothingOfAnUnknownCommand) {
  EXPECT_THAT(Complete({"bogus", ""}).words, IsEmpty());
  EXPECT_EQ(Complete({"bogus", ""}).names, "");
}

TEST(PrefixOf, IsWhatACandidateReplaces) {
  EXPECT_EQ(PrefixOf({"listeners", "we"}), "we");
  EXPECT_EQ(PrefixOf({"listeners", "--output=j"}), "j");
  EXPECT_EQ(PrefixOf({"a=b"}), "a=b");
  EXPECT_EQ(PrefixOf({}), "");
}

}  // namespace
}  // namespace listenq::client
