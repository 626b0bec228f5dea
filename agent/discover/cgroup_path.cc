#include "agent/discover/cgroup_path.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace listenq::discover {
namespace {

using absl::string_view;

constexpr size_t kIdLength = 64;
constexpr size_t kDashedUidLength = 36;
constexpr size_t kHashUidLength = 32;

bool IsHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

size_t HexRun(string_view text, size_t from) {
  size_t end = from;
  while (end < text.size() && IsHex(text[end])) ++end;
  return end - from;
}

bool EndsName(string_view path, size_t at) {
  return at >= path.size() || path[at] == '/' || path[at] == '.' || path[at] == ':';
}

// xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx; the systemd driver writes _ for -.
bool IsDashedUid(string_view text) {
  if (text.size() != kDashedUidLength) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' && text[i] != '_' : !IsHex(text[i])) return false;
  }
  return true;
}

struct Match {
  string_view text;
  size_t begin = 0;
  size_t end = 0;
};

std::optional<Match> MatchUid(string_view path, size_t at) {
  const string_view dashed = path.substr(at, kDashedUidLength);
  if (IsDashedUid(dashed) && EndsName(path, at + kDashedUidLength)) {
    return Match{dashed, at, at + kDashedUidLength};
  }
  if (HexRun(path, at) == kHashUidLength && EndsName(path, at + kHashUidLength)) {
    return Match{path.substr(at, kHashUidLength), at, at + kHashUidLength};
  }
  return std::nullopt;
}

// The first "pod<uid>" that starts a name or follows a dash in it.
std::optional<Match> FindPod(string_view path) {
  constexpr string_view kPod = "pod";
  for (size_t at = path.find(kPod); at != string_view::npos; at = path.find(kPod, at + 1)) {
    const bool starts = at == 0 || path[at - 1] == '/' || path[at - 1] == '-';
    if (!starts) continue;
    if (std::optional<Match> uid = MatchUid(path, at + kPod.size())) return uid;
  }
  return std::nullopt;
}

bool StartsId(string_view path, size_t at) {
  return at == 0 || path[at - 1] == '/' || path[at - 1] == '-' || path[at - 1] == ':';
}

// The first container id at or after `from`.
std::optional<Match> FindId(string_view path, size_t from) {
  while (from < path.size()) {
    const size_t run = HexRun(path, from);
    if (run == kIdLength && StartsId(path, from) && EndsName(path, from + run)) {
      return Match{path.substr(from, run), from, from + run};
    }
    from += std::max<size_t>(run, 1);
  }
  return std::nullopt;
}

// `before` is the path up to the id.
string_view RuntimeOf(string_view before) {
  const size_t slash = before.rfind('/');
  const string_view folders = slash == string_view::npos ? string_view() : before.substr(0, slash);
  const string_view prefix = slash == string_view::npos ? before : before.substr(slash + 1);
  if (absl::EndsWith(prefix, "cri-containerd-") || absl::EndsWith(prefix, "cri-containerd:"))
    return "containerd";
  if (absl::StartsWith(prefix, "nerdctl-")) return "containerd";
  if (absl::StartsWith(prefix, "crio-")) return "cri-o";
  if (absl::StartsWith(prefix, "docker-")) return "docker";
  if (absl::StartsWith(prefix, "libpod-")) return "podman";
  if (prefix.empty() && (folders == "docker" || absl::EndsWith(folders, "/docker"))) return "docker";
  return "";
}

bool IsMonitor(string_view path) {
  return absl::StrContains(path, "/crio-conmon-") || absl::StrContains(path, "/libpod-conmon-");
}

CgroupOwner ParsePath(string_view path) {
  CgroupOwner owner;
  const std::optional<Match> pod = FindPod(path);
  if (pod.has_value()) {
    owner.pod_uid = std::string(pod->text);
    std::replace(owner.pod_uid.begin(), owner.pod_uid.end(), '_', '-');
  }
  if (const std::optional<Match> id = FindId(path, pod.has_value() ? pod->end : 0)) {
    owner.container_id = std::string(id->text);
    owner.runtime = std::string(RuntimeOf(path.substr(0, id->begin)));
  }
  return owner;
}

struct Line {
  string_view controllers;
  string_view path;
};

// "N:controllers:path"; the path may have colons.
std::optional<Line> SplitLine(string_view line) {
  const size_t first = line.find(':');
  if (first == string_view::npos) return std::nullopt;
  const size_t second = line.find(':', first + 1);
  if (second == string_view::npos) return std::nullopt;
  return Line{line.substr(first + 1, second - first - 1), line.substr(second + 1)};
}

constexpr size_t kRanks = 5;

size_t Rank(const Line& line) {
  if (absl::StrContains(line.path, "kubepods")) return 0;
  if (line.controllers == "name=systemd") return 1;
  if (line.controllers.empty()) return 3;
  for (string_view controller : absl::StrSplit(line.controllers, ',')) {
    if (controller == "cpu" || controller == "memory" || controller == "pids") return 2;
  }
  return 4;
}

}  // namespace

CgroupOwner ParseCgroup(string_view proc_pid_cgroup_file) {
  std::array<CgroupOwner, kRanks> best;
  for (string_view text : absl::StrSplit(proc_pid_cgroup_file, '\n')) {
    const std::optional<Line> line = SplitLine(text);
    if (!line.has_value()) continue;
    if (IsMonitor(line->path)) return {};
    CgroupOwner& place = best[Rank(*line)];
    if (place.empty()) place = ParsePath(line->path);
  }
  for (CgroupOwner& owner : best) {
    if (!owner.empty()) return std::move(owner);
  }
  return {};
}

}  // namespace listenq::discover
