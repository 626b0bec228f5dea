#include "aggregator/metrics/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/aggregator/metrics/http_get.h"

namespace listenq::aggregator {
namespace {

using test::Get;
using test::SendRaw;
using ::testing::HasSubstr;
using ::testing::Not;

const base::Address kLoopback{.host = "127.0.0.1"};

class HttpServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = HttpServer::Start(
        kLoopback, {{"/long",
                     [this](const HttpRequest& request) {
                       return HttpAnswer{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                                         .body = request.head ? "head" : long_};
                     }},
                    {"/sick", [](const HttpRequest&) {
                       return HttpAnswer{.status = 503, .content_type = "text/plain", .body = "why\n"};
                     }}});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  [[nodiscard]] uint16_t port() const { return server_->address().port; }

  const std::string long_ = std::string(3 << 20, 'x');
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, SendsTheWholeBodyWithItsLengthAndType) {
  const test::HttpReply reply = Get(port(), "/long?collect=all", "Accept-Encoding: gzip, br\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, long_);
  EXPECT_THAT(reply.head, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8"));
  EXPECT_THAT(reply.head, HasSubstr(absl::StrCat("Content-Length: ", long_.size())));
  EXPECT_THAT(reply.head, Not(HasSubstr("Content-Encoding")));
}

TEST_F(HttpServerTest, HeadHasNoBody) {
  const test::HttpReply reply = SendRaw(port(), "HEAD /long HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "");
}

TEST_F(HttpServerTest, AHandlerSaysItsStatus) {
  const test::HttpReply reply = Get(port(), "/sick");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body, "why\n");
}

TEST_F(HttpServerTest, OtherPathsAndMethodsAreRefused) {
  EXPECT_EQ(Get(port(), "/").status, 404);
  EXPECT_EQ(Get(port(), "/long/").status, 404);
  EXPECT_EQ(Get(port(), "/../etc/passwd").status, 404);
  const test::HttpReply post =
      SendRaw(port(), "POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(post.status, 405);
  EXPECT_THAT(post.head, HasSubstr("Allow: GET, HEAD"));
}

TEST_F(HttpServerTest, OddRequestsAreRefusedAndTheNextIsServed) {
  EXPECT_EQ(SendRaw(port(), "nonsense\r\n\r\n").status, 400);
  EXPECT_EQ(Get(port(), "/" + std::string(10000, 'a')).status, 414);
  EXPECT_EQ(Get(port(), "/long", "Range: bytes=0-1,0-1,0-1\r\n").status, 416);
  EXPECT_EQ(Get(port(), "/long", absl::StrCat("X: ", std::string(20000, 'a'), "\r\n")).status, 400);
  EXPECT_EQ(Get(port(), "/sick").status, 503);
}

TEST_F(HttpServerTest, SilentConnectionsAreCutOff) {
  std::vector<sys::UniqueFd> silent;
  for (int i = 0; i < HttpServer::kThreads; ++i) silent.push_back(test::ConnectTo(port()));
  // It waits for a thread, and gets one.
  EXPECT_EQ(Get(port(), "/sick").status, 503);
}

TEST_F(HttpServerTest, APortIsNotShared) {
  const auto second = HttpServer::Start(server_->address(), {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().message(),
            absl::StrCat("listen on 127.0.0.1:", port(), ": Address already in use"));
}

TEST(HttpServer, TakesAPlainPort) {
  EXPECT_EQ(HttpServer::Start({.socket_path = "/run/x.sock"}, {}).status().message(),
            "serve HTTP on unix:///run/x.sock: it takes a plain HOST:PORT");
  const auto nowhere = HttpServer::Start({.host = "192.0.2.1", .port = 1}, {});
  EXPECT_EQ(nowhere.status().message(), "listen on 192.0.2.1:1: Cannot assign requested address");
}

}  // namespace
}  // namespace listenq::aggregator
