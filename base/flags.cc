#include "base/flags.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "base/version.h"

namespace listenq::base {

std::optional<EarlyExit> ParseCommandLine(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return EarlyExit{.code = 0, .text = app.help()};
  } catch (const CLI::CallForVersion&) {
    return EarlyExit{.code = 0, .text = absl::StrCat(app.get_name(), " ", Version(), "\n")};
  } catch (const CLI::ParseError& error) {
    const std::string& name = app.get_name();
    return EarlyExit{.code = 2, .text = absl::StrCat(name, ": ", error.what(), "; see ", name, " --help\n")};
  }
  return std::nullopt;
}

EarlyExit WrongFlag(const std::string& program, const absl::Status& why) {
  return {.code = 2, .text = absl::StrCat(program, ": ", std::string(why.message()), "\n")};
}

absl::Status ReadDuration(absl::string_view flag, const std::string& text, absl::Duration least,
                          absl::Duration* value) {
  if (absl::ParseDuration(text, value) && *value >= least && *value <= absl::Hours(24 * 30))
    return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(flag, " ", text, ": not a duration of at least ",
                                                 absl::FormatDuration(least), ", like 500ms, 5s or 15m"));
}

}  // namespace listenq::base
