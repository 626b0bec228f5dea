// Where the parts of the benchmark put their results: rows of two Markdown tables, and remarks.
#ifndef LISTENQ_TESTS_BENCH_REPORT_H_
#define LISTENQ_TESTS_BENCH_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace listenq::bench {

struct Report {
  struct Row {
    std::string what;
    std::string measured;
    // "" is none.
    std::string target;
    bool missed = false;
  };
  std::vector<Row> rows;
  // Rows of the table of light samples, cells as kSampleColumns.
  std::vector<std::vector<std::string>> samples;
  std::vector<std::string> remarks;
  // Something grew that must not: no matter of speed.
  bool failed = false;

  // `value` <= `target`, or it is missed. `format` prints both ("%.2f×").
  void AddAtMost(absl::string_view what, double value, double target, const char* format,
                 absl::string_view addition = "");
  void Add(absl::string_view what, absl::string_view measured);
  void Append(const Report& other);
};

extern const std::vector<std::string> kSampleColumns;

std::string Format(const char* format, double value);

// Between processes. Decode of what Encode did not write: absent.
std::string Encode(const Report& report);
std::optional<Report> Decode(absl::string_view text);

std::string ToMarkdown(const Report& report);

}  // namespace listenq::bench

#endif  // LISTENQ_TESTS_BENCH_REPORT_H_
