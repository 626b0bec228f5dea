// What to type where, by the application or the sysctl.
#ifndef LISTENQ_AGENT_ANALYZE_RULES_ADVICE_H_
#define LISTENQ_AGENT_ANALYZE_RULES_ADVICE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "agent/model/listener.h"
#include "agent/model/snapshot.h"

namespace listenq::analyze {

// How the application that holds the listener is given a backlog of `backlog`, by the name of its process
// ("node", "nginx", "java"); for others what to look for. One or two lines.
std::string BacklogAdvice(const model::Listener& listener, uint32_t backlog);

// How a sysctl of this namespace is set, by what the namespace is: a pod's securityContext.sysctls (and the
// kubelet's allowedUnsafeSysctls where it is no safe one), `docker run --sysctl`, sysctl(8) on the node.
// Several lines.
std::string SysctlAdvice(const model::Namespace& ns, absl::string_view name, absl::string_view value);

// The kernel memory that so many connections hold while they wait for accept(2): the socket and its request,
// which no cgroup is charged for before accept(2) (net/ipv4/inet_connection_sock.c, inet_csk_accept).
std::string QueuePrice(uint32_t connections);

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_ADVICE_H_
