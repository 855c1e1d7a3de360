// Bytes of memory as people say them, in the units of nvidia-smi and free.  Lua's own is
// lua/lorarun/memory_size.lua.

#pragma once

#include <cstdint>
#include <string>

namespace lorarun {

std::string memory_size(int64_t bytes);  // "23.8 GiB", "340 MiB", "3 KiB", "12 bytes"

}  // namespace lorarun
