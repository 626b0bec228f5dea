#include "aggregator/peers/ticker.h"

#include "absl/time/clock.h"

namespace listenq::aggregator {

Ticker::Ticker() : thread_([this] { Run(); }) {}

Ticker::~Ticker() {
  {
    const sys::MutexLock lock(mutex_);
    stop_ = true;
    stopping_.notify_all();
  }
  thread_.join();
}

void Ticker::Add(Client* client) {
  const sys::MutexLock lock(mutex_);
  clients_.insert(client);
}

void Ticker::Remove(Client* client) {
  const sys::MutexLock lock(mutex_);
  clients_.erase(client);
}

void Ticker::Run() {
  sys::MutexLock lock(mutex_);
  while (!stop_) {
    lock.WaitFor(stopping_, absl::ToChronoNanoseconds(kInterval));
    const absl::Time now = absl::Now();
    for (Client* client : clients_) client->OnTick(now);
  }
}

}  // namespace listenq::aggregator
