// Where the program's Lua files are.
//
//   $LORARUN_SHARE, else a folder above the executable that holds lua/lorarun
//   or share/lorarun/lua, else the folder it was built from.

#pragma once

#include <filesystem>

namespace lorarun::host {

// Gives the folder that holds lua/lorarun/schema.lua.  Throws Error when there is none.
std::filesystem::path share_folder();

std::filesystem::path executable_path();

}  // namespace lorarun::host
