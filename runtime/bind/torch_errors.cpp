#include "runtime/bind/torch_errors.h"

#include "runtime/base/memory_size.h"
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

// "weights 22.2 GiB, adapters 343 MiB, …"; activations are what has no other owner.  They are gone
// when an error is told, so it is the most that was held which counts.
std::string owners_text(at::Device device, int64_t most_bytes) {
  std::map<std::string, int64_t> owned = owned_bytes(device);
  int64_t known = 0;
  for (const auto& [owner, bytes] : owned) { known += bytes; }
  if (most_bytes > known) { owned["activations"] = most_bytes - known; }
  std::vector<std::string> parts;
  for (const auto& [owner, bytes] : owned) { parts.push_back(owner + " " + memory_size(bytes)); }
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
               memory_size(peak_process_bytes()) + " at most");
}

Error on_a_device(at::Device device, const std::string& text) {
  const std::optional<DeviceMemory> memory = memory_of(device);
  std::string what = "not enough memory on " + device.str() + asked_text(text);
  if (memory) {
    what += "; it has " + memory_size(memory->total_bytes) + ", and held were " +
            owners_text(device, memory->peak_bytes);
  }
  return Error(what);
}

bool push_if_torch(lua_State* L, const std::exception& exception) {
  const auto* error = dynamic_cast<const c10::Error*>(&exception);
  if (error == nullptr) { return false; }
  if (const std::optional<Error> told = out_of_memory(*error)) {
    script::push_error(L, *told);
  } else {
    script::push_error_text(L, error->what_without_backtrace());
  }
  return true;
}

}  // namespace

std::optional<Error> out_of_memory(const c10::Error& error) {
  if (!is_out_of_memory(error)) { return std::nullopt; }
  const std::string text = error.what_without_backtrace();
  const at::Device device = device_in_use();
  const bool of_the_host = device.is_cpu() || text.find("DefaultCPUAllocator") != std::string::npos;
  Error problem = of_the_host ? on_the_host(text) : on_a_device(device, text);
  problem.fix(join(remedies(), ", or ")).while_working();
  return problem;
}

void install_torch_errors() {
  script::set_exception_hook(push_if_torch);
}

void set_memory_remedies(std::vector<std::string> list) {
  if (!list.empty()) { remedies() = std::move(list); }
}

}  // namespace lorarun::bind
