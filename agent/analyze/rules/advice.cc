#include "agent/analyze/rules/advice.h"

#include <algorithm>
#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace listenq::analyze {
namespace {

// By the beginning of comm, which the kernel cuts at 15 bytes. $N stands for the backlog, $PORT for the port.
struct Application {
  absl::string_view comm;
  absl::string_view advice;
};
constexpr std::array<Application, 24> kApplications = {{
    {"nginx",
     "nginx: listen $PORT backlog=$N; (http or stream server block), then restart it: a reload keeps the old "
     "socket"},
    {"redis-server", "Redis: tcp-backlog $N in redis.conf, then restart it"},
    {"valkey-server", "Valkey: tcp-backlog $N in valkey.conf, then restart it"},
    {"node", "Node.js: server.listen({port: $PORT, backlog: $N}), then restart it"},
    {"envoy", "Envoy: tcp_backlog_size: $N in the listener, then restart it"},
    {"haproxy", "HAProxy: backlog $N in the frontend, then restart it"},
    {"gunicorn", "gunicorn: --backlog $N, then restart it"},
    {"uvicorn", "uvicorn: --backlog $N, then restart it"},
    {"hypercorn", "hypercorn: --backlog $N, then restart it"},
    {"uwsgi", "uWSGI: listen = $N, then restart it"},
    {"php-fpm", "PHP-FPM: listen.backlog = $N in the pool, then restart it"},
    {"puma", "Puma: bind \"tcp://0.0.0.0:$PORT?backlog=$N\", then restart it"},
    {"apache2", "Apache: ListenBacklog $N, then restart it"},
    {"httpd", "Apache: ListenBacklog $N, then restart it (busybox httpd has a fixed backlog)"},
    {"mysqld", "MySQL: back_log = $N in my.cnf, then restart it"},
    {"mariadbd", "MariaDB: back_log = $N in my.cnf, then restart it"},
    {"postgres", "PostgreSQL: its backlog follows max_connections; put a pooler such as PgBouncer in front"},
    {"memcached", "memcached: -b $N, then restart it"},
    {"beam.smp",
     "Erlang/OTP: {backlog, $N} among the options of gen_tcp:listen (EMQX and RabbitMQ: backlog = $N of "
     "the listener), then restart it"},
    {"java",
     "Java: new ServerSocket($PORT, $N); Tomcat acceptCount=\"$N\", Jetty acceptQueueSize, Netty SO_BACKLOG; "
     "Spring Boot server.tomcat.accept-count=$N; then restart it"},
    {"dotnet", ".NET: Kestrel's Sockets transport: options.Backlog = $N, then restart it"},
    {"caddy",
     "Go takes net.core.somaxconn as it is when the listener starts: restart it after a change of that"},
    {"ruby", "Ruby: server.listen($N) (Puma: bind \"tcp://0.0.0.0:$PORT?backlog=$N\"), then restart it"},
    {"python",
     "Python: sock.listen($N), asyncio.start_server(…, backlog=$N), gunicorn or uvicorn --backlog $N; then "
     "restart it"},
}};

constexpr absl::string_view kOtherwise =
    "the second argument of listen(2): look for \"backlog\" in the application's configuration, set it to $N "
    "and "
    "restart it";

// Those that a kubelet lets a pod set without being asked (pkg/kubelet/sysctl, SafeSysctlAllowlist).
constexpr std::array<absl::string_view, 10> kSafeSysctls = {
    "net.ipv4.ip_local_port_range",     "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",        "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",         "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",    "net.ipv4.tcp_rmem"};

bool IsSafe(absl::string_view name) {
  return std::find(kSafeSysctls.begin(), kSafeSysctls.end(), name) != kSafeSysctls.end() ||
         name == "net.ipv4.tcp_wmem";
}

std::string InPod(absl::string_view name, absl::string_view value) {
  std::string text =
      absl::StrCat("spec.securityContext.sysctls: [{name: ", name, ", value: \"", value, "\"}] of the pod");
  if (!IsSafe(name)) {
    absl::StrAppend(&text, "\nand allowedUnsafeSysctls: [\"", name,
                    "\"] in the kubelet's configuration of its nodes");
  }
  return text;
}

bool OfDocker(const model::Owner& owner) {
  return owner.source == model::OwnerSource::kDocker || owner.runtime == "docker" ||
         owner.runtime == "podman";
}

}  // namespace

std::string BacklogAdvice(const model::Listener& listener, uint32_t backlog) {
  absl::string_view advice = kOtherwise;
  if (listener.processes != nullptr && !listener.processes->first.empty()) {
    const std::string& comm = listener.processes->first.front().comm;
    const auto* const known = std::find_if(
        kApplications.begin(), kApplications.end(),
        [&](const Application& application) { return absl::StartsWith(comm, application.comm); });
    if (known != kApplications.end()) advice = known->advice;
  }
  return absl::StrReplaceAll(advice,
                             {{"$PORT", absl::StrCat(listener.reading.port)}, {"$N", absl::StrCat(backlog)}});
}

std::string SysctlAdvice(const model::Namespace& ns, absl::string_view name, absl::string_view value) {
  const bool has_owner = ns.owners != nullptr && !ns.owners->empty();
  if (ns.id->host || !has_owner) return absl::StrCat("sysctl -w ", name, "=\"", value, "\" on the node");
  const model::Owner& owner = ns.owners->front();
  if (!owner.pod_uid.empty()) return InPod(name, value);
  if (OfDocker(owner)) {
    return absl::StrCat("docker run --sysctl ", name, "=\"", value, "\" …\ncompose: sysctls: {", name, ": \"",
                        value, "\"}");
  }
  return absl::StrCat("sysctl -w ", name, "=\"", value, "\" inside the network namespace");
}

std::string QueuePrice(uint32_t connections) {
  // /proc/slabinfo of Linux 6.18: TCP 2368 and request_sock_TCP 320 bytes.
  constexpr double kBytesEach = 2688;
  return absl::StrFormat(
      "%d waiting connections hold about %.1f MiB of kernel memory that no cgroup is charged for",
      connections, connections * kBytesEach / (1 << 20));
}

}  // namespace listenq::analyze
