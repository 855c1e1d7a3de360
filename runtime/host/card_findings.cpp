#include "runtime/host/card_findings.h"

#include <ATen/SDPBackend.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cstdio>

#include "kernels/cuda_driver.h"
#include "kernels/cuda_loader.h"
#include "runtime/base/files.h"
#include "runtime/tensor/device.h"

namespace lorarun::host {

namespace {

constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;
constexpr int64_t kHeadWidth = 128;  // FLUX's

std::string gib(const Json& bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", bytes.get<double>() / kGiB);
  return text;
}

std::string name_of_backend(int64_t choice) {
  switch (static_cast<at::SDPBackend>(choice)) {
    case at::SDPBackend::math:
      return "math";
    case at::SDPBackend::flash_attention:
      return "flash";
    case at::SDPBackend::efficient_attention:
      return "efficient";
    case at::SDPBackend::cudnn_attention:
      return "cudnn";
    case at::SDPBackend::overrideable:
      return "its own";
    default:
      return "none";
  }
}

// What LibTorch answers for heads of FLUX's width.
std::string attention_on(at::Device device, at::ScalarType dtype) {
  try {
    const Tensor q = at::zeros({1, 1, 64, kHeadWidth}, at::dtype(dtype).device(device));
    return name_of_backend(at::_fused_sdp_choice(q, q, q));
  } catch (const c10::Error& error) { return "fails: " + error.msg(); }
}

Json attention_of(at::Device device) {
  return {{"bf16", attention_on(device, at::kBFloat16)},
          {"float32", attention_on(device, at::kFloat)}};
}

Json entry_of(at::Device device) {
  const DeviceFacts facts = facts_of(device);
  return {
      {"device", facts.name},           {"name", facts.card}, {"memory_bytes", facts.memory_bytes},
      {"free_bytes", facts.free_bytes}, {"trouble", ""},      {"attention", attention_of(device)}};
}

// A card as the driver tells of it: what is known where LibTorch cannot use it.
Json entry_of(const CudaCard& card, size_t number) {
  return {{"device", "cuda:" + std::to_string(number)},
          {"name", card.name},
          {"memory_bytes", card.memory_bytes},
          {"free_bytes", 0},
          {"trouble", card_trouble(card)},
          {"attention", Json::object()}};
}

void add_cards_of_driver(bool is_usable, Json* cards) {
  const std::vector<CudaCard>& all = cuda_driver().cards;
  for (size_t i = 0; i < all.size(); ++i) {
    const at::Device device(at::kCUDA, static_cast<c10::DeviceIndex>(i));
    const bool works = is_usable && card_trouble(all[i]).empty();
    Json entry = works ? entry_of(device) : entry_of(all[i], i);
    entry["capability"] = std::to_string(all[i].major) + "." + std::to_string(all[i].minor);
    cards->push_back(entry);
  }
}

void add_added_backend(Json* cards) {
  if (!c10::is_privateuse1_backend_registered()) { return; }
  const c10::DeviceIndex count = c10::impl::VirtualGuardImpl(at::kPrivateUse1).deviceCount();
  for (c10::DeviceIndex i = 0; i < count; ++i) {
    cards->push_back(entry_of(at::Device(at::kPrivateUse1, i)));
  }
}

std::string words_of(const Json& card) {
  std::string words = card["name"].get<std::string>();
  if (card["memory_bytes"] > 0) { words += ", " + gib(card["memory_bytes"]) + " GiB"; }
  if (card["free_bytes"] > 0) { words += " (" + gib(card["free_bytes"]) + " free)"; }
  if (card.contains("capability")) {
    words += ", compute capability " + card["capability"].get<std::string>();
  }
  return words;
}

std::string words_of_driver(const Json& found) {
  const std::string release = found["driver"];
  const int cuda = found["cuda_version"];
  const std::string version = cuda > 0 ? "runs CUDA " + words_of_cuda_version(cuda) : "";
  if (release.empty()) { return version.empty() ? "none" : version; }
  return version.empty() ? release : release + ", " + version;
}

void add_problem_of(const Json& card, Json* wrong) {
  const std::string device = card["device"], trouble = card["trouble"];
  if (!trouble.empty()) {
    wrong->push_back(device + " cannot be used: " + trouble + ": take another card");
  }
  const auto free = card["free_bytes"].get<int64_t>();
  if (free == 0 || free > card["memory_bytes"].get<int64_t>() / 2) { return; }
  wrong->push_back("only " + gib(free) + " of " + gib(card["memory_bytes"]) + " GiB are free on " +
                   device + ": close what uses it; nvidia-smi lists it");
}

}  // namespace

Json find_cards() {
  const CudaTrouble& trouble = cuda_trouble();
  const bool is_usable = trouble.what.empty();
  std::string why_no_plugin;
  const bool has_plugin = load_cuda_plugin(why_no_plugin) != nullptr;
  Json cards = Json::array();
  add_cards_of_driver(is_usable, &cards);
  add_added_backend(&cards);
  return {{"driver", cuda_driver().release},
          {"driver_is_there", cuda_driver().is_there},
          {"cuda_version", cuda_driver().cuda_version},
          {"cuda", is_usable},
          {"why_no_cuda", trouble.what},
          {"remedy", trouble.remedy},
          {"cuda_libraries", load_cuda_libraries().path},
          {"cuda_libraries_load", load_cuda_libraries().trouble.empty()},
          {"gpus", is_usable ? cuda_device_count() : 0},
          {"cards", cards},
          {"plugin", has_plugin},
          {"plugin_is_there", fs::exists(cuda_plugin_path())},
          {"why_no_plugin", why_no_plugin}};
}

void add_card_problems(const Json& found, Json* wrong) {
  if (found["driver_is_there"].get<bool>() && !found["cuda"].get<bool>()) {
    wrong->push_back("no card is used: " + found["why_no_cuda"].get<std::string>() + ": " +
                     found["remedy"].get<std::string>());
  }
  const bool is_refused = found["plugin_is_there"].get<bool>() && !found["plugin"].get<bool>();
  if (is_refused && found["cuda_libraries_load"].get<bool>()) {
    wrong->push_back("the kernels' plugin is not used: " +
                     found["why_no_plugin"].get<std::string>());
  }
  for (const Json& card : found["cards"]) { add_problem_of(card, wrong); }
}

std::vector<std::pair<std::string, std::string>> lines_of_cards(const Json& found) {
  const bool used = found["cuda"].get<bool>();
  std::vector<std::pair<std::string, std::string>> lines = {
      {"driver", words_of_driver(found)},
      {"CUDA", used ? "used" : "not used: " + found["why_no_cuda"].get<std::string>()}};
  for (const Json& card : found["cards"]) {
    lines.emplace_back(card["device"], words_of(card));
    for (const auto& [dtype, backend] : card["attention"].items()) {
      lines.emplace_back("", "attention in " + dtype + ": " + backend.get<std::string>());
    }
  }
  if (used) {
    const bool own = found["plugin"].get<bool>();
    lines.emplace_back("kernels", own ? "lorarun's own"
                                      : "plain tensor operations; the plugin: " +
                                            found["why_no_plugin"].get<std::string>());
  }
  return lines;
}

}  // namespace lorarun::host
