#include "tests/bench/aggregator_process.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/address.h"
#include "base/channel.h"
#include "tests/bench/meter.h"
#include "tests/bench/simulated_node.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::bench {
namespace {

std::vector<std::string> Words(const std::string& peers, const base::TlsFiles& files,
                               const std::vector<std::string>& more_flags) {
  std::vector<std::string> words = {
      LISTENQ_AGGREGATOR, "--listen",   "tls://127.0.0.1:0", "--peers",   peers,    "--tls-ca",
      files.ca,           "--tls-cert", files.cert,          "--tls-key", files.key};
  words.insert(words.end(), more_flags.begin(), more_flags.end());
  return words;
}

std::unique_ptr<v1::Observer::Stub> Connect(const std::string& text, const base::TlsFiles& files) {
  const auto address = base::ParseServerAddress(text);
  const auto material = base::ReadTlsFiles(files);
  if (!address.ok() || !material.ok()) test::Die(absl::StrCat("connect to ", text));
  const auto channel = base::MakeChannel(*address, {.tls = base::MutualTls(*material)});
  if (!channel.ok()) test::Die(channel.status().ToString());
  return v1::Observer::NewStub(*channel);
}

void SetDeadline(grpc::ClientContext* context) {
  context->set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
}

void Check(const char* what, const grpc::Status& status) {
  if (!status.ok()) test::Die(absl::StrCat(what, ": ", status.error_message()));
}

}  // namespace

Certificates::Certificates() {
  const test::CertificateFiles files = ca_.Write(folder_, "node",
                                                 {.dns_names = {"agent.listenq.svc"},
                                                  .uris = {"spiffe://cluster.local/ns/listenq/sa/listenq"},
                                                  .ip_addresses = {"127.0.0.1"}});
  files_ = {.ca = files.ca, .cert = files.cert, .key = files.key};
}

AggregatorProcess::AggregatorProcess(const std::string& peers, const base::TlsFiles& files,
                                     const std::vector<std::string>& more_flags)
    : program_(Words(peers, files, more_flags)),
      address_(AwaitInLog(" serves on ", '\n')),
      stub_(Connect(address_, files)) {}

AggregatorProcess::~AggregatorProcess() {
  program_.Signal(SIGTERM);
  (void)program_.Wait(absl::Seconds(10));
}

std::string AggregatorProcess::AwaitInLog(const std::string& mark, char end) const {
  std::string log;
  size_t start = std::string::npos;
  const bool is_there = test::WaitUntil([&] {
    log = program_.Errors();
    start = log.find(mark);
    return start != std::string::npos && log.find(end, start + mark.size()) != std::string::npos;
  });
  if (!is_there) test::Die(absl::StrCat("start ", LISTENQ_AGGREGATOR, ": ", log));
  start += mark.size();
  return log.substr(start, log.find(end, start) - start);
}

size_t AggregatorProcess::CountAnswering() const {
  grpc::ClientContext context;
  SetDeadline(&context);
  v1::ListNodesResponse response;
  Check("list nodes", stub_->ListNodes(&context, {}, &response));
  return response.summary().nodes_answered();
}

AggregatorProcess::Top AggregatorProcess::AskTop() const {
  Top top;
  const absl::Time start = absl::Now();
  grpc::ClientContext context;
  SetDeadline(&context);
  const auto reader = stub_->ListListeners(&context, TopRequest());
  v1::ListListenersResponse message;
  while (reader->Read(&message)) {
    top.bytes += message.ByteSizeLong();
    top.rows += static_cast<size_t>(message.batch().listeners_size());
    if (message.has_summary()) top.nodes = message.summary().nodes_answered();
  }
  Check("list listeners", reader->Finish());
  top.millis = absl::ToDoubleMilliseconds(absl::Now() - start);
  return top;
}

double AggregatorProcess::CpuMillis() const {
  const std::optional<double> micros = CpuMicrosOf(pid());
  if (!micros.has_value()) test::Die(absl::StrCat("the aggregator ended: ", program_.Errors()));
  return *micros / 1000;
}

double AggregatorProcess::Mib(absl::string_view field) const {
  return static_cast<double>(StatusKiB(pid(), field).value_or(0)) / 1024;
}

double Percentile(std::vector<double> values, size_t percent) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[(values.size() * percent + 99) / 100 - 1];
}

}  // namespace listenq::bench
