// `listenq` against a real `listenq-aggregator` that speaks mutual TLS, by flags and by contexts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/support/program.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_certificates.h"
#include "tests/support/wait.h"

namespace listenq::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<std::string> FlagsOf(const CertificateFiles& files) {
  return {"--tls-ca", files.ca, "--tls-cert", files.cert, "--tls-key", files.key};
}

class TlsClient : public ::testing::Test {
 protected:
  void SetUp() override {
    LISTENQ_SKIP_UNLESS_ROOT();
    const std::string agent = absl::StrCat("unix://", folder_.Path("agent.sock"));
    agent_ = std::make_unique<Program>(std::vector<std::string>{
        LISTENQ_AGENT, "--listen", agent, "--node-name", "node-a", "--cri-endpoint", "off"});
    const CertificateFiles server =
        ca_.Write(folder_, "server", {.dns_names = {"front.test"}, .ip_addresses = {"127.0.0.1"}});
    std::vector<std::string> argv = {
        LISTENQ_AGGREGATOR, "--listen", "tls://127.0.0.1:0", "--listen",        "127.0.0.1:0",
        "--peers",          agent,      "--allow",           "spiffe://test/me"};
    for (const std::string& flag : FlagsOf(server)) argv.push_back(flag);
    front_ = std::make_unique<Program>(argv);
    ASSERT_TRUE(WaitUntil([this] { return ReadAddresses(); })) << front_->Errors();
    ASSERT_TRUE(WaitUntil([this] { return Ask(plain_, {}).code == 0; })) << front_->Errors();
  }

  // The line that names the addresses: "serves on tls://127.0.0.1:40001, 127.0.0.1:40002".
  bool ReadAddresses() {
    const std::string log = front_->Errors();
    const size_t start = log.find("serves on ");
    if (start == std::string::npos || log.find('\n', start) == std::string::npos) return false;
    const std::string line = log.substr(start, log.find('\n', start) - start);
    const std::vector<std::string> addresses = absl::StrSplit(absl::StripPrefix(line, "serves on "), ", ");
    if (addresses.size() != 2) return false;
    tls_ = std::string(absl::StripPrefix(addresses[0], "tls://"));
    plain_ = addresses[1];
    return true;
  }
  [[nodiscard]] CertificateFiles Issue(const TestCa& ca, const std::string& name) const {
    return ca.Write(folder_, name, {.uris = {"spiffe://test/" + name}});
  }
  [[nodiscard]] Finished Run(const std::vector<std::string>& arguments) const {
    std::vector<std::string> argv = {"/usr/bin/env", "-u", "LISTENQ_SERVER",
                                     "LISTENQ_CONFIG=" + folder_.Path("config/contexts.yaml"), LISTENQ_CLI};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return RunProgram(argv);
  }
  [[nodiscard]] Finished Ask(const std::string& server, const std::vector<std::string>& flags) const {
    std::vector<std::string> arguments = {"nodes", "-o", "name", "--server", server};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return Run(arguments);
  }
  void ExpectError(const Finished& run, const std::string& server, const std::string& hint) const {
    EXPECT_EQ(run.code, 1);
    EXPECT_EQ(run.output, "");
    // gRPC's own lines of log are not for the user.
    EXPECT_THAT(run.errors, StartsWith(absl::StrCat("listenq: cannot reach the server at ", server, ": ")));
    EXPECT_THAT(run.errors, HasSubstr(hint));
  }

  TempFolder folder_;
  TestCa ca_{"lqt ca"};
  TestCa other_ca_{"lqt ca"};
  std::unique_ptr<Program> agent_;
  std::unique_ptr<Program> front_;
  std::string tls_;
  std::string plain_;
};

TEST_F(TlsClient, AsksWithACertificate) {
  const Finished run = Ask(tls_, FlagsOf(Issue(ca_, "me")));
  EXPECT_EQ(run.code, 0) << run.errors;
  EXPECT_EQ(run.output, "node/node-a\n");
  EXPECT_EQ(Ask("tls://" + tls_, FlagsOf(Issue(ca_, "me"))).output, "node/node-a\n");
}

TEST_F(TlsClient, AsksByContext) {
  const CertificateFiles me = Issue(ca_, "me");
  std::vector<std::string> set = {"config", "set-context", "prod", "--server", tls_};
  for (const std::string& flag : FlagsOf(me)) set.push_back(flag);
  EXPECT_EQ(Run(set).output, "Context \"prod\" created.\n");
  EXPECT_EQ(Run({"nodes", "-o", "name", "--context", "prod"}).output, "node/node-a\n");
  EXPECT_EQ(Run({"config", "use-context", "prod"}).output, "Switched to context \"prod\".\n");
  EXPECT_EQ(Run({"nodes", "-o", "name"}).output, "node/node-a\n");
  EXPECT_THAT(Run({"config", "get-contexts"}).output,
              HasSubstr(absl::StrCat("*        prod  ", tls_, "  mutual\n")));
  EXPECT_EQ(Run({"__complete", "contexts", "nodes", "--context"}).output, "prod\n");
  const Finished unknown = Run({"nodes", "--context", "prd"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_EQ(unknown.errors,
            absl::StrCat("listenq: context prd: not in ", folder_.Path("config/contexts.yaml"),
                         "; there are prod: did you mean prod?\n"));
}

TEST_F(TlsClient, ReadsCertificatesWhenItAsksAlone) {
  ASSERT_EQ(Run({"config", "set-context", "prod", "--server", tls_, "--tls-ca", "/none/ca", "--tls-cert",
                 "/none/cert", "--tls-key", "/none/key"})
                .code,
            0);
  ASSERT_EQ(Run({"config", "use-context", "prod"}).code, 0);
  EXPECT_EQ(Run({"config", "get-contexts"}).code, 0);
  EXPECT_EQ(Run({"version"}).code, 0);
  const Finished asked = Run({"nodes"});
  EXPECT_EQ(asked.code, 2);
  EXPECT_THAT(asked.errors, HasSubstr("/none/ca"));
  const Finished completed = Run({"__complete", "pods", "listeners"});
  EXPECT_EQ(completed.code, 0);
  EXPECT_EQ(completed.errors, "");
}

TEST_F(TlsClient, TheNameInTheServersCertificateCounts) {
  const std::vector<std::string> flags = FlagsOf(Issue(ca_, "me"));
  const std::string server = absl::StrCat("localhost", tls_.substr(tls_.find(':')));
  ExpectError(Ask(server, flags), server, "its certificate has another name: --tls-server-name");
  std::vector<std::string> named = flags;
  named.insert(named.end(), {"--tls-server-name", "front.test"});
  EXPECT_EQ(Ask(server, named).output, "node/node-a\n");
}

TEST_F(TlsClient, AServerOfAnotherAuthorityIsNotAsked) {
  CertificateFiles me = Issue(ca_, "me");
  me.ca = Issue(other_ca_, "stranger").ca;
  ExpectError(Ask(tls_, FlagsOf(me)), tls_,
              absl::StrCat("its certificate is not signed by those in ", me.ca, ", or has expired"));
}

TEST_F(TlsClient, ACertificateThatTheServerDoesNotTrustIsSaid) {
  CertificateFiles me = Issue(other_ca_, "me");
  me.ca = Issue(ca_, "other").ca;
  ExpectError(Ask(tls_, FlagsOf(me)), tls_, absl::StrCat("does it trust who signed ", me.cert));
}

TEST_F(TlsClient, ACertificateThatExpiredIsNamed) {
  const absl::Time now = absl::Now();
  const CertificateFiles old = ca_.Write(
      folder_, "me",
      {.uris = {"spiffe://test/me"}, .not_before = now - absl::Hours(2), .not_after = now - absl::Hours(1)});
  ExpectError(Ask(tls_, FlagsOf(old)), tls_, absl::StrCat(old.cert, " expired at "));
}

TEST_F(TlsClient, WhoMayNotCallIsToldWhoMay) {
  const Finished run = Ask(tls_, FlagsOf(Issue(ca_, "other")));
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.errors, absl::StrCat("listenq: ", tls_,
                                     " refused: spiffe://test/other may not call; allowed: spiffe://test/me\n"
                                     "         another certificate: --tls-cert and --tls-key\n"));
}

TEST_F(TlsClient, TlsAndPlaintextDoNotMeet) {
  ExpectError(Ask(tls_, {}), tls_, "does it speak TLS? then: --tls-ca, --tls-cert and --tls-key");
  ExpectError(Ask(plain_, FlagsOf(Issue(ca_, "me"))), plain_,
              "no TLS is spoken there: another port, or no --tls-ca");
}

}  // namespace
}  // namespace listenq::test
