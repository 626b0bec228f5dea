// Snapshots made by hand, for the tests of this room.
#ifndef LISTENQ_TESTS_AGENT_SERVE_SAMPLE_SNAPSHOT_H_
#define LISTENQ_TESTS_AGENT_SERVE_SAMPLE_SNAPSHOT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "agent/model/drop.h"
#include "agent/model/snapshot.h"
#include "agent/model/sysctl.h"

namespace listenq::serve::testing {

inline const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

inline std::string ContainerId(char digit) { return std::string(64, digit); }

inline model::Owner PodOwner(const std::string& ns, const std::string& pod, const std::string& container,
                             char id_digit) {
  model::Owner owner;
  owner.namespace_name = ns;
  owner.pod = pod;
  owner.pod_uid = "11111111-2222-3333-4444-555555555555";
  owner.container = container;
  owner.container_id = ContainerId(id_digit);
  owner.labels = {{"app", ns}, {"tier", container}};
  owner.source = model::OwnerSource::kCri;
  owner.source_time = kNow;
  return owner;
}

inline model::Owner HostOwner() {
  model::Owner owner;
  owner.source = model::OwnerSource::kHost;
  owner.source_time = kNow;
  return owner;
}

inline model::Listener MakeListener(uint16_t port, uint32_t queue, std::optional<uint32_t> limit) {
  model::Listener listener;
  listener.reading.port = port;
  listener.reading.queue = queue;
  listener.reading.limit = limit;
  listener.reading.cookie = 1000u + port;
  listener.reading.inode = 5000u + port;
  listener.first_seen = kNow - absl::Minutes(10);
  return listener;
}

inline std::shared_ptr<const model::SocketProcesses> HeldBy(const std::string& comm,
                                                            const std::string& container_id) {
  model::SocketProcesses processes;
  processes.count = 1;
  processes.first.push_back({.pid = 42, .comm = comm, .container_id = container_id});
  processes.container_ids = {container_id};
  return std::make_shared<const model::SocketProcesses>(std::move(processes));
}

// All sysctls unreadable but those given.
inline std::shared_ptr<const model::Sysctls> MakeSysctls(
    const std::vector<std::pair<std::string, std::string>>& values) {
  model::Sysctls sysctls;
  sysctls.values.assign(model::SysctlTable().size(), {.unreadable_reason = "this kernel has none"});
  for (const auto& [name, value] : values) sysctls.values[*model::FindSysctl(name)] = {.value = value};
  return std::make_shared<const model::Sysctls>(std::move(sysctls));
}

inline model::Namespace MakeNamespace(model::NetnsSerial serial, std::vector<model::Owner> owners = {}) {
  model::Namespace ns;
  model::NetnsId id;
  id.serial = serial;
  id.cookie = 100 + serial;
  id.dev = 4;
  id.inode = 4026530000 + serial;
  id.first_seen = kNow - absl::Hours(1);
  ns.id = std::make_shared<const model::NetnsId>(std::move(id));
  ns.owners = std::make_shared<const std::vector<model::Owner>>(std::move(owners));
  ns.drops.emplace();
  return ns;
}

inline std::shared_ptr<const model::NetnsId> WithName(const model::NetnsId& id, const std::string& name,
                                                      bool host = false) {
  model::NetnsId changed = id;
  if (!name.empty()) changed.names.push_back(name);
  changed.host = host;
  return std::make_shared<const model::NetnsId>(std::move(changed));
}

inline model::Snapshot MakeSnapshot(std::vector<model::Namespace> namespaces) {
  model::Snapshot snapshot;
  snapshot.node.name = "node-1";
  snapshot.node.boot_id = "b00t";
  snapshot.node.kernel_release = "6.1.0";
  snapshot.node.start_time = kNow - absl::Hours(2);
  snapshot.read_time = kNow - absl::Seconds(1);
  snapshot.complete = true;
  for (model::Namespace& ns : namespaces) {
    snapshot.namespaces.push_back(std::make_shared<const model::Namespace>(std::move(ns)));
  }
  return snapshot;
}

// One drop of the namespace in the second before `end`, with one exact share on `port`.
inline model::DropEvent MakeDropEvent(const model::Namespace& ns, uint16_t port, absl::Time end) {
  model::DropEvent event;
  event.netns = ns.id;
  event.owners = ns.owners;
  event.start = end - absl::Seconds(1);
  event.end = end;
  event.counts.accept_queue_full = 1;
  model::DropShare share;
  share.listener = MakeListener(port, 512, 511).reading;
  share.drops = {.min = 1, .max = 1};
  share.start = event.start;
  share.last = end;
  share.peak_queue = 512;
  event.shares.push_back(std::move(share));
  return event;
}

}  // namespace listenq::serve::testing

#endif  // LISTENQ_TESTS_AGENT_SERVE_SAMPLE_SNAPSHOT_H_
