#include "aggregator/metrics/metrics_labels.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "aggregator/metrics/metrics_text.h"

namespace listenq::aggregator {
namespace {

constexpr absl::string_view kOverflow = "overflow";

std::string NodeLabel(absl::string_view node) {
  std::string labels;
  AddLabel("node", node, &labels);
  return labels;
}

std::string NameOf(const v1::Netns& netns) {
  if (netns.host()) return "host";
  return netns.names().empty() ? absl::StrCat("net:[", netns.inode(), "]") : netns.names(0);
}

}  // namespace

std::string NamespaceLabels(absl::string_view node, const v1::Netns& netns, const Owners& owners) {
  std::string labels = NodeLabel(node);
  const v1::Owner& owner = owners.empty() ? v1::Owner::default_instance() : owners[0];
  if (!owner.pod().empty()) {
    AddLabel("namespace", owner.namespace_(), &labels);
    AddLabel("pod", owner.pod(), &labels);
  } else if (!owner.container().empty() && !netns.host()) {
    AddLabel("container", owner.container(), &labels);
  } else {
    AddLabel("netns", NameOf(netns), &labels);
  }
  return labels;
}

std::string ListenerLabels(absl::string_view node, const v1::Netns& netns, const Owners& owners,
                           uint32_t port) {
  std::string labels = NodeLabel(node);
  const v1::Owner& owner = owners.empty() ? v1::Owner::default_instance() : owners[0];
  AddLabel("namespace", owner.pod().empty() ? "" : owner.namespace_(), &labels);
  AddLabel("pod", owner.pod(), &labels);
  AddLabel("container", owner.container(), &labels);
  if (owner.pod().empty() && owner.container().empty()) AddLabel("netns", NameOf(netns), &labels);
  AddLabel("port", absl::StrCat(port), &labels);
  return labels;
}

std::string OverflowOf(std::string labels) {
  // Quotes within values are escaped: this is no value's.
  if (!absl::StrContains(labels, ",container=\"")) AddLabel("container", kOverflow, &labels);
  AddLabel("port", kOverflow, &labels);
  return labels;
}

std::string NamespaceOverflow(absl::string_view node) {
  std::string labels = NodeLabel(node);
  AddLabel("namespace", kOverflow, &labels);
  AddLabel("pod", kOverflow, &labels);
  return labels;
}

std::string ListenerOverflow(absl::string_view node) { return OverflowOf(NamespaceOverflow(node)); }

std::string WorkloadLabels(absl::string_view node, const Owners& owners) {
  if (owners.empty() || owners[0].workload().empty()) return "";
  std::string labels = NodeLabel(node);
  AddLabel("namespace", owners[0].namespace_(), &labels);
  AddLabel("workload", owners[0].workload(), &labels);
  return labels;
}

std::string WorkloadOverflow(absl::string_view node) {
  std::string labels = NodeLabel(node);
  AddLabel("namespace", kOverflow, &labels);
  AddLabel("workload", kOverflow, &labels);
  return labels;
}

}  // namespace listenq::aggregator
