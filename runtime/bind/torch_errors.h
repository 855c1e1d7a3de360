// LibTorch's exceptions as Lua errors: without the C++ backtrace, and with what helps when memory
// ran out.

#pragma once

namespace lorarun::bind {

// Teaches script/guard.h about c10::Error; once per process.
void install_torch_errors();

}  // namespace lorarun::bind
