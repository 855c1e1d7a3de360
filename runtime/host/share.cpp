#include "runtime/host/share.h"

#include <cstdlib>
#include <vector>

#include "runtime/base/error.h"

namespace lorarun::host {

namespace fs = std::filesystem;

namespace {

bool holds_lua(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "lua/lorarun/schema.lua", ignored);
}

std::vector<fs::path> candidates() {
  std::vector<fs::path> folders;
  if (const char* given = std::getenv("LORARUN_SHARE")) { return {given}; }
  for (fs::path at = executable_path().parent_path(); at.has_relative_path();
       at = at.parent_path()) {
    folders.push_back(at);
    folders.push_back(at / "share/lorarun");
  }
  folders.push_back(fs::path(__FILE__).parent_path().parent_path().parent_path());
  return folders;
}

}  // namespace

fs::path executable_path() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored);
}

fs::path share_folder() {
  const std::vector<fs::path> folders = candidates();
  for (const fs::path& folder : folders) {
    if (holds_lua(folder)) { return folder; }
  }
  throw Error("the program's Lua files were not found")
      .where(folders.front().string())
      .fix("set LORARUN_SHARE to the folder that holds lua/lorarun");
}

}  // namespace lorarun::host
