#include "runtime/bind/torch_errors.h"

#include <cstdio>

#include "runtime/base/nearest.h"
#include "runtime/bind/owners.h"
#include "runtime/script/guard.h"
#include "runtime/tensor/device_memory.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/torch.h"

namespace lorarun::bind {

namespace {

std::vector<std::string>& remedies() {
  static std::vector<std::string> known = {"a smaller batch or resolution"};
  return known;
}

std::string size_text(int64_t bytes) {
  char text[32];
  const bool is_large = bytes >= 1000 * 1000 * 1000;
  std::snprintf(text, sizeof text, is_large ? "%.1f GB" : "%.1f MB",
                static_cast<double>(bytes) / (is_large ? 1e9 : 1e6));
  return text;
}

// "weights 23.8 GB, adapters 0.3 GB, …"; activations are what has no other owner.  They are gone
// when an error is told, so it is the most that was held which counts.
std::string owners_text(at::Device device, int64_t most_bytes) {
  std::map<std::string, int64_t> owned = owned_bytes(device);
  int64_t known = 0;
  for (const auto& [owner, bytes] : owned) { known += bytes; }
  if (most_bytes > known) { owned["activations"] = most_bytes - known; }
  std::vector<std::string> parts;
  for (const auto& [owner, bytes] : owned) { parts.push_back(owner + " " + size_text(bytes)); }
  return parts.empty() ? "nothing of a model yet" : join(parts, ", ");
}

// What LibTorch asked for, in its own words: "Tried to allocate 512.00 MiB", or "you tried to
// allocate 1024 bytes".
std::string asked_text(const std::string& text) {
  const size_t at = text.find("ried to allocate ");
  if (at == std::string::npos) { return ""; }
  const size_t begin = at + std::string("ried to allocate ").size();
  return "; asked for were " + text.substr(begin, text.find_first_of(".\n", begin + 6) - begin);
}

Error on_the_host(const std::string& text) {
  return Error("not enough memory" + asked_text(text) + "; the process held " +
               size_text(peak_process_bytes()) + " at most");
}

Error on_a_device(at::Device device, const std::string& text) {
  const std::optional<DeviceMemory> memory = memory_of(device);
  std::string what = "not enough memory on " + device.str() + asked_text(text);
  if (memory) {
    what += "; it has " + size_text(memory->total_bytes) + ", and held were " +
            owners_text(device, memory->peak_bytes);
  }
  return Error(what);
}

void push_out_of_memory(lua_State* L, const std::string& text) {
  const at::Device device = device_in_use();
  Error problem = device.is_cpu() ? on_the_host(text) : on_a_device(device, text);
  problem.fix(join(remedies(), ", or "));
  script::push_error(L, problem.while_working());
}

bool is_out_of_memory(const c10::Error& error, const std::string& text) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         text.find("out of memory") != std::string::npos ||
         text.find("allocate memory") != std::string::npos;
}

bool push_if_torch(lua_State* L, const std::exception& exception) {
  const auto* error = dynamic_cast<const c10::Error*>(&exception);
  if (error == nullptr) { return false; }
  const std::string text = error->what_without_backtrace();
  if (is_out_of_memory(*error, text)) {
    push_out_of_memory(L, text);
  } else {
    script::push_error_text(L, text.c_str());
  }
  return true;
}

}  // namespace

void install_torch_errors() {
  script::set_exception_hook(push_if_torch);
}

void set_memory_remedies(std::vector<std::string> list) {
  if (!list.empty()) { remedies() = std::move(list); }
}

}  // namespace lorarun::bind
