// What these tests make on the machine, and its removal whatever happened.
//
// Everything has one fixed name, so that it can be found again: one run at a time, by a lock.
#ifndef LISTENQ_TESTS_E2E_MACHINE_H_
#define LISTENQ_TESTS_E2E_MACHINE_H_

#include <string>

#include "agent/sys/unique_fd.h"

namespace listenq::test {

// Holds all files: state, sockets, the image. Short, for the paths of unix sockets.
inline constexpr char kFolder[] = "/tmp/lqt-e2e";
inline constexpr char kEndpoint[] = "unix:///tmp/lqt-e2e/containerd.sock";
inline constexpr char kSocket[] = "/tmp/lqt-e2e/containerd.sock";
// CNI's name of the pods' network; the bridge's; the cgroup, in every hierarchy, that the pods are in.
inline constexpr char kNetwork[] = "lqt-e2e";
inline constexpr char kBridge[] = "lqt-e2e";
inline constexpr char kCgroup[] = "lqt-e2e";
inline constexpr char kImage[] = "localhost/lqt-pod:1";
inline constexpr char kImageProgram[] = "/lqt-pod";

// "" when this machine can run containerd, else what it lacks.
[[nodiscard]] std::string WhyNoContainerd();

// Waits for other runs to end, janitors included. Held until the descriptor is closed, here and in all that
// inherited it. Dies when they don't.
[[nodiscard]] sys::UniqueFd LockMachine();

// Starts a process that waits for the end of this one, however it comes, and then sweeps. It inherits `lock`.
// All that this program starts from here on can be told by its environment.
void StartJanitor(int lock);
// main() of that process.
int RunJanitor();

// Makes kFolder, and notes in it what is there outside of it, so that the sweep can tell. Dies when it
// exists.
void MakeFolder();

// Ends and removes all of it: by the runtime while it answers, the rest by hand. Says on standard error what
// it could not remove; false then.
bool SweepMachine();

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_E2E_MACHINE_H_
