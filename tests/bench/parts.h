// The parts of the benchmark. Each runs on a machine of its own (RunOnOwnMachine), save where it says
// otherwise.
#ifndef LISTENQ_TESTS_BENCH_PARTS_H_
#define LISTENQ_TESTS_BENCH_PARTS_H_

#include "tests/bench/report.h"

namespace listenq::bench {

enum class Size {
  kFull,
  kQuick,  // fewer rounds, shorter windows: numbers for whoever works on it
  kSmoke,  // proves that it runs; the numbers mean nothing
};

// CPU time and system calls of one look at a namespace, ours beside the floor and beside /proc/PID/net; over
// namespaces and listeners, and with TIME_WAIT sockets on the node.
Report RunSamplePart(Size size);
// The agent's program over 110 namespaces of 10 listeners: its CPU and memory, and `listenq top`.
Report RunAgentPart(Size size);
// Names by a real containerd: calls and bytes per beat, time to the first complete snapshot, CPU. On this
// machine: a containerd needs its cgroups.
Report RunNamesPart(Size size);
// A day of beats in a fast clock.
Report RunDayPart(Size size);
// A node's front over 110 pods: its memory.
Report RunFrontPart(Size size);
// Aggregators over simulated nodes by mutual TLS, 1,000 in one and 5,000 in a tree: time to connect and to
// answer `listenq top`, memory, bytes. The nodes run on the same cores: their CPU is told apart.
Report RunClusterPart(Size size);

}  // namespace listenq::bench

#endif  // LISTENQ_TESTS_BENCH_PARTS_H_
