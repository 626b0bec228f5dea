#include "agent/discover/naming.h"

#include <algorithm>
#include <utility>

#include "agent/discover/guest_kernel.h"
#include "agent/sys/file.h"

namespace listenq::discover {
namespace {

using model::Owner;
using model::OwnerSource;

Owner OwnerOfPod(const Pod& pod, const PodContainer* container) {
  Owner owner;
  owner.namespace_name = pod.namespace_name;
  owner.pod = pod.name;
  owner.pod_uid = pod.uid;
  if (container != nullptr) {
    owner.container = container->name;
    owner.container_id = container->id;
    owner.image = container->image;
  }
  owner.labels = pod.labels;
  owner.workload = pod.workload;
  owner.runtime_handler = pod.runtime_handler;
  owner.source = OwnerSource::kCri;
  owner.source_time = pod.confirmed;
  owner.stale = pod.stale;
  return owner;
}

Owner OwnerOfPlainContainer(const PlainContainer& container) {
  Owner owner;
  owner.container = container.name;
  owner.container_id = container.id;
  owner.image = container.image;
  owner.labels = container.labels;
  owner.runtime = container.runtime;
  owner.source = OwnerSource::kDocker;
  owner.source_time = container.confirmed;
  return owner;
}

Owner OwnerOfCgroup(const CgroupOwner& container, absl::Time now) {
  Owner owner;
  owner.pod_uid = container.pod_uid;
  owner.container_id = container.container_id;
  owner.runtime = container.runtime;
  owner.source = OwnerSource::kCgroup;
  owner.source_time = now;
  return owner;
}

const PodContainer* FindContainer(const Pod& pod, const std::string& id) {
  const auto found = std::find_if(pod.containers.begin(), pod.containers.end(),
                                  [&](const PodContainer& container) { return container.id == id; });
  return found == pod.containers.end() ? nullptr : &*found;
}

class Naming {
 public:
  Naming(const FoundNamespace& found, const Names& names, absl::Time now)
      : found_(found), names_(names), now_(now) {}

  NamedNamespace Run() && {
    if (found_.host) {
      AddAlone(OwnerSource::kHost);
      for (const auto& container : found_.containers) AddGuest(*container);
      named_.owners_truncated = found_.containers_truncated;
      return std::move(named_);
    }
    const std::vector<const Pod*> pods = FindPods();
    for (const Pod* pod : pods) AddPod(*pod);
    if (pods.empty()) AddContainers();
    if (named_.owners.empty()) AddAlone(found_.pins.empty() ? OwnerSource::kProcess : OwnerSource::kPin);
    if (named_.owners.size() > NamedNamespace::kMaxOwners) {
      named_.owners.resize(NamedNamespace::kMaxOwners);
      named_.owners_truncated = true;
    }
    SetObservable(pods.empty() ? nullptr : pods.front());
    return std::move(named_);
  }

 private:
  [[nodiscard]] std::vector<const Pod*> FindPods() const {
    std::vector<const Pod*> pods;
    const auto add = [&](const Pod* pod) {
      if (pod != nullptr && std::find(pods.begin(), pods.end(), pod) == pods.end()) pods.push_back(pod);
    };
    for (const std::string& pin : found_.pins) add(names_.PodOfNetnsName(sys::BaseName(pin)));
    if (!pods.empty()) return pods;
    for (const uint32_t pid : found_.pids) add(names_.PodOfSandboxPid(pid));
    if (!pods.empty()) return pods;
    for (const auto& container : found_.containers) add(names_.PodOfContainer(container->container_id));
    return pods;
  }

  void AddPod(const Pod& pod) {
    for (const PodContainer& container : pod.containers) {
      named_.owners.push_back(OwnerOfPod(pod, &container));
    }
    AddUnlisted(pod);
    if (named_.owners.empty()) named_.owners.push_back(OwnerOfPod(pod, nullptr));
    if (pod.detail != nullptr) Declare(pod.detail->declared_sysctls);
  }

  // Containers that run already, and that the runtime's next list will name: what they hold is not their
  // siblings'.
  void AddUnlisted(const Pod& pod) {
    for (const auto& container : found_.containers) {
      if (container->pod_uid != pod.uid || names_.PodOfContainer(container->container_id) != nullptr)
        continue;
      Owner& owner = named_.owners.emplace_back(OwnerOfPod(pod, nullptr));
      owner.container_id = container->container_id;
    }
  }

  void AddContainers() {
    for (const auto& container : found_.containers) {
      const PlainContainer* plain = names_.ContainerById(container->container_id);
      if (plain != nullptr) {
        named_.owners.push_back(OwnerOfPlainContainer(*plain));
        Declare(plain->declared_sysctls);
      } else {
        named_.owners.push_back(OwnerOfCgroup(*container, now_));
      }
    }
  }

  void AddGuest(const CgroupOwner& container) {
    const Pod* pod = names_.PodOfContainer(container.container_id);
    if (pod == nullptr) {
      const PlainContainer* plain = names_.ContainerById(container.container_id);
      named_.owners.push_back(plain != nullptr ? OwnerOfPlainContainer(*plain)
                                               : OwnerOfCgroup(container, now_));
    } else if (const PodContainer* own = FindContainer(*pod, container.container_id); own != nullptr) {
      named_.owners.push_back(OwnerOfPod(*pod, own));
    }
  }

  void AddAlone(OwnerSource source) {
    Owner owner;
    owner.source = source;
    owner.source_time = now_;
    if (source == OwnerSource::kProcess && !found_.first_processes.empty()) {
      owner.process = found_.first_processes.front();
    }
    named_.owners.push_back(std::move(owner));
  }

  // Only the container that made a namespace can set its sysctls: the others of a shared one declare none.
  void Declare(const std::shared_ptr<const SysctlMap>& sysctls) {
    if (sysctls == nullptr) return;
    if (named_.declared_sysctls == nullptr || named_.declared_sysctls->empty()) {
      named_.declared_sysctls = sysctls;
    }
  }

  void SetObservable(const Pod* pod) {
    std::vector<std::string> comms;
    comms.reserve(found_.first_processes.size());
    for (const model::Process& process : found_.first_processes) comms.push_back(process.comm);
    named_.not_observable_reason =
        GuestKernelReason(pod, comms, pod != nullptr || !found_.containers.empty());
  }

  const FoundNamespace& found_;
  const Names& names_;
  const absl::Time now_;
  NamedNamespace named_;
};

}  // namespace

NamedNamespace NameNamespace(const FoundNamespace& found, const Names& names, absl::Time now) {
  return Naming(found, names, now).Run();
}

}  // namespace listenq::discover
