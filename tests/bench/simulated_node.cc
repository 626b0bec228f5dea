#include "tests/bench/simulated_node.h"

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "agent/model/sysctl.h"
#include "aggregator/metrics/metrics_tables.h"

namespace listenq::bench {
namespace {

using Random = std::mt19937_64;

constexpr std::array<const char*, 5> kNamespaces = {"shop", "payments", "search", "observability",
                                                    "kube-system"};
constexpr std::array<const char*, 8> kApps = {"checkout-api",    "cart-service",    "web-frontend",
                                              "catalog-indexer", "session-gateway", "event-consumer",
                                              "image-proxy",     "ledger-writer"};
constexpr uint32_t kLimit = 4096;

std::string HexDigits(Random& random, size_t count) {
  std::string digits;
  while (digits.size() < count) absl::StrAppendFormat(&digits, "%016x", random());
  digits.resize(count);
  return digits;
}

std::string Uuid(Random& random) {
  const std::string digits = HexDigits(random, 32);
  return absl::StrCat(digits.substr(0, 8), "-", digits.substr(8, 4), "-", digits.substr(12, 4), "-",
                      digits.substr(16, 4), "-", digits.substr(20));
}

model::Owner MakeOwner(Random& random, absl::Time now) {
  const std::string app = kApps[random() % kApps.size()];
  model::Owner owner;
  owner.namespace_name = kNamespaces[random() % kNamespaces.size()];
  owner.pod = absl::StrCat(app, "-", HexDigits(random, 10), "-", HexDigits(random, 5));
  owner.pod_uid = Uuid(random);
  owner.container = app;
  owner.container_id = HexDigits(random, 64);
  owner.image = absl::StrCat("registry.example.org/", owner.namespace_name, "/", app, ":1.42.7");
  owner.labels = {{"app.kubernetes.io/name", app},
                  {"app.kubernetes.io/part-of", owner.namespace_name},
                  {"pod-template-hash", owner.pod.substr(app.size() + 1, 10)}};
  owner.workload = absl::StrCat("Deployment ", app);
  owner.runtime = "containerd";
  owner.source = model::OwnerSource::kCri;
  owner.source_time = now;
  return owner;
}

model::NetnsId MakeNetns(Random& random, size_t serial, absl::Time now) {
  model::NetnsId id;
  id.serial = serial;
  id.cookie = 4096 + serial;
  id.dev = 4;
  id.inode = 4026530000 + serial;
  id.first_seen = now - absl::Hours(5);
  id.names = {absl::StrCat("cni-", Uuid(random))};
  return id;
}

std::shared_ptr<const model::SocketProcesses> MakeProcesses(Random& random, const model::Owner& owner) {
  model::SocketProcesses processes;
  processes.count = 1;
  processes.first.push_back({.pid = static_cast<uint32_t>(random() % 4'000'000),
                             .comm = owner.container.substr(0, 15),
                             .container_id = owner.container_id});
  processes.container_ids = {owner.container_id};
  return std::make_shared<const model::SocketProcesses>(std::move(processes));
}

// One in 64 is full and loses connections; the others wait for few.
void SetLoad(Random& random, absl::Time now, model::Listener* listener) {
  const bool is_full = random() % 64 == 0;
  listener->reading.queue = static_cast<uint32_t>(is_full ? kLimit + 1 : random() % 128);
  listener->reading.sk_drops = is_full ? random() % 100'000 : 0;
  listener->peak_queue = listener->reading.queue;
  if (!is_full) return;
  listener->drops = {.min = random() % 100'000, .max = 200'000};
  listener->recent_drops = {.min = random() % 1000, .max = 1000};
  listener->recent_interval = absl::Seconds(1);
  listener->last_drop = now - absl::Seconds(1);
}

model::Listener MakeListener(Random& random, const model::Owner& owner, size_t position, absl::Time now) {
  model::Listener listener;
  listener.reading.port = static_cast<uint16_t>(8080 + position);
  listener.reading.cookie = random();
  listener.reading.inode = random() % 100'000'000;
  listener.reading.uid = 10001;
  listener.reading.cgroup_id = random() % 1'000'000;
  listener.reading.limit = kLimit;
  listener.limit_state = model::LimitState::kSomaxconn;
  listener.first_seen = now - absl::Hours(5);
  SetLoad(random, now, &listener);
  listener.processes = MakeProcesses(random, owner);
  return listener;
}

std::shared_ptr<const model::Sysctls> MakeSysctls() {
  model::Sysctls sysctls;
  sysctls.values.assign(model::SysctlTable().size(), {.value = "4096"});
  return std::make_shared<const model::Sysctls>(std::move(sysctls));
}

// Those that are metrics.
std::shared_ptr<const model::CounterNames> MakeCounterNames() {
  std::vector<std::string> names;
  for (const aggregator::CounterMetric& metric : aggregator::kCounterMetrics) {
    names.emplace_back(std::string(metric.counter));
  }
  return std::make_shared<const model::CounterNames>(std::move(names));
}

model::Namespace MakePod(Random& random, size_t serial, size_t listeners, absl::Time now) {
  const model::Owner owner = MakeOwner(random, now);
  model::Namespace ns;
  ns.id = std::make_shared<const model::NetnsId>(MakeNetns(random, serial, now));
  ns.owners = std::make_shared<const std::vector<model::Owner>>(1, owner);
  for (size_t i = 0; i < listeners; ++i) ns.listeners.push_back(MakeListener(random, owner, i, now));
  ns.drops.emplace();
  ns.counters_time = now;
  ns.sysctls_time = now;
  return ns;
}

}  // namespace

std::string SimulatedNodeName(size_t number) { return absl::StrFormat("node-%04d", number); }

model::Snapshot MakeSimulatedSnapshot(size_t number, const SimulatedSize& size, absl::Time now) {
  Random random(number);
  model::Snapshot snapshot;
  snapshot.node.name = SimulatedNodeName(number);
  snapshot.node.boot_id = Uuid(random);
  snapshot.node.kernel_release = "6.1.0-28-amd64";
  snapshot.node.start_time = now - absl::Hours(5);
  snapshot.node.sources = {{.source = "cri unix:///run/containerd/containerd.sock", .healthy = true}};
  snapshot.read_time = now;
  snapshot.complete = true;
  const std::shared_ptr<const model::Sysctls> sysctls = MakeSysctls();
  const std::shared_ptr<const model::CounterNames> counters = MakeCounterNames();
  for (size_t i = 0; i < size.pods; ++i) {
    model::Namespace ns = MakePod(random, i + 1, size.listeners, now);
    ns.sysctls = sysctls;
    ns.netstat = {.names = counters, .values = std::vector<uint64_t>(counters->names().size(), 123456)};
    ns.sockets = {.tcp_in_use = 10, .tcp6_in_use = 10, .time_wait = 10};
    snapshot.namespaces.push_back(std::make_shared<const model::Namespace>(std::move(ns)));
  }
  return snapshot;
}

v1::ListListenersRequest TopRequest() {
  v1::ListListenersRequest request;
  request.set_limit(20);
  return request;
}

}  // namespace listenq::bench
