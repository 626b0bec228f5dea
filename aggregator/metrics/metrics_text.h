// Text for Prometheus, format 0.0.4, line by line.
#ifndef LISTENQ_AGGREGATOR_METRICS_METRICS_TEXT_H_
#define LISTENQ_AGGREGATOR_METRICS_METRICS_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace listenq::aggregator {

// Appends `name="value"` to what a series has between its braces, escaped and cut to kMaxLabelBytes between
// letters; an empty value is left out. `value` is UTF-8.
inline constexpr size_t kMaxLabelBytes = 253;
void AddLabel(absl::string_view name, absl::string_view value, std::string* labels);

enum class MetricType { kCounter, kGauge };

// Contract: Begin a family, then its lines. A family without lines is left out.
// Threading: none.
class MetricsText {
 public:
  // Reserves as much.
  explicit MetricsText(size_t bytes = 0) { text_.reserve(bytes); }

  // They are kept until the next one.
  void Begin(absl::string_view family, MetricType type, absl::string_view help);
  // `labels` by AddLabel.
  void Add(absl::string_view labels, uint64_t value) { Add(labels, "", value); }
  // `more` is appended to the labels.
  void Add(absl::string_view labels, absl::string_view more, uint64_t value);
  // The shortest text that reads back as the same number. What is not finite is left out.
  void AddDouble(absl::string_view labels, double value) { AddDouble(labels, "", value); }
  void AddDouble(absl::string_view labels, absl::string_view more, double value);

  std::string Take() { return std::move(text_); }

 private:
  void Head(absl::string_view labels, absl::string_view more);

  std::string text_;
  absl::string_view family_;
  absl::string_view help_;
  MetricType type_ = MetricType::kGauge;
  bool has_head_ = false;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_METRICS_METRICS_TEXT_H_
