#include "runtime/tensor/device.h"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>

#include "kernels/cuda_driver.h"
#include "kernels/cuda_loader.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/nearest.h"
#include "runtime/tensor/device_memory.h"

namespace lorarun {
namespace {

constexpr int kNotGiven = -1, kMalformed = -2;

struct Name {
  std::string kind;
  int index = kNotGiven;
};

int read_index(const std::string& digits) {
  int index = kMalformed;
  const char* end = digits.data() + digits.size();
  const auto [rest, problem] = std::from_chars(digits.data(), end, index);
  return problem == std::errc() && rest == end && index >= 0 ? index : kMalformed;
}

// "cuda:1" -> cuda, 1
Name split(const std::string& name) {
  const size_t colon = name.find(':');
  if (colon == std::string::npos) { return {name}; }
  return {name.substr(0, colon), read_index(name.substr(colon + 1))};
}

bool is_added_backend(const std::string& kind) {
  return c10::is_privateuse1_backend_registered() && kind == c10::get_privateuse1_backend();
}

std::vector<std::string> known_names() {
  std::vector<std::string> names = {"auto", "cpu", "cuda", "cuda:1"};
  if (c10::is_privateuse1_backend_registered()) { names.push_back(c10::get_privateuse1_backend()); }
  return names;
}

[[noreturn]] void fail_unknown(const std::string& name) {
  if (name == "meta") {
    throw Error("the device 'meta' holds no numbers: plans rehearse there")
        .fix("devices: " + join(known_names(), ", "));
  }
  static const std::map<std::string, std::string> other_words = {
      {"gpu", "cuda"}, {"nvidia", "cuda"}, {"rocm", "cuda"}, {"host", "cpu"}};
  const auto other = other_words.find(split(name).kind);
  const std::string meant = other != other_words.end() ? other->second : name;
  Error error("no device named '" + name + "'");
  throw error.fix(meant, known_names(), "devices");
}

int64_t count_of(at::DeviceType type) {
  return c10::impl::VirtualGuardImpl(type).deviceCount();
}

// "cuda:0 is NVIDIA L4, cuda:1 is NVIDIA L4"
std::string list_of_cards() {
  std::string list;
  const std::vector<CudaCard>& cards = cuda_driver().cards;
  for (size_t i = 0; i < cards.size(); ++i) {
    list += (i > 0 ? ", cuda:" : "cuda:") + std::to_string(i) + " is " + cards[i].name;
  }
  return list;
}

std::string counted(int64_t count) {
  return std::to_string(count) + (count == 1 ? " device" : " devices");
}

at::Device numbered(const Name& name, at::DeviceType type, const std::string& fix) {
  const int index = std::max(name.index, 0);
  const int64_t count = count_of(type);
  if (index < count) { return {type, static_cast<c10::DeviceIndex>(index)}; }
  throw Error("there is no " + name.kind + ":" + std::to_string(index) + "; this machine has " +
              counted(count) + " of that kind, counted from 0")
      .fix(fix);
}

at::Device cuda_device(const Name& name) {
  const CudaTrouble& trouble = cuda_trouble();
  if (!trouble.what.empty()) {
    throw Error("no card can be used: " + trouble.what)
        .fix(trouble.remedy + "; `lorarun doctor` tells what it found");
  }
  const at::Device device = numbered(name, at::kCUDA, list_of_cards());
  const std::string too_old = card_trouble(cuda_driver().cards.at(device.index()));
  if (too_old.empty()) { return device; }
  throw Error(too_old).fix("another card, or device = \"cpu\"");
}

// "auto", with its reason said once where it passes a card by.
const AutoDevice& told_auto() {
  static std::once_flag told;
  const AutoDevice& answer = auto_device();
  if (answer.why_cpu.empty()) { return answer; }
  std::call_once(told, [&answer] {
    log_warn("the CPU is used, though a card or its driver is there: " + answer.why_cpu +
             "\n  fix: " + answer.remedy);
  });
  return answer;
}

at::Device resolve(const std::string& text) {
  if (text == "auto") { return resolve(told_auto().name); }
  const Name name = split(text);
  if (name.index == kMalformed) { fail_unknown(text); }
  if (name.kind == "cpu" && name.index <= 0) { return at::kCPU; }
  if (name.kind == "cuda") { return cuda_device(name); }
  if (is_added_backend(name.kind)) {
    return numbered(name, at::kPrivateUse1, "device = \"" + name.kind + "\" is the first");
  }
  fail_unknown(text);
}

// LibTorch says as a warning why it sees no card.
struct CaughtWarning : c10::WarningHandler {
  void process(const c10::Warning& warning) override { text = warning.msg(); }
  std::string text;
};

// "Error 36: API call is not supported" of LibTorch's longer sentence.
std::string reason_of(const std::string& warning) {
  const size_t code = warning.rfind("Error ");
  return code == std::string::npos ? warning : warning.substr(code);
}

CudaTrouble look_for_trouble() {
  const CudaLibraries& libraries = load_cuda_libraries();
  if (!libraries.trouble.empty()) { return {libraries.trouble, libraries.remedy}; }
  CaughtWarning caught;
  const c10::WarningUtils::WarningHandlerGuard guard(&caught);
  if (at::hasCUDA()) { return {}; }
  const std::string reason = caught.text.empty() ? "it gives no reason" : reason_of(caught.text);
  return {"the driver shows a card, and LibTorch's CUDA half sees none: " + reason,
          "see what nvidia-smi says; after an update of the driver, restart the machine"};
}

// The first card without trouble, or why there is none.
AutoDevice choose() {
  if (!cuda_driver().is_there) { return {"cpu", "", ""}; }
  const CudaTrouble& trouble = cuda_trouble();
  if (!trouble.what.empty()) { return {"cpu", trouble.what, trouble.remedy}; }
  const std::vector<CudaCard>& cards = cuda_driver().cards;
  const auto good = std::find_if(cards.begin(), cards.end(),
                                 [](const CudaCard& card) { return card_trouble(card).empty(); });
  if (good == cards.end()) { return {"cpu", card_trouble(cards.front()), "another card"}; }
  const auto index = good - cards.begin();
  return {index == 0 ? "cuda" : "cuda:" + std::to_string(index), "", ""};
}

}  // namespace

at::Device device_from_name(const std::string& name, const std::string& where) {
  try {
    return resolve(name);
  } catch (Error& error) {
    if (!where.empty()) { error.where(where); }
    throw;
  }
}

at::Device device_or_meta_from_name(const std::string& name, const std::string& where) {
  return name == "meta" ? at::Device(at::kMeta) : device_from_name(name, where);
}

const AutoDevice& auto_device() {
  static const AutoDevice answer = choose();
  return answer;
}

DeviceFacts facts_of(at::Device device) {
  if (device.is_cpu() || device.is_meta()) { return {.name = device.str(), .card = ""}; }
  DeviceFacts facts = {.name = device.str(), .card = c10::DeviceTypeName(device.type(), true)};
  if (device.is_cuda()) {
    const CudaCard& card = cuda_driver().cards.at(device.index());
    facts.card = card.name;
    facts.memory_bytes = card.memory_bytes;
  }
  if (const auto memory = memory_of(device)) {
    facts.memory_bytes = memory->total_bytes;
    facts.free_bytes = memory->free_bytes;
  }
  return facts;
}

int64_t cuda_device_count() {
  return cuda_trouble().what.empty() ? count_of(at::kCUDA) : 0;
}

const CudaTrouble& cuda_trouble() {
  static const CudaTrouble answer = look_for_trouble();
  return answer;
}

void prepare_devices() {
  if (cuda_driver().is_there) { cuda_trouble(); }
}

}  // namespace lorarun
