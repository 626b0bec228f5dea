#include "agent/discover/plain_runtimes.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "agent/discover/container_state.h"
#include "agent/sys/file.h"

namespace listenq::discover {
namespace {

// Times of files are as coarse as the kernel's tick, and Podman does not write in one step: what is as young
// as this when it is read is read once more.
constexpr absl::Duration kYoung = absl::Seconds(2);

// Of the containers that stay, and of those that are removed when they end.
constexpr std::array<const char*, 2> kPodmanLists = {"/containers.json", "/volatile-containers.json"};

bool SameSysctls(const std::shared_ptr<const SysctlMap>& a, const std::shared_ptr<const SysctlMap>& b) {
  return a == nullptr || b == nullptr ? a == b : *a == *b;
}

// But for `confirmed`.
bool SaysTheSame(const PlainContainer& a, const PlainContainer& b) {
  return a.name == b.name && a.image == b.image && a.labels == b.labels &&
         SameSysctls(a.declared_sysctls, b.declared_sysctls);
}

std::string ParseProblem(const std::string& path, const absl::Status& status) {
  return absl::StrCat("parse ", path, ": ", status.message());
}

}  // namespace

PlainRuntimes::Stamp PlainRuntimes::StampOf(const std::string& path, absl::Time now) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return {.inode = 0, .changed = absl::InfinitePast(), .seen = now};
  return {.inode = file.st_ino, .changed = absl::TimeFromTimespec(file.st_ctim), .seen = now};
}

bool PlainRuntimes::MayHaveChanged(const std::optional<Stamp>& last, const Stamp& now) {
  if (!last.has_value() || last->inode != now.inode || last->changed != now.changed) return true;
  return last->seen - last->changed < kYoung;
}

PlainRuntimes::Reading PlainRuntimes::ReadDockerContainer(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/config.v2.json");
  const absl::StatusOr<std::string> config = sys::ReadFile(path);
  if (absl::IsNotFound(config.status())) return {};
  if (!config.ok()) return {.problem = std::string(config.status().message())};
  const absl::StatusOr<std::string> host_config = sys::ReadFile(absl::StrCat(folder, "/hostconfig.json"));
  Reading reading;
  if (!host_config.ok()) reading.problem = std::string(host_config.status().message());
  absl::StatusOr<PlainContainer> container = ParseDockerContainer(*config, host_config.value_or(""));
  if (!container.ok()) return {.problem = ParseProblem(path, container.status())};
  reading.container = std::make_shared<PlainContainer>(*std::move(container));
  return reading;
}

PlainRuntimes::Reading PlainRuntimes::ReadPodmanContainer(PlainContainer container, const std::string& path) {
  Reading reading;
  reading.container = std::make_shared<PlainContainer>(std::move(container));
  const absl::StatusOr<std::string> specification = sys::ReadFile(path);
  // One that was never started has none.
  if (absl::IsNotFound(specification.status())) return reading;
  if (!specification.ok()) {
    reading.problem = std::string(specification.status().message());
    return reading;
  }
  auto sysctls = ParseSpecificationSysctls(*specification);
  if (sysctls.ok()) {
    reading.container->declared_sysctls = *std::move(sysctls);
  } else {
    reading.problem = ParseProblem(path, sysctls.status());
  }
  return reading;
}

void PlainRuntimes::Replace(Entry& entry, Reading reading, absl::Time now) {
  entry.problem = std::move(reading.problem);
  const bool was = entry.container != nullptr;
  const bool is = reading.container != nullptr;
  if (was && is && SaysTheSame(*entry.container, *reading.container)) return;
  if (is) reading.container->confirmed = now;
  if (was || is) ++version_;
  entry.container = std::move(reading.container);
}

void PlainRuntimes::Refresh(Runtime& runtime, const std::string& id, const std::string& path, absl::Time now,
                            absl::FunctionRef<Reading()> read) {
  Entry& entry = runtime.entries[id];
  entry.round = round_;
  const Stamp stamp = StampOf(path, now);
  if (MayHaveChanged(entry.stamp, stamp)) {
    Reading reading = read();
    if (reading.container != nullptr) reading.container->id = id;
    Replace(entry, std::move(reading), now);
    entry.stamp = stamp;
  }
  if (entry.container == nullptr || now - entry.container->confirmed < options_.restamp) return;
  PlainContainer container = *entry.container;
  container.confirmed = now;
  entry.container = std::make_shared<const PlainContainer>(std::move(container));
  ++version_;
}

void PlainRuntimes::DropUnseen(Runtime& runtime) {
  for (auto entry = runtime.entries.begin(); entry != runtime.entries.end();) {
    if (entry->second.round == round_) {
      ++entry;
      continue;
    }
    if (entry->second.container != nullptr) ++version_;
    entry = runtime.entries.erase(entry);
  }
}

absl::Status PlainRuntimes::ReadDocker(absl::Time now) {
  const std::string folder = absl::StrCat(options_.docker_root, "/containers");
  absl::StatusOr<std::vector<std::string>> ids = sys::ListFolder(folder);
  if (!ids.ok()) return ids.status();
  ids->erase(
      std::remove_if(ids->begin(), ids->end(), [](const std::string& id) { return !IsContainerId(id); }),
      ids->end());
  // The same ones each time.
  std::sort(ids->begin(), ids->end());
  if (ids->size() > kMaxContainers) ids->resize(kMaxContainers);
  for (const std::string& id : *ids) {
    const std::string own = absl::StrCat(folder, "/", id);
    Refresh(docker_, id, absl::StrCat(own, "/config.v2.json"), now,
            [&own] { return ReadDockerContainer(own); });
  }
  return absl::OkStatus();
}

bool PlainRuntimes::ReadPodmanList(const std::string& path, absl::Time now, PodmanList* list) {
  const Stamp stamp = StampOf(path, now);
  if (!MayHaveChanged(list->stamp, stamp)) return false;
  list->stamp = stamp;
  const absl::StatusOr<std::string> text = sys::ReadFile(path);
  if (!text.ok()) {
    list->containers = text.status();
    if (absl::IsNotFound(text.status())) list->containers = std::vector<PlainContainer>();
    return true;
  }
  list->containers = ParsePodmanContainers(*text);
  if (!list->containers.ok()) {
    list->containers = absl::InvalidArgumentError(ParseProblem(path, list->containers.status()));
  }
  return true;
}

absl::Status PlainRuntimes::ReadPodman(absl::Time now) {
  const std::string folder = absl::StrCat(options_.podman_root, "/overlay-containers");
  if (const auto found = sys::StatFile(folder); !found.ok()) return found.status();
  bool listed_anew = false;
  for (size_t i = 0; i < podman_lists_.size(); ++i) {
    listed_anew |= ReadPodmanList(absl::StrCat(folder, kPodmanLists.at(i)), now, &podman_lists_.at(i));
  }
  for (const PodmanList& list : podman_lists_) {
    if (!list.containers.ok()) return list.containers.status();
  }
  for (const PodmanList& list : podman_lists_) {
    for (const PlainContainer& container : *list.containers) {
      // What the list says is read again with the rest.
      if (listed_anew) podman_.entries[container.id].stamp.reset();
      const std::string path = absl::StrCat(folder, "/", container.id, "/userdata/config.json");
      Refresh(podman_, container.id, path, now, [&] { return ReadPodmanContainer(container, path); });
    }
  }
  return absl::OkStatus();
}

void PlainRuntimes::Report(const std::string& source, Runtime& runtime, const absl::Status& status,
                           absl::Time now, Result* result) {
  // What a runtime that failed to answer told last stays; that of one that is not there (any more) goes.
  if (status.ok() || absl::IsNotFound(status)) DropUnseen(runtime);
  if (absl::IsNotFound(status)) return;
  if (status.ok()) runtime.last_success = now;
  model::SourceHealth health;
  health.source = source;
  health.healthy = status.ok();
  health.message = std::string(status.message());
  health.last_success = runtime.last_success;
  size_t problems = 0;
  const std::string* problem = nullptr;
  for (const auto& [id, entry] : runtime.entries) {
    if (entry.container != nullptr) result->containers.push_back(entry.container);
    if (entry.problem.empty()) continue;
    if (problems++ == 0) problem = &entry.problem;
  }
  if (status.ok() && problem != nullptr) {
    health.message =
        absl::StrCat(problems, " of ", runtime.entries.size(), " containers could not be read: ", *problem);
  }
  result->sources.push_back(std::move(health));
}

PlainRuntimes::Result PlainRuntimes::Read(absl::Time now) {
  ++round_;
  Result result;
  Report(absl::StrCat("docker ", options_.docker_root), docker_, ReadDocker(now), now, &result);
  Report(absl::StrCat("podman ", options_.podman_root), podman_, ReadPodman(now), now, &result);
  result.version = version_;
  return result;
}

}  // namespace listenq::discover
