#include "tests/root/metrics/prometheus.h"

#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <array>
#include <cctype>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "agent/sys/unique_fd.h"
#include "tests/aggregator/metrics/http_get.h"
#include "tests/support/test_netns.h"

namespace listenq::test {
namespace {

// Free a moment ago.
uint16_t FreePort() {
  const sys::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), size) != 0 ||
      getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    Die("find a free port");
  }
  return ntohs(at.sin_port);
}

std::string UrlEncoded(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      encoded.push_back(c);
    } else {
      absl::StrAppend(&encoded, "%", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
  }
  return encoded;
}

std::string Configuration(uint16_t target, const std::string& rules_file) {
  return absl::StrCat(
      "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\n"
      "rule_files: ['",
      rules_file,
      "']\n"
      "scrape_configs:\n"
      "  - job_name: listenq\n"
      "    honor_labels: true\n"
      "    static_configs: [{targets: ['127.0.0.1:",
      target, "']}]\n");
}

}  // namespace

std::string FindPrometheusTool(const std::string& name) {
  std::vector<std::string> folders;
  if (const char* own = getenv("LISTENQ_PROMETHEUS_DIR"); own != nullptr && *own != '\0') {
    folders.emplace_back(own);
    folders.push_back(absl::StrCat(own, "/usr/bin"));
  }
  const char* path = getenv("PATH");
  for (const absl::string_view folder : absl::StrSplit(path == nullptr ? "" : path, ':')) {
    folders.emplace_back(folder);
  }
  for (const std::string& folder : folders) {
    std::string file = absl::StrCat(folder, "/", name);
    if (access(file.c_str(), X_OK) == 0) return file;
  }
  return "";
}

std::string WhyNoPrometheus() {
  for (const char* name : {"prometheus", "promtool"}) {
    if (FindPrometheusTool(name).empty()) {
      return absl::StrCat("needs the program ", name, ": not found in LISTENQ_PROMETHEUS_DIR or PATH");
    }
  }
  return "";
}

Prometheus::Prometheus(uint16_t target, const std::string& rules_file) : port_(FreePort()) {
  const std::string config = folder_.Write("prometheus.yml", Configuration(target, rules_file));
  std::vector<std::string> argv = kEndWithParent;
  for (const std::string& word :
       {FindPrometheusTool("prometheus"), absl::StrCat("--config.file=", config),
        absl::StrCat("--storage.tsdb.path=", folder_.Path("data")),
        absl::StrCat("--web.listen-address=127.0.0.1:", port_), std::string("--log.level=warn")}) {
    argv.push_back(word);
  }
  program_ = std::make_unique<Program>(argv);
}

std::string Prometheus::Raw(const std::string& expression) const {
  return SendRaw(port_, absl::StrCat("GET /api/v1/query?query=", UrlEncoded(expression), " HTTP/1.0\r\n\r\n"))
      .body;
}

std::optional<std::vector<double>> Prometheus::Query(const std::string& expression) const {
  const std::string answer = Raw(expression);
  if (answer.empty() || answer.front() != '{') return std::nullopt;
  const YAML::Node json = YAML::Load(answer);
  if (json["status"].as<std::string>() != "success") return std::nullopt;
  std::vector<double> values;
  for (const auto& series : json["data"]["result"]) values.push_back(series["value"][1].as<double>());
  return values;
}

}  // namespace listenq::test
