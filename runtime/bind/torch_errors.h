// LibTorch's exceptions as Lua errors: without the C++ backtrace, and, when memory ran out, with
// what held it and what helps.
//
//   not enough memory on cuda:0: 512 MB more were asked for; held are weights 23.8 GB, …

#pragma once

#include <string>
#include <vector>

namespace lorarun::bind {

// Teaches script/guard.h about c10::Error; once per process.
void install_torch_errors();

// What helps when memory runs out, given the settings of the run that begins.
void set_memory_remedies(std::vector<std::string> remedies);

}  // namespace lorarun::bind
