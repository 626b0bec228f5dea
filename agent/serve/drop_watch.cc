#include "agent/serve/drop_watch.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/analyze/flight_recorder.h"

namespace listenq::serve {

DropWatch::DropWatch(std::shared_ptr<DropHub> hub, Filter filter, RowContext context,
                     const v1::NodeStatus& first)
    : hub_(std::move(hub)),
      filter_(std::move(filter)),
      context_(std::move(context)),
      node_name_(first.node_name()) {
  *message_.mutable_node_status() = first;
}

DropWatch* DropWatch::Start(std::shared_ptr<DropHub> hub, Filter filter, RowContext context,
                            const v1::NodeStatus& first) {
  const std::shared_ptr<DropWatch> watch(
      new DropWatch(std::move(hub), std::move(filter), std::move(context), first));
  watch->self_ = watch;
  // Before the first message goes out: from then on no event is lost.
  if (!watch->hub_->Add(watch)) {
    watch->self_.reset();
    return nullptr;
  }
  watch->StartWrite(&watch->message_);
  return watch.get();
}

void DropWatch::Push(const std::shared_ptr<const model::DropEvent>& event) {
  if (!filter_.Matches(*event)) return;
  {
    const sys::MutexLock lock(mutex_);
    if (end_.has_value()) return;
    if (queue_.size() == kMaxQueued) {
      queue_.pop_front();
      ++missed_;
    }
    queue_.push_back(event);
    if (writing_) return;
    writing_ = true;
  }
  SendNext();
}

void DropWatch::End(const grpc::Status& status) {
  {
    const sys::MutexLock lock(mutex_);
    if (end_.has_value()) return;
    end_ = status;
    queue_.clear();
    if (writing_) return;
    writing_ = true;
  }
  SendNext();
}

// The caller has set writing_: it alone writes or finishes.
void DropWatch::SendNext() {
  std::shared_ptr<const model::DropEvent> event;
  std::optional<grpc::Status> end;
  uint64_t missed = 0;
  {
    const sys::MutexLock lock(mutex_);
    if (finished_) return;
    if (end_.has_value()) {
      finished_ = true;
      end = end_;
    } else if (queue_.empty()) {
      writing_ = false;
      return;
    } else {
      event = std::move(queue_.front());
      queue_.pop_front();
      missed = std::exchange(missed_, 0);
    }
  }
  if (end.has_value()) return Finish(*end);
  v1::DropEvent* proto = message_.mutable_event();
  proto->Clear();
  proto->set_node_name(node_name_);
  ToProto(context_, *event, proto);
  proto->set_missed_events(missed);
  StartWrite(&message_);
}

void DropWatch::OnWriteDone(bool ok) {
  if (!ok) {
    const sys::MutexLock lock(mutex_);
    if (!end_.has_value()) end_ = grpc::Status(grpc::StatusCode::CANCELLED, "the caller is gone");
    queue_.clear();
  }
  SendNext();
}

void DropWatch::OnCancel() { End(grpc::Status(grpc::StatusCode::CANCELLED, "the caller cancelled")); }

void DropWatch::OnDone() {
  hub_->Remove(this);
  self_.reset();
}

std::shared_ptr<DropHub> DropHub::Open(NodeView& view) {
  std::shared_ptr<DropHub> hub(new DropHub(view));
  hub->subscription_ =
      view.Recorder().Subscribe([weak = std::weak_ptr<DropHub>(hub)](const model::DropEvent& event) {
        if (const std::shared_ptr<DropHub> open = weak.lock()) open->Pass(event);
      });
  return hub;
}

grpc::Status DropHub::ClosedStatus() { return {grpc::StatusCode::UNAVAILABLE, "the agent is shutting down"}; }

bool DropHub::Add(const std::shared_ptr<DropWatch>& watch) {
  const sys::MutexLock lock(mutex_);
  if (closed_) return false;
  watches_.push_back(watch);
  return true;
}

void DropHub::Remove(const DropWatch* watch) {
  std::shared_ptr<DropWatch> removed;
  const sys::MutexLock lock(mutex_);
  const auto found = std::find_if(watches_.begin(), watches_.end(),
                                  [watch](const auto& candidate) { return candidate.get() == watch; });
  if (found == watches_.end()) return;
  removed = std::move(*found);
  watches_.erase(found);
}

void DropHub::Pass(const model::DropEvent& event) {
  std::vector<std::shared_ptr<DropWatch>> watches;
  {
    const sys::MutexLock lock(mutex_);
    watches = watches_;
  }
  if (watches.empty()) return;
  const auto shared = std::make_shared<const model::DropEvent>(event);
  for (const auto& watch : watches) watch->Push(shared);
}

void DropHub::Close() {
  std::vector<std::shared_ptr<DropWatch>> watches;
  {
    const sys::MutexLock lock(mutex_);
    if (std::exchange(closed_, true)) return;
    watches = watches_;
  }
  view_.Recorder().Unsubscribe(subscription_);
  for (const auto& watch : watches) watch->End(ClosedStatus());
}

}  // namespace listenq::serve
