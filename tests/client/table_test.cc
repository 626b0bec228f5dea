#include "client/table.h"

#include <gtest/gtest.h>

namespace listenq::client {
namespace {

Table Sample() {
  Table table;
  table.columns = {{.title = "POD", .least_width = 6},
                   {.title = "CONTAINER", .fall_away_rank = 1},
                   {.title = "QUEUE", .right_aligned = true},
                   {.title = "LIMITED BY", .fall_away_rank = 2},
                   {.title = "IMAGE", .wide_only = true}};
  table.rows = {{"api-7f9c5d-x2x4k", "-", Cell("512", Style::kCritical), "application", "registry/api"},
                {"web-0", "-", "3", "somaxconn", "-"}};
  return table;
}

TEST(RenderTable, AlignsAndLeavesOutEmptyAndWideColumns) {
  EXPECT_EQ(RenderTable(Sample(), {}),
            "POD               QUEUE  LIMITED BY\n"
            "api-7f9c5d-x2x4k    512  application\n"
            "web-0                 3  somaxconn\n");
}

TEST(RenderTable, ShowsEveryColumnWhenWide) {
  EXPECT_EQ(RenderTable(Sample(), {.wide = true}),
            "POD               CONTAINER  QUEUE  LIMITED BY   IMAGE\n"
            "api-7f9c5d-x2x4k  -            512  application  registry/api\n"
            "web-0             -              3  somaxconn    -\n");
}

TEST(RenderTable, CutsCellsBeforeColumnsFallAway) {
  EXPECT_EQ(RenderTable(Sample(), {.width = 30}),
            "POD         QUEUE  LIMITED BY\n"
            "api-7f9c5…    512  application\n"
            "web-0           3  somaxconn\n");
}

TEST(RenderTable, LetsColumnsFallAwayWhenCuttingIsNotEnough) {
  EXPECT_EQ(RenderTable(Sample(), {.width = 20}),
            "POD            QUEUE\n"
            "api-7f9c5d-x…    512\n"
            "web-0              3\n");
}

TEST(RenderTable, NeverWrapsHoweverNarrow) {
  EXPECT_EQ(RenderTable(Sample(), {.width = 10}),
            "POD     Q…\n"
            "api-7…  5…\n"
            "web-0    3\n");
}

TEST(RenderTable, HasNoHeadersWhenNotWanted) {
  EXPECT_EQ(RenderTable(Sample(), {.headers = false}),
            "api-7f9c5d-x2x4k  512  application\n"
            "web-0               3  somaxconn\n");
}

TEST(RenderTable, ColoursTheTextOnlyAndNotThePadding) {
  EXPECT_EQ(RenderTable(Sample(), {.color = true}),
            "POD               QUEUE  LIMITED BY\n"
            "api-7f9c5d-x2x4k    \x1b[31m512\x1b[0m  application\n"
            "web-0                 3  somaxconn\n");
}

TEST(RenderTable, EscapesCellsAndCountsWhatIsShown) {
  Table table;
  table.columns = {{.title = "PROCESS"}, {.title = "N"}};
  table.rows = {{"\x1b[2J", "1"}, {"日本", "2"}};
  EXPECT_EQ(RenderTable(table, {}),
            "PROCESS  N\n"
            "\\x1b[2J  1\n"
            "日本     2\n");
}

TEST(RenderTable, KeepsThePaddedWidthOfTablesThatFollowEachOther) {
  Table table;
  table.columns = {{.title = "WHERE", .padded_width = 8},
                   {.title = "DROPS", .right_aligned = true, .padded_width = 7}};
  table.rows = {{"-", "3"}};
  EXPECT_EQ(RenderTable(table, {.headers = false}), "-               3\n");
}

}  // namespace
}  // namespace listenq::client
