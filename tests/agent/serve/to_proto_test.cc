#include "agent/serve/to_proto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>

#include "tests/agent/serve/sample_snapshot.h"

namespace listenq::serve {
namespace {

using testing::ContainerId;
using testing::HeldBy;
using testing::kNow;
using testing::MakeDropEvent;
using testing::MakeListener;
using testing::MakeNamespace;
using testing::MakeSysctls;
using testing::PodOwner;

const RowContext kContext{.boot_id = "b00t", .now = kNow};

v1::Listener Convert(const model::Namespace& ns, const model::Listener& listener) {
  v1::Listener proto;
  ToProto(kContext, ns, listener, &proto);
  return proto;
}

v1::Namespace Convert(const model::Namespace& ns, NamespaceParts parts) {
  v1::Namespace proto;
  ToProto(kContext, ns, parts, &proto);
  return proto;
}

NamespaceParts NoParts() { return {.counters = CounterSelection({})}; }

TEST(TimeToProto, NanosecondsCountForwardBefore1970) {
  google::protobuf::Timestamp proto;
  ToProto(absl::UnixEpoch() - absl::Milliseconds(1500), &proto);
  EXPECT_EQ(proto.seconds(), -2);
  EXPECT_EQ(proto.nanos(), 500'000'000);
  EXPECT_EQ(FromProto(proto), absl::UnixEpoch() - absl::Milliseconds(1500));
}

TEST(TimeToProto, KeepsNanoseconds) {
  google::protobuf::Timestamp proto;
  ToProto(kNow + absl::Nanoseconds(7), &proto);
  EXPECT_EQ(proto.seconds(), 1'700'000'000);
  EXPECT_EQ(proto.nanos(), 7);
}

TEST(ListenerToProto, WhatIsAbsentStaysAbsent) {
  model::Namespace ns = MakeNamespace(1);
  ns.drops.reset();
  model::Listener listener = MakeListener(80, 0, std::nullopt);
  listener.reading.cookie = 0;
  const v1::Listener proto = Convert(ns, listener);
  EXPECT_FALSE(proto.has_limit());
  EXPECT_FALSE(proto.has_sk_drops());
  EXPECT_FALSE(proto.has_cookie());
  EXPECT_FALSE(proto.has_v6_only());
  EXPECT_FALSE(proto.has_bound_interface());
  EXPECT_FALSE(proto.has_somaxconn());
  EXPECT_FALSE(proto.has_cgroup_id());
  EXPECT_FALSE(proto.has_listen_drops());
  EXPECT_FALSE(proto.has_recent_drops());
  EXPECT_FALSE(proto.has_last_drop_time());
  EXPECT_FALSE(proto.has_process_count());
  EXPECT_EQ(proto.processes_unreadable_reason(), "not looked for yet");
  EXPECT_FALSE(proto.has_ended_time());
}

TEST(ListenerToProto, ZeroIsPresent) {
  model::Listener listener = MakeListener(80, 0, 0);
  listener.reading.sk_drops = 0;
  const v1::Listener proto = Convert(MakeNamespace(1), listener);
  EXPECT_TRUE(proto.has_queue());
  EXPECT_TRUE(proto.has_limit());
  EXPECT_TRUE(proto.has_sk_drops());
  EXPECT_TRUE(proto.has_peak_queue());
  EXPECT_TRUE(proto.has_listen_drops());
  EXPECT_EQ(proto.listen_drops().attribution(), v1::ATTRIBUTION_EXACT);
}

TEST(ListenerToProto, CarriesTheSocket) {
  model::Namespace ns = MakeNamespace(7, {PodOwner("shop", "web", "nginx", 'a')});
  ns.sysctls = MakeSysctls({{"net.core.somaxconn", "4096"}});
  ns.degraded_reason = "read from /proc/net/tcp";
  ns.ended = kNow;
  model::Listener listener = MakeListener(443, 12, 511);
  listener.reading.protocol = model::Protocol::kMptcp;
  listener.reading.address.family = model::IpAddress::Family::kV6;
  listener.reading.v6_only = false;
  listener.reading.bound_interface = 3;
  listener.reading.sk_drops = 8;
  listener.reading.uid = 1000;
  listener.reading.cgroup_id = 77;
  listener.limit_state = model::LimitState::kApplication;
  listener.peak_queue = 512;
  listener.drops = {.min = 3, .max = 8, .inferred = 5};
  listener.recent_drops = {.min = 1, .max = 1};
  listener.recent_interval = absl::Milliseconds(1500);
  listener.last_drop = kNow;
  listener.processes = HeldBy("nginx", ContainerId('a'));
  const v1::Listener proto = Convert(ns, listener);
  EXPECT_EQ(proto.netns().boot_id(), "b00t");
  EXPECT_EQ(proto.netns().cookie(), 107u);
  EXPECT_EQ(proto.netns().inode(), 4026530007u);
  ASSERT_EQ(proto.owners_size(), 1);
  EXPECT_EQ(proto.owners(0).pod(), "web");
  EXPECT_EQ(proto.protocol(), v1::PROTOCOL_MPTCP);
  EXPECT_EQ(proto.local_address(), "::");
  EXPECT_EQ(proto.local_port(), 443u);
  EXPECT_TRUE(proto.has_v6_only());
  EXPECT_EQ(proto.bound_interface(), 3u);
  EXPECT_EQ(proto.cookie(), 1443u);
  EXPECT_EQ(proto.queue(), 12u);
  EXPECT_EQ(proto.limit(), 511u);
  EXPECT_EQ(proto.somaxconn(), 4096u);
  EXPECT_EQ(proto.limit_state(), v1::LIMIT_STATE_APPLICATION);
  EXPECT_EQ(proto.peak_queue(), 512u);
  EXPECT_EQ(proto.sk_drops(), 8u);
  EXPECT_EQ(proto.listen_drops().min(), 3u);
  EXPECT_EQ(proto.listen_drops().max(), 8u);
  EXPECT_EQ(proto.listen_drops().inferred(), 5u);
  EXPECT_EQ(proto.listen_drops().attribution(), v1::ATTRIBUTION_BOUNDED);
  EXPECT_EQ(proto.recent_drops().max(), 1u);
  EXPECT_EQ(proto.recent_interval().nanos(), 500'000'000);
  EXPECT_EQ(proto.last_drop_time().seconds(), 1'700'000'000);
  EXPECT_EQ(proto.process_count(), 1u);
  EXPECT_EQ(proto.processes(0).comm(), "nginx");
  EXPECT_EQ(proto.uid(), 1000u);
  EXPECT_EQ(proto.cgroup_id(), 77u);
  EXPECT_EQ(proto.ended_time().seconds(), 1'700'000'000);
  EXPECT_EQ(proto.degraded_reason(), "read from /proc/net/tcp");
}

TEST(ListenerToProto, HostileNamesCanBeSent) {
  model::Listener listener = MakeListener(80, 0, 128);
  listener.processes = HeldBy("\xFF\x1b[2J", "");
  v1::Listener proto = Convert(MakeNamespace(1), listener);
  std::string wire;
  ASSERT_TRUE(proto.SerializeToString(&wire));
  EXPECT_TRUE(proto.ParseFromString(wire));
  EXPECT_EQ(proto.processes(0).comm(), "\xEF\xBF\xBD\x1b[2J");
}

TEST(NamespaceToProto, AbsentPartsStayAbsent) {
  model::Namespace ns = MakeNamespace(1);
  ns.drops.reset();
  ns.errors = {{.part = "netns", .reason = "no CAP_SYS_ADMIN"}};
  const v1::Namespace proto = Convert(ns, NoParts());
  EXPECT_FALSE(proto.has_time_wait());
  EXPECT_FALSE(proto.has_in_use());
  EXPECT_FALSE(proto.has_ephemeral_first());
  EXPECT_FALSE(proto.has_listener_count());
  EXPECT_FALSE(proto.has_worst_listener());
  EXPECT_FALSE(proto.has_listen_drops());
  EXPECT_FALSE(proto.has_process_count());
  EXPECT_FALSE(proto.has_counters_time());
  EXPECT_TRUE(proto.counters().empty());
  ASSERT_EQ(proto.errors_size(), 1);
  EXPECT_EQ(proto.errors(0).reason(), "no CAP_SYS_ADMIN");
}

TEST(NamespaceToProto, CountsListenersAndNamesTheWorst) {
  model::Namespace ns = MakeNamespace(1);
  ns.listeners = {MakeListener(80, 3, 511), MakeListener(81, 129, 128)};
  ns.drops->listen_drops = 12;
  ns.drops->before = 4;
  const v1::Namespace proto = Convert(ns, NoParts());
  EXPECT_EQ(proto.listener_count(), 2u);
  EXPECT_EQ(proto.full_listener_count(), 1u);
  EXPECT_EQ(proto.worst_listener().local_port(), 81u);
  EXPECT_EQ(proto.listen_drops(), 12u);
  EXPECT_EQ(proto.listen_drops_before(), 4u);
  EXPECT_TRUE(proto.has_listen_overflows());
}

TEST(NamespaceToProto, NoListenersIsZeroWhereTheyWereRead) {
  const v1::Namespace proto = Convert(MakeNamespace(1), NoParts());
  EXPECT_TRUE(proto.has_listener_count());
  EXPECT_EQ(proto.listener_count(), 0u);
}

TEST(NamespaceToProto, SysctlsStandBesideHostAndDefault) {
  const size_t somaxconn = *model::FindSysctl("net.core.somaxconn");
  const size_t syncookies = *model::FindSysctl("net.ipv4.tcp_syncookies");
  model::Namespace ns = MakeNamespace(1);
  ns.sysctls = MakeSysctls({{"net.core.somaxconn", "128"}, {"net.ipv4.ip_local_port_range", "32768 60999"}});
  NamespaceParts parts = NoParts();
  parts.sysctls = {somaxconn, syncookies};
  parts.host_sysctls = MakeSysctls({{"net.core.somaxconn", "65535"}});
  const v1::Namespace proto = Convert(ns, parts);
  ASSERT_EQ(proto.sysctls_size(), 2);
  const v1::SysctlValue& value = proto.sysctls().at("net.core.somaxconn");
  EXPECT_EQ(value.value(), "128");
  EXPECT_EQ(value.host(), "65535");
  EXPECT_EQ(value.kernel_default(), "4096");
  EXPECT_FALSE(value.has_declared());
  const v1::SysctlValue& unread = proto.sysctls().at("net.ipv4.tcp_syncookies");
  EXPECT_FALSE(unread.has_value());
  EXPECT_FALSE(unread.has_host());
  EXPECT_EQ(unread.unreadable_reason(), "this kernel has none");
  EXPECT_EQ(proto.ephemeral_first(), 32768u);
  EXPECT_EQ(proto.ephemeral_last(), 60999u);
}

TEST(NamespaceToProto, DeclaredStandsBesideTheValue) {
  model::Namespace ns = MakeNamespace(1);
  ns.sysctls = MakeSysctls({{"net.core.somaxconn", "128"}, {"net.ipv4.tcp_syncookies", "1"}});
  ns.declared_sysctls = std::make_shared<const std::map<std::string, std::string>>(
      std::map<std::string, std::string>{{"net.core.somaxconn", "1024"}});
  NamespaceParts parts{
      .sysctls = {*model::FindSysctl("net.core.somaxconn"), *model::FindSysctl("net.ipv4.tcp_syncookies")},
      .counters = CounterSelection({})};
  v1::Namespace proto;
  ToProto(kContext, ns, parts, &proto);
  EXPECT_EQ(proto.sysctls().at("net.core.somaxconn").declared(), "1024");
  EXPECT_EQ(proto.sysctls().at("net.core.somaxconn").value(), "128");
  EXPECT_FALSE(proto.sysctls().at("net.ipv4.tcp_syncookies").has_declared());
}

TEST(NamespaceToProto, NumbersOfAGuestKernelsNamespaceAreAbsent) {
  model::Namespace ns = MakeNamespace(1);
  ns.sysctls = MakeSysctls({{"net.core.somaxconn", "128"}});
  ns.sockets.time_wait = 0;
  ns.not_observable_reason = "not observable: guest kernel (gVisor)";
  NamespaceParts parts{.sysctls = {*model::FindSysctl("net.core.somaxconn")},
                       .counters = CounterSelection({})};
  v1::Namespace proto;
  ToProto(kContext, ns, parts, &proto);
  EXPECT_EQ(proto.not_observable_reason(), "not observable: guest kernel (gVisor)");
  EXPECT_FALSE(proto.has_listener_count());
  EXPECT_FALSE(proto.has_listen_drops());
  EXPECT_FALSE(proto.has_time_wait());
  EXPECT_FALSE(proto.sysctls().at("net.core.somaxconn").has_value());
  EXPECT_EQ(proto.sysctls().at("net.core.somaxconn").unreadable_reason(),
            "not observable: guest kernel (gVisor)");
}

TEST(NamespaceToProto, SysctlsThatWereNeverReadSayWhy) {
  NamespaceParts parts = NoParts();
  parts.sysctls = {0};
  const std::string name(model::SysctlTable()[0].name);
  model::Namespace ns = MakeNamespace(1);
  EXPECT_EQ(Convert(ns, parts).sysctls().at(name).unreadable_reason(), "not read yet");
  ns.errors = {{.part = "netns", .reason = "no CAP_SYS_ADMIN"}};
  EXPECT_EQ(Convert(ns, parts).sysctls().at(name).unreadable_reason(), "no CAP_SYS_ADMIN");
  ns.not_observable_reason = "gVisor's own kernel";
  EXPECT_EQ(Convert(ns, parts).sysctls().at(name).unreadable_reason(), "gVisor's own kernel");
}

TEST(NamespaceToProto, SendsTheCountersThatWereAskedFor) {
  model::Namespace ns = MakeNamespace(1);
  ns.netstat.names = std::make_shared<const model::CounterNames>(
      std::vector<std::string>{"TcpExtListenDrops", "TcpExtTCPHPHits"});
  ns.netstat.values = {0, 9};
  const v1::Namespace proto = Convert(ns, NoParts());
  ASSERT_EQ(proto.counters_size(), 1);
  EXPECT_EQ(proto.counters().at("TcpExtListenDrops"), 0u);
}

TEST(DropEpisodeToProto, OngoingUntilThePause) {
  const model::Namespace ns = MakeNamespace(1, {PodOwner("shop", "web", "nginx", 'a')});
  model::DropEpisode episode;
  episode.id = 5;
  episode.netns = ns.id;
  episode.owners = ns.owners;
  episode.start = kNow - absl::Minutes(5);
  episode.last = kNow - absl::Seconds(29);
  episode.counts = {.accept_queue_full = 1, .syn_queue_full = 2, .probably_syn_queue = 3, .other = 4};
  episode.unattributed = 6;
  v1::DropEpisode proto;
  ToProto(kContext, episode, &proto);
  EXPECT_TRUE(proto.ongoing());
  EXPECT_EQ(proto.id(), 5u);
  EXPECT_EQ(proto.owners(0).pod(), "web");
  EXPECT_EQ(proto.counts().accept_queue_full(), 1u);
  EXPECT_EQ(proto.counts().syn_queue_full(), 2u);
  EXPECT_EQ(proto.counts().probably_syn_queue(), 3u);
  EXPECT_EQ(proto.counts().other(), 4u);
  EXPECT_EQ(proto.unattributed(), 6u);
  episode.last = kNow - absl::Seconds(30);
  ToProto(kContext, episode, &proto);
  EXPECT_FALSE(proto.ongoing());
}

TEST(DropEventToProto, ShareNamesItsOwnerWhereItDiffers) {
  const model::Namespace ns =
      MakeNamespace(1, {PodOwner("a", "one", "c", 'a'), PodOwner("b", "two", "c", 'b')});
  model::DropEvent event = MakeDropEvent(ns, 80, kNow);
  event.shares.push_back(event.shares[0]);
  event.shares[1].processes = HeldBy("two", ContainerId('b'));
  v1::DropEvent proto;
  ToProto(kContext, event, &proto);
  EXPECT_EQ(proto.owners_size(), 2);
  ASSERT_EQ(proto.shares_size(), 2);
  EXPECT_EQ(proto.shares(0).owners_size(), 0);
  ASSERT_EQ(proto.shares(1).owners_size(), 1);
  EXPECT_EQ(proto.shares(1).owners(0).pod(), "two");
  EXPECT_EQ(proto.shares(1).local_port(), 80u);
  EXPECT_EQ(proto.shares(1).peak_queue(), 512u);
  EXPECT_EQ(proto.shares(1).limit(), 511u);
}

}  // namespace
}  // namespace listenq::serve
