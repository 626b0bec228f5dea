// Names that change when told to.
#ifndef LISTENQ_TESTS_FAKES_FAKE_NAMES_H_
#define LISTENQ_TESTS_FAKES_FAKE_NAMES_H_

#include <memory>
#include <utility>
#include <vector>

#include "agent/discover/names.h"

namespace listenq::test {

// Threading: one thread.
class FakeNames final : public discover::NameSource {
 public:
  [[nodiscard]] std::shared_ptr<const discover::Names> Latest() const override { return names_; }
  [[nodiscard]] std::vector<model::SourceHealth> Health() const override { return health; }
  void Wake() override { ++wakes; }

  void Set(discover::Names names) { names_ = std::make_shared<const discover::Names>(std::move(names)); }

  std::vector<model::SourceHealth> health;
  int wakes = 0;

 private:
  std::shared_ptr<const discover::Names> names_ = std::make_shared<const discover::Names>();
};

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_FAKES_FAKE_NAMES_H_
