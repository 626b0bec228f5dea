#include "aggregator/peers/source_reader.h"

#include <utility>

#include "absl/time/clock.h"

namespace listenq::aggregator {

SourceReader::SourceReader(std::unique_ptr<PeerSource> source, absl::Duration first_pause)
    : source_(std::move(source)), thread_([this, first_pause] { Run(first_pause); }) {}

SourceReader::~SourceReader() {
  {
    const sys::MutexLock lock(mutex_);
    stop_ = true;
    stopping_.notify_all();
  }
  thread_.join();
}

std::optional<absl::StatusOr<PeerList>> SourceReader::Take() {
  const sys::MutexLock lock(mutex_);
  return std::exchange(newest_, std::nullopt);
}

void SourceReader::Run(absl::Duration pause) {
  while (Wait(pause)) {
    absl::StatusOr<PeerList> read = source_->Read();
    pause = source_->NextPause();
    const sys::MutexLock lock(mutex_);
    newest_ = std::move(read);
  }
}

bool SourceReader::Wait(absl::Duration pause) {
  const absl::Time end = absl::Now() + pause;
  sys::MutexLock lock(mutex_);
  for (absl::Time now = absl::Now(); !stop_ && now < end; now = absl::Now()) {
    lock.WaitFor(stopping_, absl::ToChronoNanoseconds(end - now));
  }
  return !stop_;
}

}  // namespace listenq::aggregator
