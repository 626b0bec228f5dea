// The loop of a live picture on a terminal.
#ifndef LISTENQ_CLIENT_LIVE_H_
#define LISTENQ_CLIENT_LIVE_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/terminal.h"

namespace listenq::client {

// Takes a picture and draws it, every `interval`, until the user quits (OK). An error of the first picture
// ends it, and Aborted does at any time; another one is shown above the last picture, and the loop goes on.
// Threading: `take` runs on a thread of its own, one at a time; `cancel` is called from this one and makes a
// running `take` return.
absl::Status RunLive(const std::function<absl::StatusOr<std::string>(const ScreenSize&)>& take,
                     const std::function<void()>& cancel, absl::Duration interval);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_LIVE_H_
