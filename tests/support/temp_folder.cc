#include "tests/support/temp_folder.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "tests/support/test_netns.h"

namespace listenq::test {
namespace {

std::string& Parent() {
  static std::string folder = "/tmp";
  return folder;
}

}  // namespace

void TempFolder::SetParent(absl::string_view folder) { Parent() = std::string(folder); }

TempFolder::TempFolder() : path_(absl::StrCat(Parent(), "/lqt-XXXXXX")) {
  if (mkdtemp(path_.data()) == nullptr) Die("make a temporary folder");
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempFolder::Path(absl::string_view name) const { return absl::StrCat(path_, "/", name); }

std::string TempFolder::Write(absl::string_view name, absl::string_view content) const {
  const std::string path = Path(name);
  std::error_code ignored;  // the file tells
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  if (!file.good()) Die(absl::StrCat("write ", path));
  return path;
}

}  // namespace listenq::test
