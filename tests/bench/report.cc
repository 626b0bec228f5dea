#include "tests/bench/report.h"

#include <array>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace listenq::bench {
namespace {

void AppendTableRow(const std::vector<std::string>& cells, std::string* out) {
  absl::StrAppend(out, "| ", absl::StrJoin(cells, " | "), " |\n");
}

void AppendHead(const std::vector<std::string>& names, std::string* out) {
  AppendTableRow(names, out);
  absl::StrAppend(out, "|");
  for (size_t i = 0; i < names.size(); ++i) absl::StrAppend(out, i == 0 ? "---|" : "---:|");
  absl::StrAppend(out, "\n");
}

}  // namespace

const std::vector<std::string> kSampleColumns = {"namespaces × listeners",
                                                 "floor µs",
                                                 "sample µs",
                                                 "light µs",
                                                 "full µs",
                                                 "/proc/PID/net µs",
                                                 "sample ÷ floor",
                                                 "light ÷ its floor",
                                                 "full ÷ its floor",
                                                 "/proc ÷ sample",
                                                 "calls: floor, sample, light, full, /proc"};

std::string Format(const char* format, double value) {
  std::array<char, 64> text{};
  snprintf(text.data(), text.size(), format, value);
  return text.data();
}

void Report::AddAtMost(absl::string_view what, double value, double target, const char* format,
                       absl::string_view addition) {
  rows.push_back({.what = std::string(what),
                  .measured = absl::StrCat(Format(format, value), addition),
                  .target = absl::StrCat("≤ ", Format(format, target)),
                  .missed = value > target});
}

void Report::Add(absl::string_view what, absl::string_view measured) {
  rows.push_back({.what = std::string(what), .measured = std::string(measured)});
}

void Report::Append(const Report& other) {
  rows.insert(rows.end(), other.rows.begin(), other.rows.end());
  samples.insert(samples.end(), other.samples.begin(), other.samples.end());
  remarks.insert(remarks.end(), other.remarks.begin(), other.remarks.end());
  failed = failed || other.failed;
}

// One line each, cells between tabs, the first says what it is.
std::string Encode(const Report& report) {
  std::string text;
  for (const Report::Row& row : report.rows) {
    absl::StrAppend(&text, "row\t", row.what, "\t", row.measured, "\t", row.target, "\t",
                    row.missed ? "missed" : "", "\n");
  }
  for (const auto& cells : report.samples) {
    absl::StrAppend(&text, "sample\t", absl::StrJoin(cells, "\t"), "\n");
  }
  for (const std::string& remark : report.remarks) absl::StrAppend(&text, "remark\t", remark, "\n");
  if (report.failed) absl::StrAppend(&text, "failed\n");
  return text;
}

std::optional<Report> Decode(absl::string_view text) {
  Report report;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    std::vector<std::string> cells = absl::StrSplit(line, '\t');
    const std::string kind = cells.front();
    cells.erase(cells.begin());
    if (kind == "row" && cells.size() == 4) {
      report.rows.push_back(
          {.what = cells[0], .measured = cells[1], .target = cells[2], .missed = cells[3] == "missed"});
    } else if (kind == "sample" && cells.size() == kSampleColumns.size()) {
      report.samples.push_back(cells);
    } else if (kind == "remark" && cells.size() == 1) {
      report.remarks.push_back(cells[0]);
    } else if (kind == "failed") {
      report.failed = true;
    } else {
      return std::nullopt;
    }
  }
  return report;
}

std::string ToMarkdown(const Report& report) {
  std::string out;
  AppendHead({"", "measured", "target", ""}, &out);
  for (const Report::Row& row : report.rows) {
    const char* const verdict = row.target.empty() ? "" : row.missed ? "**missed**" : "ok";
    AppendTableRow({row.what, row.measured, row.target, verdict}, &out);
  }
  if (!report.samples.empty()) {
    absl::StrAppend(&out, "\nCPU µs and system calls per namespace, medians:\n\n");
    AppendHead(kSampleColumns, &out);
    for (const auto& cells : report.samples) AppendTableRow(cells, &out);
  }
  for (const std::string& remark : report.remarks) absl::StrAppend(&out, "\n", remark, "\n");
  return out;
}

}  // namespace listenq::bench
