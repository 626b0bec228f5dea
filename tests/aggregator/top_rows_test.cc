#include "aggregator/top_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace listenq::aggregator {
namespace {

using ::testing::ElementsAre;

struct Head {
  std::string name;
  [[nodiscard]] const std::string& node_name() const { return name; }
};
using Top = TopRows<Head, int>;

bool Larger(int a, int b) { return a > b; }

std::vector<std::string> Taken(Top* top) {
  std::vector<std::string> rows;
  for (const auto& entry : top->Take()) rows.push_back(entry.head->name + std::to_string(entry.row));
  return rows;
}

TEST(TopRows, KeepsWhatComesFirst) {
  Top top(3, Larger);
  const auto a = std::make_shared<const Head>(Head{"a"});
  for (const int row : {4, 9, 1, 7, 8}) top.Add(a, int{row});
  EXPECT_THAT(Taken(&top), ElementsAre("a9", "a8", "a7"));
}

TEST(TopRows, HoldsLessThanItMay) {
  Top top(3, Larger);
  top.Add(std::make_shared<const Head>(Head{"a"}), 1);
  EXPECT_THAT(Taken(&top), ElementsAre("a1"));
}

TEST(TopRows, TiesAreByNodeWhateverCameFirst) {
  Top top(2, Larger);
  for (const char* name : {"c", "b", "a"}) top.Add(std::make_shared<const Head>(Head{name}), 5);
  EXPECT_THAT(Taken(&top), ElementsAre("a5", "b5"));
}

TEST(TopRows, IsWhatSortingAllWouldGive) {
  std::mt19937 random(7);
  std::vector<int> all;
  Top top(50, Larger);
  const auto head = std::make_shared<const Head>(Head{"a"});
  for (int i = 0; i < 5000; ++i) {
    all.push_back(static_cast<int>(random() % 1000));
    top.Add(head, int{all.back()});
  }
  std::sort(all.begin(), all.end(), Larger);
  all.resize(50);
  std::vector<int> taken;
  for (const auto& entry : top.Take()) taken.push_back(entry.row);
  EXPECT_EQ(taken, all);
}

}  // namespace
}  // namespace listenq::aggregator
