#include "aggregator/metrics/metrics_text.h"

#include <array>
#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace listenq::aggregator {
namespace {

// The longest beginning that ends between two letters.
absl::string_view Cut(absl::string_view text) {
  if (text.size() <= kMaxLabelBytes) return text;
  size_t end = kMaxLabelBytes;
  const auto continues = [&](size_t i) { return (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U; };
  while (end > 0 && continues(end)) --end;
  return text.substr(0, end);
}

// As the format wants it: backslash and newline, and within a label's value the quote.
void AppendEscaped(absl::string_view text, bool quote, std::string* to) {
  for (const char c : text) {
    if (c == '\n') {
      to->append("\\n");
      continue;
    }
    if (c == '\\' || (quote && c == '"')) to->push_back('\\');
    to->push_back(c);
  }
}

}  // namespace

void AddLabel(absl::string_view name, absl::string_view value, std::string* labels) {
  if (value.empty()) return;
  absl::StrAppend(labels, labels->empty() ? "" : ",", name, "=\"");
  AppendEscaped(Cut(value), /*quote=*/true, labels);
  labels->push_back('"');
}

void MetricsText::Begin(absl::string_view family, MetricType type, absl::string_view help) {
  family_ = family;
  help_ = help;
  type_ = type;
  has_head_ = false;
}

void MetricsText::Head(absl::string_view labels, absl::string_view more) {
  if (!std::exchange(has_head_, true)) {
    absl::StrAppend(&text_, "# HELP ", family_, " ");
    AppendEscaped(help_, /*quote=*/false, &text_);
    absl::StrAppend(&text_, "\n# TYPE ", family_, type_ == MetricType::kCounter ? " counter\n" : " gauge\n");
  }
  text_.append(family_.data(), family_.size());
  if (labels.empty() && more.empty()) return text_.push_back(' ');
  absl::StrAppend(&text_, "{", labels, labels.empty() || more.empty() ? "" : ",", more, "} ");
}

void MetricsText::Add(absl::string_view labels, absl::string_view more, uint64_t value) {
  Head(labels, more);
  absl::StrAppend(&text_, value, "\n");
}

void MetricsText::AddDouble(absl::string_view labels, absl::string_view more, double value) {
  if (!std::isfinite(value)) return;
  Head(labels, more);
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  text_.append(digits.data(), end.ptr);
  text_.push_back('\n');
}

}  // namespace listenq::aggregator
