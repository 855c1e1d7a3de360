#include "runtime/bind/torch_errors.h"

#include <cstdio>
#include <string>

#include "runtime/script/guard.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/torch.h"

namespace lorarun::bind {

namespace {

void push_torch_error(lua_State* L, const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  const bool out_of_memory = text.find("out of memory") != std::string::npos ||
                             text.find("allocate memory") != std::string::npos;
  if (!out_of_memory) { return script::push_error_text(L, text.c_str()); }
  const double peak_gib = static_cast<double>(peak_process_bytes()) / (1024.0 * 1024.0 * 1024.0);
  char peak[64];
  std::snprintf(peak, sizeof peak, "; the process held %.1f GiB at most", peak_gib);
  Error problem("not enough memory: " + text.substr(0, text.find('\n')) + peak);
  problem.fix("model.recompute = true, a smaller batch or resolution, or model.dtype = \"bf16\"");
  script::push_error(L, problem.while_working());
}

bool push_if_torch(lua_State* L, const std::exception& exception) {
  const auto* error = dynamic_cast<const c10::Error*>(&exception);
  if (error) { push_torch_error(L, *error); }
  return error != nullptr;
}

}  // namespace

void install_torch_errors() {
  script::set_exception_hook(push_if_torch);
}

}  // namespace lorarun::bind
