// The benchmark: one Markdown table of measured values beside their targets.
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/bench/own_machine.h"
#include "tests/bench/parts.h"
#include "tests/bench/report.h"
#include "tests/support/skip.h"

namespace listenq::bench {
namespace {

constexpr int kSkipped = 77;  // what ctest is told to take for "skipped"

constexpr char kUsage[] =
    "usage: listenq_bench [--quick | --smoke] [PART…]\n"
    "\n"
    "Parts: sample, agent, names, day, front; all of these where none is named. And cluster, which takes\n"
    "minutes and both cores. Needs root.\n"
    "  --quick   fewer rounds and shorter windows\n"
    "  --smoke   only proves that everything runs\n"
    "Exit code: 0, also where a target is missed; 1 when something failed, or grew that must not.\n";

struct Part {
  std::string name;
  Report (*run)(Size);
  bool own_machine = true;
  // Runs also where no part is named.
  bool by_default = true;
};

const std::vector<Part>& AllParts() {
  static const auto* const kParts =
      new std::vector<Part>{{"sample", RunSamplePart},
                            {"agent", RunAgentPart},
                            {"names", RunNamesPart, /*own_machine=*/false},
                            {"day", RunDayPart},
                            {"front", RunFrontPart},
                            {"cluster", RunClusterPart, /*own_machine=*/true, /*by_default=*/false}};
  return *kParts;
}

struct Arguments {
  Size size = Size::kFull;
  std::vector<Part> parts;
  bool valid = true;
};

Arguments ParseArguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto part = std::find_if(AllParts().begin(), AllParts().end(),
                                   [&](const Part& candidate) { return candidate.name == word; });
    if (word == "--quick") {
      arguments.size = Size::kQuick;
    } else if (word == "--smoke") {
      arguments.size = Size::kSmoke;
    } else if (part != AllParts().end()) {
      arguments.parts.push_back(*part);
    } else {
      arguments.valid = false;
    }
  }
  if (!arguments.parts.empty()) return arguments;
  for (const Part& part : AllParts()) {
    if (part.by_default || arguments.size == Size::kSmoke) arguments.parts.push_back(part);
  }
  return arguments;
}

double Load() {
  double load = 0;
  return getloadavg(&load, 1) == 1 ? load : 0;
}

std::string DescribeMachine() {
  utsname names = {};
  uname(&names);
  return absl::StrCat("Linux ", names.release, ", ", std::thread::hardware_concurrency(),
                      " cores, load before: ", Format("%.1f", Load()));
}

// False when it could not be run.
bool RunPart(const Part& part, Size size, Report* report) {
  fprintf(stderr, "%s …\n", part.name.c_str());
  if (!part.own_machine) {
    report->Append(part.run(size));
    return true;
  }
  const absl::Time start = absl::Now();
  const auto text = RunOnOwnMachine([&](int output) {
    const std::string bytes = Encode(part.run(size));
    return write(output, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) ? 0 : 1;
  });
  const auto part_report = text.ok() ? Decode(*text) : std::nullopt;
  fprintf(stderr, "%s: %.0f s\n", part.name.c_str(), absl::ToDoubleSeconds(absl::Now() - start));
  if (!part_report.has_value()) {
    fprintf(stderr, "listenq_bench: %s: %s\n", part.name.c_str(), text.status().ToString().c_str());
    return false;
  }
  report->Append(*part_report);
  return true;
}

int Main(int argc, char** argv) {
  const Arguments arguments = ParseArguments(argc, argv);
  if (!arguments.valid) {
    fputs(kUsage, stderr);
    return 2;
  }
  if (const std::string why = test::WhyNotRoot(); !why.empty()) {
    fprintf(stderr, "listenq_bench: %s\n", why.c_str());
    return kSkipped;
  }
  const std::string machine = DescribeMachine();
  Report report;
  bool complete = true;
  for (const Part& part : arguments.parts) complete = RunPart(part, arguments.size, &report) && complete;
  printf("%s, after: %.1f\n\n%s", machine.c_str(), Load(), ToMarkdown(report).c_str());
  if (report.failed) fprintf(stderr, "listenq_bench: something grew that must not\n");
  return complete && !report.failed ? 0 : 1;
}

}  // namespace
}  // namespace listenq::bench

int main(int argc, char** argv) { return listenq::bench::Main(argc, argv); }
