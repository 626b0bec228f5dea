#include "agent/collect/sysctl_path.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "agent/model/sysctl.h"

namespace listenq::collect {

const std::string& SysctlPath(size_t index) {
  static const auto& paths = *[] {
    auto* list = new std::vector<std::string>;
    for (const model::SysctlInfo& info : model::SysctlTable()) {
      list->push_back(absl::StrCat("/proc/sys/", absl::StrReplaceAll(info.name, {{".", "/"}})));
    }
    return list;
  }();
  return paths[index];
}

}  // namespace listenq::collect
