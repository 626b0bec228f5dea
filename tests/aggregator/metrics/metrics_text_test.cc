#include "aggregator/metrics/metrics_text.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace listenq::aggregator {
namespace {

std::string Labels(const std::string& value) {
  std::string labels;
  AddLabel("pod", value, &labels);
  return labels;
}

TEST(MetricsText, EscapesValuesAndHelp) {
  MetricsText text;
  text.Begin("f", MetricType::kCounter, "a\\b\nc \"d\"");
  text.Add(Labels("x\"y\\z\n"), 7);
  EXPECT_EQ(text.Take(),
            "# HELP f a\\\\b\\nc \"d\"\n"
            "# TYPE f counter\n"
            "f{pod=\"x\\\"y\\\\z\\n\"} 7\n");
}

TEST(MetricsText, AFamilyWithoutLinesIsLeftOut) {
  MetricsText text;
  text.Begin("none", MetricType::kGauge, "h");
  text.Begin("nan", MetricType::kGauge, "h");
  text.AddDouble("", std::numeric_limits<double>::quiet_NaN());
  text.AddDouble("", std::numeric_limits<double>::infinity());
  text.Begin("f", MetricType::kGauge, "h");
  text.Add("", 1);
  EXPECT_EQ(text.Take(), "# HELP f h\n# TYPE f gauge\nf 1\n");
}

TEST(MetricsText, NumbersReadBackAsTheSame) {
  MetricsText text;
  text.Begin("f", MetricType::kGauge, "h");
  text.Add("", std::numeric_limits<uint64_t>::max());
  text.AddDouble("", "a=\"b\"", 0.1);
  text.AddDouble("x=\"y\"", "a=\"b\"", 1700000000.25);
  EXPECT_EQ(text.Take(),
            "# HELP f h\n# TYPE f gauge\nf 18446744073709551615\nf{a=\"b\"} 0.1\n"
            "f{x=\"y\",a=\"b\"} 1700000000.25\n");
}

TEST(MetricsText, AnEmptyLabelIsLeftOut) {
  std::string labels = Labels("");
  EXPECT_EQ(labels, "");
  AddLabel("a", "1", &labels);
  AddLabel("b", "", &labels);
  AddLabel("c", "2", &labels);
  EXPECT_EQ(labels, "a=\"1\",c=\"2\"");
}

TEST(MetricsText, ALongValueIsCutBetweenLetters) {
  EXPECT_EQ(Labels(std::string(300, 'x')), "pod=\"" + std::string(kMaxLabelBytes, 'x') + "\"");
  // 253 is in the middle of the 85th letter of three bytes.
  std::string euros;
  for (int i = 0; i < 100; ++i) euros += "\u20ac";
  EXPECT_EQ(Labels(euros), "pod=\"" + euros.substr(0, 252) + "\"");
}

}  // namespace
}  // namespace listenq::aggregator
