#include "client/config_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "client/contexts.h"
#include "tests/support/temp_folder.h"

namespace listenq::client {
namespace {

using ::testing::IsEmpty;

class ConfigCommandTest : public ::testing::Test {
 protected:
  ParseOutcome Run(ConfigAction action, const std::string& name = "", const ServerFlags& server = {}) {
    return RunConfig({.action = action, .name = name, .server = server}, path_, "/work/certs",
                     {.width = 100, .wide = true});
  }
  std::string Print(ConfigAction action, const std::string& name = "", const ServerFlags& server = {}) {
    const ParseOutcome outcome = Run(action, name, server);
    EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.error;
    return outcome.out;
  }
  void ExpectError(const ParseOutcome& outcome, int exit_code, const std::string& error) {
    EXPECT_EQ(outcome.exit_code, exit_code);
    EXPECT_EQ(outcome.error, error);
    EXPECT_EQ(outcome.out, "");
  }
  void SetProd() {
    Print(ConfigAction::kSetContext, "prod",
          {.server = "prod.test:7443", .tls = {.ca = "ca.pem", .cert = "../me.pem", .key = "/keys/me.key"}});
  }

  test::TempFolder folder_;
  std::string path_ = folder_.Path("listenq/config.yaml");
};

TEST_F(ConfigCommandTest, MakesAndUsesContexts) {
  EXPECT_EQ(Print(ConfigAction::kSetContext, "node", {.server = "/run/node.sock"}),
            "Context \"node\" created.\n");
  SetProd();
  Print(ConfigAction::kSetContext, "lab", {.server = "10.1.2.3:7070", .insecure = true});
  EXPECT_EQ(Print(ConfigAction::kUseContext, "prod"), "Switched to context \"prod\".\n");
  EXPECT_EQ(Print(ConfigAction::kCurrentContext), "prod\n");
  EXPECT_EQ(Print(ConfigAction::kGetContexts),
            "CURRENT  NAME  SERVER          TLS\n"
            "         node  /run/node.sock  -\n"
            "*        prod  prod.test:7443  mutual\n"
            "         lab   10.1.2.3:7070   insecure\n");
  EXPECT_EQ(Print(ConfigAction::kView), ContextsToYaml(*ReadContexts(path_)));
  EXPECT_EQ(ContextNames(path_), "node\nprod\nlab\n");
}

TEST_F(ConfigCommandTest, WritesPathsThatHoldEverywhere) {
  SetProd();
  EXPECT_EQ(ReadContexts(path_)->all[0].tls,
            (base::TlsFiles{.ca = "/work/certs/ca.pem", .cert = "/work/me.pem", .key = "/keys/me.key"}));
}

TEST_F(ConfigCommandTest, ChangesWhatIsNamed) {
  SetProd();
  EXPECT_EQ(Print(ConfigAction::kSetContext, "prod", {.tls_server_name = "front"}),
            "Context \"prod\" modified.\n");
  const Context context = ReadContexts(path_)->all[0];
  EXPECT_EQ(context.server, "prod.test:7443");
  EXPECT_EQ(context.tls.key, "/keys/me.key");
  EXPECT_EQ(context.tls_server_name, "front");
}

TEST_F(ConfigCommandTest, PlaintextAndTlsTakeEachOthersPlace) {
  SetProd();
  Print(ConfigAction::kSetContext, "prod", {.insecure = true});
  EXPECT_EQ(ReadContexts(path_)->all[0],
            (Context{.name = "prod", .server = "prod.test:7443", .insecure = true}));
  SetProd();
  EXPECT_FALSE(ReadContexts(path_)->all[0].insecure);
  ExpectError(
      Run(ConfigAction::kSetContext, "prod", {.tls = {.ca = "a", .cert = "b", .key = "c"}, .insecure = true}),
      kExitUsage, "context prod: --insecure does not go with --tls-ca: it means no TLS");
}

TEST_F(ConfigCommandTest, AContextThatIsNotWholeIsNotMade) {
  ExpectError(Run(ConfigAction::kSetContext, "prod"), kExitUsage, "context prod: --server is missing");
  ExpectError(Run(ConfigAction::kSetContext, "prod", {.server = "h:1", .tls = {.ca = "a"}}), kExitUsage,
              "context prod: --tls-ca without --tls-cert and --tls-key: mutual TLS needs an authority, a "
              "certificate and its key");
  EXPECT_EQ(ReadContexts(path_)->all.size(), 0U);
}

TEST_F(ConfigCommandTest, ForgetsTheCurrentContextWithItsName) {
  SetProd();
  Print(ConfigAction::kSetContext, "node", {.server = "/run/node.sock"});
  Print(ConfigAction::kUseContext, "prod");
  EXPECT_EQ(Print(ConfigAction::kDeleteContext, "node"), "Deleted context \"node\".\n");
  EXPECT_EQ(Print(ConfigAction::kDeleteContext, "prod"),
            "Deleted context \"prod\", which was the current one.\n");
  EXPECT_EQ(*ReadContexts(path_), Contexts{});
  ExpectError(
      Run(ConfigAction::kCurrentContext), kExitUsage,
      "no context is the current one in " + path_ + "\n`listenq config use-context NAME` makes it so");
}

TEST_F(ConfigCommandTest, AnUnknownContextChangesNothing) {
  SetProd();
  Print(ConfigAction::kUseContext, "prod");
  const std::string error = "context prd: not in " + path_ + "; there are prod: did you mean prod?";
  ExpectError(Run(ConfigAction::kUseContext, "prd"), kExitUsage, error);
  ExpectError(Run(ConfigAction::kDeleteContext, "prd"), kExitUsage, error);
  EXPECT_EQ(Print(ConfigAction::kCurrentContext), "prod\n");
}

TEST_F(ConfigCommandTest, SaysThatThereAreNone) {
  const ParseOutcome outcome = Run(ConfigAction::kGetContexts);
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_EQ(outcome.error, "no contexts in " + path_ + ": `listenq config set-context` makes one");
  EXPECT_EQ(ContextNames(path_), "");
}

TEST_F(ConfigCommandTest, AFileThatIsWrongIsLeftAlone) {
  path_ = folder_.Write("wrong.yaml", "contexts:\n  - nonsense: 1\n");
  ExpectError(Run(ConfigAction::kSetContext, "prod", {.server = "h:1"}), kExitUsage,
              path_ +
                  ":2: contexts[0].nonsense: unknown key; there are name, server, tls-ca, tls-cert, "
                  "tls-key, tls-server-name, insecure");
  EXPECT_EQ(ContextNames(path_), "");
}

TEST_F(ConfigCommandTest, AFileThatCannotBeReadIsAnError) {
  path_ = folder_.Write("file", "") + "/config.yaml";
  ExpectError(Run(ConfigAction::kSetContext, "prod", {.server = "h:1"}), kExitError,
              "open " + path_ + ": Not a directory");
}

}  // namespace
}  // namespace listenq::client
