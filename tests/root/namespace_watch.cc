#include "tests/root/namespace_watch.h"

#include <utility>

namespace listenq::test {
namespace {

template <typename Value>
Value OrDie(absl::StatusOr<Value>&& value) {
  if (!value.ok()) Die(std::string(value.status().message()));
  return *std::move(value);
}

}  // namespace

NamespaceWatch::NamespaceWatch(const NetnsRunner& netns)
    : collector_({}, &clock_),
      paths_({netns.path()}),
      id_(OrDie(sys::StatFile(netns.path()))),
      tracker_({.serial = 1, .dev = id_.dev, .inode = id_.inode}, clock_.Now()) {}

collect::Target NamespaceWatch::MakeTarget() {
  known_ = tracker_.Publish();
  return {.id = id_,
          .paths = paths_,
          .known = tracker_.known(),
          .known_listen_drops = known_->netstat.Get("TcpExtListenDrops"),
          .known_sockets = known_->sockets,
          .plan = &plan_,
          .known_sysctls = known_->sysctls,
          .all_sysctls = true};
}

std::optional<model::DropEvent> NamespaceWatch::ReadFull() {
  const collect::Target target = MakeTarget();
  std::vector<absl::StatusOr<model::NamespaceReading>> readings = collector_.Read({&target, 1});
  return tracker_.ApplyFull(OrDie(std::move(readings.front())));
}

bool NamespaceWatch::Refresh() {
  const collect::Target target = MakeTarget();
  const model::RefreshReading reading = OrDie(std::move(collector_.Refresh({&target, 1}).front()));
  missing_ = reading.missing;
  return tracker_.ApplyRefresh(reading).needs_full;
}

const model::Listener* NamespaceWatch::Find(uint64_t cookie) {
  known_ = tracker_.Publish();
  for (const model::Listener& listener : known_->listeners) {
    if (listener.reading.cookie == cookie) return &listener;
  }
  return nullptr;
}

}  // namespace listenq::test
