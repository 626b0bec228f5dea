// The beat by which calls notice that a peer stalls.
#ifndef LISTENQ_AGGREGATOR_PEERS_TICKER_H_
#define LISTENQ_AGGREGATOR_PEERS_TICKER_H_

#include <condition_variable>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "agent/sys/mutex.h"

namespace listenq::aggregator {

// Contract: calls OnTick of each client every kInterval, from Add until Remove returns.
// Threading: one thread of its own; Add and Remove from any other, not from OnTick.
class Ticker {
 public:
  static constexpr absl::Duration kInterval = absl::Milliseconds(100);

  class Client {
   public:
    virtual ~Client() = default;
    // Must be short and must not block.
    virtual void OnTick(absl::Time now) = 0;
  };

  Ticker();
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  void Add(Client* client) ABSL_LOCKS_EXCLUDED(mutex_);
  void Remove(Client* client) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);

  sys::Mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_set<Client*> clients_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_PEERS_TICKER_H_
