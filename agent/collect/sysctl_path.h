// Where a sysctl's file is.
#ifndef LISTENQ_AGENT_COLLECT_SYSCTL_PATH_H_
#define LISTENQ_AGENT_COLLECT_SYSCTL_PATH_H_

#include <cstddef>
#include <string>

namespace listenq::collect {

// The file of model::SysctlTable()[index], "/proc/sys/net/core/somaxconn". It shows the namespace of the
// thread that opens it.
const std::string& SysctlPath(size_t index);

}  // namespace listenq::collect

#endif  // LISTENQ_AGENT_COLLECT_SYSCTL_PATH_H_
