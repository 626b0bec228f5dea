// A node full of pods that are nowhere but in a snapshot.
#ifndef LISTENQ_TESTS_BENCH_SIMULATED_NODE_H_
#define LISTENQ_TESTS_BENCH_SIMULATED_NODE_H_

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "agent/model/snapshot.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::bench {

struct SimulatedSize {
  size_t pods = 110;
  // In each pod, of one container.
  size_t listeners = 5;
};

// "node-0042".
std::string SimulatedNodeName(size_t number);

// Names, labels and ids of the length that they have in a cluster, a process for each listener, and the
// sysctls of each namespace; queues differ from node to node, a few of them are full and lost connections.
model::Snapshot MakeSimulatedSnapshot(size_t number, const SimulatedSize& size, absl::Time now);

// What `listenq top -n 20` asks for.
v1::ListListenersRequest TopRequest();

}  // namespace listenq::bench

#endif  // LISTENQ_TESTS_BENCH_SIMULATED_NODE_H_
