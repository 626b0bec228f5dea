#include "agent/collect/sock_diag_message.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/sys/file.h"

namespace listenq::collect {
namespace {

std::string Captured(const std::string& name) {
  const auto content = sys::ReadFile(absl::StrCat(LISTENQ_TESTDATA, "/collect/", name));
  EXPECT_TRUE(content.ok()) << content.status();
  return content.value_or("");
}

absl::StatusOr<std::vector<DiagMessage>> Decode(const std::string& bytes) {
  // Messages are read in place: aligned, as recv(2) has them.
  std::vector<uint64_t> aligned((bytes.size() + 7) / 8);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  std::vector<DiagMessage> messages;
  const absl::Status status =
      DecodeMessages({reinterpret_cast<const char*>(aligned.data()), bytes.size()},
                     [&](const DiagMessage& message) { messages.push_back(message); });
  if (!status.ok()) return status;
  return messages;
}

const model::ListenerReading* FindPort(const std::vector<DiagMessage>& messages, uint16_t port) {
  for (const DiagMessage& message : messages) {
    if (message.kind == DiagMessage::Kind::kListener && message.listener.port == port)
      return &message.listener;
  }
  return nullptr;
}

TEST(SockDiagDecode, ReadsACapturedDump) {
  const auto messages = Decode(Captured("listen_dump.bin"));
  ASSERT_TRUE(messages.ok()) << messages.status();
  ASSERT_EQ(messages->size(), 4u);
  EXPECT_EQ(messages->back().kind, DiagMessage::Kind::kDone);
  EXPECT_EQ(messages->back().error, 0);

  const model::ListenerReading* v4 = FindPort(*messages, 8080);
  ASSERT_NE(v4, nullptr);
  EXPECT_EQ(model::ToString(v4->address), "127.0.0.1");
  EXPECT_EQ(v4->queue, 3u);
  EXPECT_EQ(v4->limit, 5u);
  EXPECT_EQ(v4->sk_drops, 0u);
  EXPECT_EQ(v4->v6_only, std::nullopt);
  EXPECT_EQ(v4->protocol, model::Protocol::kTcp);
  EXPECT_NE(v4->cookie, 0u);
  EXPECT_NE(v4->inode, 0u);

  const model::ListenerReading* v6 = FindPort(*messages, 9090);
  ASSERT_NE(v6, nullptr);
  EXPECT_EQ(model::ToString(v6->address), "::1");
  EXPECT_EQ(v6->limit, 0u);
  EXPECT_EQ(v6->v6_only, true);

  const model::ListenerReading* mptcp = FindPort(*messages, 7070);
  ASSERT_NE(mptcp, nullptr);
  EXPECT_EQ(mptcp->protocol, model::Protocol::kMptcp);
  EXPECT_EQ(mptcp->limit, 128u);
}

// "STATE local>remote", sorted.
std::vector<std::string> Connections(const std::vector<DiagMessage>& messages) {
  std::vector<std::string> lines;
  for (const DiagMessage& message : messages) {
    if (message.kind != DiagMessage::Kind::kConnection) continue;
    const model::Connection& one = message.connection;
    lines.push_back(absl::StrCat(model::TcpStateName(one.state), " ", model::ToString(one.local), " ",
                                 one.local_port, ">", model::ToString(one.remote), " ", one.remote_port));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

TEST(SockDiagDecode, ReadsACapturedDumpOfConnections) {
  const auto messages = Decode(Captured("connection_dump.bin"));
  ASSERT_TRUE(messages.ok()) << messages.status();
  EXPECT_THAT(
      Connections(*messages),
      ::testing::ElementsAre(
          "CLOSE_WAIT 127.0.0.1 8080>127.0.0.1 40005", "ESTABLISHED 127.0.0.1 40001>127.0.0.1 8080",
          "ESTABLISHED 127.0.0.1 40002>127.0.0.1 9090", "ESTABLISHED 127.0.0.1 40006>127.0.0.1 6060",
          "ESTABLISHED 127.0.0.1 8080>127.0.0.1 40001",
          "ESTABLISHED ::1 40003>::1 7070",  //
          "ESTABLISHED ::1 7070>::1 40003", "ESTABLISHED ::ffff:127.0.0.1 9090>::ffff:127.0.0.1 40002",
          "FIN_WAIT2 127.0.0.1 40005>127.0.0.1 8080", "SYN_RECV 127.0.0.1 6060>127.0.0.1 40006",
          "TIME_WAIT 127.0.0.1 40004>127.0.0.1 8080"));
  EXPECT_EQ(messages->back().kind, DiagMessage::Kind::kDone);
  EXPECT_EQ(messages->back().sequence, 5u);
}

TEST(SockDiagDecode, RejectsEveryTruncationOfAConnection) {
  const std::string whole = Captured("connection_dump.bin");
  uint32_t first_length = 0;
  std::memcpy(&first_length, whole.data(), sizeof(first_length));
  for (size_t length = 1; length < first_length; ++length) {
    EXPECT_EQ(Decode(whole.substr(0, length)).status().code(), absl::StatusCode::kDataLoss) << length;
  }
}

TEST(SockDiagDecode, AStateThatNobodyKnowsIsNoConnection) {
  std::string bytes = Captured("connection_dump.bin");
  uint32_t first_length = 0;
  std::memcpy(&first_length, bytes.data(), sizeof(first_length));
  bytes.resize(first_length);
  for (const char state : {0, 13, 100}) {
    bytes[sizeof(nlmsghdr) + offsetof(inet_diag_msg, idiag_state)] = state;
    const auto messages = Decode(bytes);
    ASSERT_TRUE(messages.ok()) << messages.status();
    EXPECT_EQ(messages->front().kind, DiagMessage::Kind::kOther) << static_cast<int>(state);
  }
}

TEST(SockDiagDecode, ReadsACapturedError) {
  const auto messages = Decode(Captured("exact_enoent.bin"));
  ASSERT_TRUE(messages.ok()) << messages.status();
  ASSERT_EQ(messages->size(), 1u);
  EXPECT_EQ(messages->front().kind, DiagMessage::Kind::kError);
  EXPECT_EQ(messages->front().error, ENOENT);
  EXPECT_EQ(messages->front().sequence, 7u);
}

TEST(SockDiagDecode, AnErrorInDoneIsSeen) {
  nlmsghdr header = {};
  header.nlmsg_len = NLMSG_LENGTH(sizeof(int));
  header.nlmsg_type = NLMSG_DONE;
  header.nlmsg_flags = NLM_F_MULTI | NLM_F_DUMP_INTR;
  const int error = -ENOENT;
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
  bytes.append(reinterpret_cast<const char*>(&error), sizeof(error));
  const auto messages = Decode(bytes);
  ASSERT_TRUE(messages.ok()) << messages.status();
  EXPECT_EQ(messages->front().error, ENOENT);
  EXPECT_TRUE(messages->front().interrupted);
}

TEST(SockDiagDecode, RejectsEveryTruncation) {
  const std::string whole = Captured("listen_dump.bin");
  uint32_t first_length = 0;
  std::memcpy(&first_length, whole.data(), sizeof(first_length));
  for (size_t length = 1; length < first_length; ++length) {
    EXPECT_EQ(Decode(whole.substr(0, length)).status().code(), absl::StatusCode::kDataLoss) << length;
  }
}

TEST(SockDiagDecode, RejectsAShortAttribute) {
  std::string bytes = Captured("listen_dump.bin");
  uint32_t first_length = 0;
  std::memcpy(&first_length, bytes.data(), sizeof(first_length));
  bytes.resize(first_length);
  // The attribute INET_DIAG_SKV6ONLY of the IPv6 listener, cut to no payload: header and message alone, with
  // it.
  nlattr attribute = {.nla_len = NLA_HDRLEN, .nla_type = INET_DIAG_SKV6ONLY};
  bytes.resize(NLMSG_LENGTH(sizeof(inet_diag_msg)));
  bytes.append(reinterpret_cast<const char*>(&attribute), sizeof(attribute));
  const auto length = static_cast<uint32_t>(bytes.size());
  std::memcpy(bytes.data(), &length, sizeof(length));
  EXPECT_EQ(Decode(bytes).status().code(), absl::StatusCode::kDataLoss);
}

TEST(SockDiagDecode, EightWordsOfMemoryInfoHaveNoDrops) {
  std::string bytes = Captured("listen_dump.bin").substr(0, NLMSG_LENGTH(sizeof(inet_diag_msg)));
  nlattr attribute = {.nla_len = NLA_HDRLEN + 32, .nla_type = INET_DIAG_SKMEMINFO};
  bytes.append(reinterpret_cast<const char*>(&attribute), sizeof(attribute));
  bytes.append(32, '\1');
  const auto length = static_cast<uint32_t>(bytes.size());
  std::memcpy(bytes.data(), &length, sizeof(length));
  const auto messages = Decode(bytes);
  ASSERT_TRUE(messages.ok()) << messages.status();
  EXPECT_EQ(messages->front().listener.sk_drops, std::nullopt);
}

TEST(SockDiagEncode, ExactRequestsAreNumberedFromOne) {
  model::ListenerReading listener;
  listener.port = 80;
  const std::string bytes =
      EncodeExactRequests({{.listener = listener}, {.listener = listener, .remote_port = 3}});
  constexpr size_t kEach = NLMSG_LENGTH(sizeof(inet_diag_req_v2));
  ASSERT_EQ(bytes.size(), 2 * kEach);
  nlmsghdr second = {};
  std::memcpy(&second, bytes.data() + kEach, sizeof(second));
  EXPECT_EQ(second.nlmsg_seq, 2u);
  inet_diag_req_v2 request = {};
  std::memcpy(&request, bytes.data() + kEach + sizeof(second), sizeof(request));
  EXPECT_EQ(ntohs(request.id.idiag_sport), 80);
  EXPECT_EQ(ntohs(request.id.idiag_dport), 3);
}

inet_diag_req DumpRequest(const std::string& bytes) {
  inet_diag_req request = {};
  EXPECT_EQ(bytes.size(), NLMSG_LENGTH(sizeof(request)));
  std::memcpy(&request, bytes.data() + sizeof(nlmsghdr), sizeof(request));
  return request;
}

TEST(SockDiagEncode, TheTwoDumpsShareTheStatesBetweenThem) {
  const inet_diag_req listeners = DumpRequest(EncodeListenDump(1));
  const inet_diag_req connections = DumpRequest(EncodeConnectionDump(1));
  EXPECT_EQ(listeners.idiag_states, 1u << 10);
  EXPECT_EQ(connections.idiag_states, 0xbfeu);  // 1..11 without 10
  EXPECT_EQ(connections.idiag_ext, 0);
}

}  // namespace
}  // namespace listenq::collect
