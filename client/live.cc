#include "client/live.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <future>
#include <optional>

#include "absl/strings/str_cat.h"
#include "agent/sys/unique_fd.h"
#include "client/text.h"

namespace listenq::client {
namespace {

using Taken = absl::StatusOr<std::string>;

// The first line of an error, above what was seen last.
std::string WithError(const absl::Status& status, const std::string& last, size_t columns) {
  const absl::string_view message = status.message();
  const std::string line =
      absl::StrCat("trying again: ", EscapeForTerminal(message.substr(0, message.find('\n'))));
  return absl::StrCat(Truncate(line, columns), "\n", last);
}

// Absent when the user quits meanwhile.
std::optional<Taken> WaitForPicture(LiveScreen& screen, std::future<Taken>& taking, int done_fd) {
  while (true) {
    switch (screen.Wait(done_fd, absl::InfiniteDuration())) {
      case LiveScreen::Event::kQuit:
        return std::nullopt;
      case LiveScreen::Event::kDone: {
        uint64_t count = 0;
        if (read(done_fd, &count, sizeof(count)) > 0) return taking.get();
        break;
      }
      default:
        break;
    }
  }
}

}  // namespace

absl::Status RunLive(const std::function<Taken(const ScreenSize&)>& take, const std::function<void()>& cancel,
                     absl::Duration interval) {
  const sys::UniqueFd done(eventfd(0, EFD_CLOEXEC));
  LiveScreen screen;
  std::optional<std::string> last;
  while (true) {
    const absl::Time start = absl::Now();
    const ScreenSize size = LiveScreen::size();
    std::future<Taken> taking = std::async(std::launch::async, [&] {
      Taken taken = take(size);
      eventfd_write(done.get(), 1);
      return taken;
    });
    const std::optional<Taken> taken = WaitForPicture(screen, taking, done.get());
    if (!taken) {
      cancel();
      taking.wait();
      return absl::OkStatus();
    }
    if (!taken->ok() && (!last || absl::IsAborted(taken->status()))) return taken->status();
    if (taken->ok()) last = **taken;
    const std::string picture = taken->ok() ? *last : WithError(taken->status(), *last, size.columns);
    if (!LiveScreen::Draw(picture).ok()) return absl::OkStatus();
    if (screen.Wait(-1, start + interval - absl::Now()) == LiveScreen::Event::kQuit) return absl::OkStatus();
  }
}

}  // namespace listenq::client
