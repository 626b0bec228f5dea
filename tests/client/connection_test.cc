#include "client/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/temp_folder.h"

namespace listenq::client {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kContexts[] = R"(current-context: prod
contexts:
  - {name: prod, server: 'prod.test:7443', tls-ca: ca.pem, tls-cert: me.pem, tls-key: me.key,
     tls-server-name: front}
  - {name: lab, server: '10.1.2.3:7070', insecure: true}
  - {name: node, server: /run/node.sock}
)";

class ChooseServerTest : public ::testing::Test {
 protected:
  ChooseServerTest() : path_(folder_.Write("config.yaml", kContexts)) {}

  Connection Choose(const ServerFlags& flags, const std::string& variable = "") {
    const auto connection = ChooseServer(flags, variable, path_);
    EXPECT_TRUE(connection.ok()) << connection.status();
    return connection.value_or(Connection{});
  }
  std::string ErrorOf(const ServerFlags& flags, const std::string& variable = "") {
    const auto connection = ChooseServer(flags, variable, path_);
    EXPECT_EQ(connection.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(connection.status().message());
  }
  [[nodiscard]] base::TlsFiles ProdFiles() const {
    return {.ca = folder_.Path("ca.pem"), .cert = folder_.Path("me.pem"), .key = folder_.Path("me.key")};
  }

  test::TempFolder folder_;
  std::string path_;
};

const base::TlsFiles kFiles = {.ca = "a.pem", .cert = "b.pem", .key = "c.key"};

TEST_F(ChooseServerTest, WithoutAnyWordItIsTheAgentOfThisMachine) {
  path_ = folder_.Path("none.yaml");
  const Connection connection = Choose({});
  EXPECT_EQ(connection.server, "unix:///run/listenq/agent.sock");
  EXPECT_EQ(connection.address, base::Address{.socket_path = "/run/listenq/agent.sock"});
  EXPECT_TRUE(connection.tls.empty());
}

TEST_F(ChooseServerTest, TheCurrentContextComesWithItsCertificates) {
  const Connection connection = Choose({});
  EXPECT_EQ(connection.server, "prod.test:7443");
  EXPECT_EQ(connection.address, (base::Address{.host = "prod.test", .port = 7443, .tls = true}));
  EXPECT_EQ(connection.tls, ProdFiles());
  EXPECT_EQ(connection.server_name, "front");
}

TEST_F(ChooseServerTest, FlagThenNamedContextThenVariableThenCurrentContext) {
  EXPECT_EQ(Choose({.context = "node", .server = "/a.sock"}, "/b.sock").server, "/a.sock");
  EXPECT_EQ(Choose({.context = "node"}, "/b.sock").server, "/run/node.sock");
  EXPECT_EQ(Choose({}, "/b.sock").server, "/b.sock");
}

TEST_F(ChooseServerTest, ACertificateIsNotShownToAnotherServerUnasked) {
  EXPECT_THAT(ErrorOf({.server = "other.test:7443"}),
              StartsWith("other.test:7443 is asked over mutual TLS: give --tls-ca, "));
  EXPECT_THAT(ErrorOf({}, "other.test:7443"), StartsWith("other.test:7443 is asked over mutual TLS"));
  const Connection asked = Choose({.context = "prod", .server = "other.test:7443"});
  EXPECT_EQ(asked.server, "other.test:7443");
  EXPECT_EQ(asked.tls, ProdFiles());
  EXPECT_EQ(asked.server_name, "front");
}

TEST_F(ChooseServerTest, NobodyReadsTheFileWhereNoContextCounts) {
  folder_.Write("config.yaml", "nonsense");
  EXPECT_EQ(Choose({.server = "/a.sock"}).server, "/a.sock");
  EXPECT_EQ(Choose({}, "/b.sock").server, "/b.sock");
  EXPECT_THAT(ErrorOf({}), HasSubstr("config.yaml:1: must be a map"));
  EXPECT_THAT(ErrorOf({.context = "prod"}, "/b.sock"), HasSubstr("config.yaml:1: must be a map"));
}

TEST_F(ChooseServerTest, FlagsTakeThePlaceOfAContextsFilesOneByOne) {
  const Connection connection =
      Choose({.tls = {.cert = "other.pem", .key = "other.key"}, .tls_server_name = "back"});
  EXPECT_EQ(connection.tls,
            (base::TlsFiles{.ca = folder_.Path("ca.pem"), .cert = "other.pem", .key = "other.key"}));
  EXPECT_EQ(connection.server_name, "back");
}

TEST_F(ChooseServerTest, CertificatesMeanTlsOnLoopbackToo) {
  EXPECT_FALSE(Choose({.server = "127.0.0.1:7070"}).address.tls);
  const Connection connection = Choose({.server = "127.0.0.1:7443", .tls = kFiles});
  EXPECT_TRUE(connection.address.tls);
  EXPECT_EQ(connection.tls, kFiles);
  EXPECT_THAT(ErrorOf({.server = "tls://127.0.0.1:7443"}), StartsWith("tls://127.0.0.1:7443 is asked over"));
}

TEST_F(ChooseServerTest, MutualTlsNeedsAllThree) {
  const std::string why = ": mutual TLS needs an authority, a certificate and its key";
  EXPECT_EQ(ErrorOf({.server = "h:1", .tls = {.ca = "a", .cert = "b"}}),
            "--tls-ca, --tls-cert without --tls-key" + why);
  EXPECT_EQ(ErrorOf({.server = "h:1", .tls = {.key = "c"}}),
            "--tls-key without --tls-ca and --tls-cert" + why);
  EXPECT_EQ(ErrorOf({.server = "127.0.0.1:1", .tls_server_name = "front"}),
            "--tls-server-name without --tls-ca and --tls-cert and --tls-key" + why);
}

TEST_F(ChooseServerTest, InsecureIsPlaintextBeyondThisMachine) {
  const Connection said = Choose({.server = "10.9.8.7:7070", .insecure = true});
  EXPECT_EQ(said.address, (base::Address{.host = "10.9.8.7", .port = 7070}));
  EXPECT_FALSE(Choose({.context = "lab"}).address.tls);
  const Connection overruled = Choose({.context = "prod", .insecure = true});
  EXPECT_FALSE(overruled.address.tls);
  EXPECT_TRUE(overruled.tls.empty());
  EXPECT_EQ(overruled.server_name, "");
  EXPECT_TRUE(Choose({.context = "lab", .tls = kFiles}).address.tls);
}

TEST_F(ChooseServerTest, InsecureDoesNotGoWithTls) {
  EXPECT_EQ(ErrorOf({.server = "h:1", .tls = kFiles, .insecure = true}),
            "--insecure does not go with --tls-ca: it means no TLS");
  EXPECT_EQ(ErrorOf({.server = "tls://h:1", .insecure = true}),
            "--insecure does not go with tls://h:1: it means no TLS");
}

TEST_F(ChooseServerTest, UnixSocketsSpeakNoTls) {
  EXPECT_EQ(
      ErrorOf({.server = "/a.sock", .tls = kFiles}),
      "--tls-ca does not go with /a.sock: a unix socket speaks no TLS\nwho is asked: --server HOST:PORT");
  path_ = "";
  EXPECT_THAT(ErrorOf({.tls = kFiles}),
              StartsWith("--tls-ca does not go with unix:///run/listenq/agent.sock: "));
}

TEST_F(ChooseServerTest, AContextsCertificatesAreNotForAUnixSocket) {
  const Connection connection = Choose({.context = "prod", .server = "/a.sock"});
  EXPECT_TRUE(connection.address.is_unix());
  EXPECT_TRUE(connection.tls.empty());
  EXPECT_EQ(connection.server_name, "");
}

TEST_F(ChooseServerTest, AnErrorNamesWhoSaidTheAddress) {
  EXPECT_THAT(ErrorOf({.server = "bogus"}), StartsWith("--server: parse address \"bogus\""));
  EXPECT_THAT(ErrorOf({}, "bogus"), StartsWith("LISTENQ_SERVER: parse address \"bogus\""));
}

TEST_F(ChooseServerTest, AnUnknownContextIsNotFound) {
  EXPECT_EQ(ChooseServer({.context = "prd"}, "", path_).status(),
            absl::NotFoundError("context prd: not in " + path_ +
                                "; there are prod, lab, node: did you mean prod?"));
}

}  // namespace
}  // namespace listenq::client
