// Sysctls and counters that a request asks for by name or glob.
#ifndef LISTENQ_AGENT_SERVE_NAMES_H_
#define LISTENQ_AGENT_SERVE_NAMES_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/model/counters.h"

namespace listenq::serve {

// Positions in model::SysctlTable(), ascending, each once. A plain name that is not in it is InvalidArgument,
// with the nearest name where one is close; so is a glob that matches none.
absl::StatusOr<std::vector<size_t>> SelectSysctls(const std::vector<std::string>& names);

// The counters of an answer, chosen by nstat's names ("TcpExtListenDrops"), the kernel's bare names
// ("ListenDrops") or globs over either. A name that this kernel lacks selects nothing: that is no error,
// since kernels differ. Threading: keeps what it chose for the last list of names, so one thread at a time.
class CounterSelection {
 public:
  // Empty is the default dozen about listeners.
  explicit CounterSelection(std::vector<std::string> patterns);
  // Positions in `names` that are wanted; valid until the next call.
  const std::vector<size_t>& In(const std::shared_ptr<const model::CounterNames>& names);

 private:
  struct Chosen {
    std::shared_ptr<const model::CounterNames> names;
    std::vector<size_t> positions;
  };

  bool Wants(absl::string_view name) const;

  std::vector<std::string> patterns_;
  std::vector<Chosen> chosen_;
};

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_NAMES_H_
