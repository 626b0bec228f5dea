// listenq-aggregator as a process, and its caller; mutual TLS between all of them.
#ifndef LISTENQ_TESTS_BENCH_AGGREGATOR_PROCESS_H_
#define LISTENQ_TESTS_BENCH_AGGREGATOR_PROCESS_H_

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/tls.h"
#include "listenq/v1/observer.grpc.pb.h"
#include "tests/support/program.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_certificates.h"

namespace listenq::bench {

// One certificate for everybody: 127.0.0.1.
class Certificates {
 public:
  Certificates();
  [[nodiscard]] const base::TlsFiles& files() const { return files_; }

 private:
  const test::TestCa ca_{"lqt-bench"};
  const test::TempFolder folder_;
  base::TlsFiles files_;
};

// Failure: dies.
class AggregatorProcess {
 public:
  // Returns when it listens, on a port of 127.0.0.1. `peers` as the flag takes it.
  AggregatorProcess(const std::string& peers, const base::TlsFiles& files,
                    const std::vector<std::string>& more_flags = {});
  ~AggregatorProcess();
  AggregatorProcess(const AggregatorProcess&) = delete;
  AggregatorProcess& operator=(const AggregatorProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return program_.pid(); }
  // "tls://127.0.0.1:PORT".
  [[nodiscard]] const std::string& address() const { return address_; }
  // "127.0.0.1:PORT", of --metrics.
  [[nodiscard]] std::string metrics_address() const { return AwaitInLog("metrics on http://", '/'); }
  [[nodiscard]] v1::Observer::Stub& stub() const { return *stub_; }

  // How many nodes answer now: what `listenq nodes` counts.
  [[nodiscard]] size_t CountAnswering() const;
  // What `listenq top -n 20` asks for.
  struct Top {
    double millis = 0;
    size_t nodes = 0;
    size_t rows = 0;
    // Of the answer's messages.
    size_t bytes = 0;
  };
  [[nodiscard]] Top AskTop() const;

  // Since its start.
  [[nodiscard]] double CpuMillis() const;
  // "VmHWM", "RssAnon".
  [[nodiscard]] double Mib(absl::string_view field) const;

 private:
  // What its log says between `mark` and `end`.
  [[nodiscard]] std::string AwaitInLog(const std::string& mark, char end) const;

  test::Program program_;
  const std::string address_;
  std::unique_ptr<v1::Observer::Stub> stub_;
};

// The value that so many percent are not above; 0 of none.
double Percentile(std::vector<double> values, size_t percent);

}  // namespace listenq::bench

#endif  // LISTENQ_TESTS_BENCH_AGGREGATOR_PROCESS_H_
