#include "agent/analyze/memory_size.h"

#include <string>

namespace listenq::analyze {
namespace {

size_t HeapOf(const std::string& text) {
  const size_t inline_capacity = std::string().capacity();
  return text.capacity() > inline_capacity ? text.capacity() + 1 : 0;
}

size_t HeapOf(const std::vector<model::PartError>& errors) {
  size_t bytes = CapacityBytes(errors);
  for (const model::PartError& error : errors) bytes += HeapOf(error.part) + HeapOf(error.reason);
  return bytes;
}

size_t HeapOf(const model::Process& process) { return HeapOf(process.comm) + HeapOf(process.container_id); }

size_t HeapOf(const model::Owner& owner) {
  size_t bytes = HeapOf(owner.namespace_name) + HeapOf(owner.pod) + HeapOf(owner.pod_uid) +
                 HeapOf(owner.container) + HeapOf(owner.container_id) + HeapOf(owner.image) +
                 HeapOf(owner.workload) + HeapOf(owner.runtime_handler) + HeapOf(owner.runtime);
  for (const auto& [name, value] : owner.labels) {
    bytes += kTreeNodeBytes + 2 * sizeof(std::string) + HeapOf(name) + HeapOf(value);
  }
  if (owner.process.has_value()) bytes += HeapOf(*owner.process);
  return bytes;
}

}  // namespace

size_t SizeOf(const std::vector<model::Owner>& owners) {
  size_t bytes = sizeof(std::vector<model::Owner>) + CapacityBytes(owners);
  for (const model::Owner& owner : owners) bytes += HeapOf(owner);
  return bytes;
}

size_t SizeOf(const model::Namespace& value) {
  return sizeof(value) + CapacityBytes(value.listeners) + CapacityBytes(value.netstat.values) +
         CapacityBytes(value.snmp.values) + HeapOf(value.errors) + HeapOf(value.degraded_reason) +
         HeapOf(value.not_observable_reason);
}

size_t SizeOf(const model::Sysctls& sysctls) {
  size_t bytes = sizeof(sysctls) + CapacityBytes(sysctls.values);
  for (const model::SysctlValue& value : sysctls.values) {
    bytes += HeapOf(value.unreadable_reason);
    if (value.value.has_value()) bytes += HeapOf(*value.value);
  }
  return bytes;
}

size_t SizeOf(const model::NetnsId& id) {
  size_t bytes = sizeof(id) + CapacityBytes(id.names);
  for (const std::string& name : id.names) bytes += HeapOf(name);
  return bytes;
}

size_t SizeOf(const model::SocketProcesses& processes) {
  size_t bytes = sizeof(processes) + CapacityBytes(processes.first) + HeapOf(processes.unreadable_reason);
  bytes += CapacityBytes(processes.container_ids);
  for (const std::string& id : processes.container_ids) bytes += HeapOf(id);
  for (const model::Process& process : processes.first) bytes += HeapOf(process);
  return bytes;
}

}  // namespace listenq::analyze
