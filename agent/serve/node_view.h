// What the Observer service needs of the agent behind it.
#ifndef LISTENQ_AGENT_SERVE_NODE_VIEW_H_
#define LISTENQ_AGENT_SERVE_NODE_VIEW_H_

#include <memory>

#include "absl/types/span.h"
#include "agent/model/netns.h"
#include "agent/model/snapshot.h"

namespace listenq::analyze {
class FlightRecorder;
}

namespace listenq::serve {

// Threading: safe to call from every thread; no call blocks on a reading of the kernel.
class NodeView {
 public:
  virtual ~NodeView() = default;
  // The newest snapshot; never null.
  virtual std::shared_ptr<const model::Snapshot> Latest() const = 0;
  // Lives as long as the view.
  virtual analyze::FlightRecorder& Recorder() const = 0;
  // A request named these: they get a full reading every second for 30 s.
  virtual void Heat(absl::Span<const model::NetnsSerial> namespaces) = 0;
};

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_NODE_VIEW_H_
