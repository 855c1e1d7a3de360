// LibTorch's exceptions as Lua errors: without the C++ backtrace, and, when memory ran out, with
// what held it and what helps.
//
//   not enough memory on cuda:0; asked for were 512.00 MiB; it has 23.6 GiB, and held were weights
//   22.2 GiB, …

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/tensor/torch.h"

namespace lorarun::bind {

// Memory that ran out, told by owner and with what helps; nothing for an error of another kind.
std::optional<Error> out_of_memory(const c10::Error& error);

// Teaches script/guard.h about c10::Error; once per process.
void install_torch_errors();

// What helps when memory runs out, given the settings of the run that begins.
void set_memory_remedies(std::vector<std::string> remedies);

}  // namespace lorarun::bind
