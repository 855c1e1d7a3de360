#include "runtime/render/png_parameters.h"

#include <bit>
#include <cstring>
#include <sstream>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/io/mapped_file.h"

namespace lorarun::render {
namespace {

constexpr size_t kHashDigits = 12;
constexpr size_t kLengthBytes = 8;  // of a safetensors header's length

// "28", "3.5": as few digits as the number needs.
std::string short_number(double value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

std::string settings_line(const RenderOptions& options) {
  std::ostringstream text;
  text << "Steps: " << options.steps << ", Sampler: " << options.sampler
       << ", CFG scale: " << short_number(options.guidance);
  if (options.true_cfg > 1.0) { text << ", True CFG: " << short_number(options.true_cfg); }
  text << ", Seed: " << options.seed << ", Size: " << options.width_px << "x" << options.height_px;
  return text.str();
}

std::string lora_settings(const std::vector<LoraCredit>& loras) {
  std::string hashes, strengths;
  for (const LoraCredit& one : loras) {
    const std::string separator = hashes.empty() ? "" : ", ";
    hashes += separator + one.name + ": " + one.hash;
    strengths += separator + one.name + ": " + short_number(one.strength);
  }
  return ", Lora hashes: \"" + hashes + "\", Lora strengths: \"" + strengths + "\"";
}

}  // namespace

LoraCredit credit_of(const std::filesystem::path& lora, double strength) {
  const MappedFile file(lora);
  const std::string_view bytes = file.text();
  static_assert(std::endian::native == std::endian::little);
  uint64_t header_bytes = 0;
  if (bytes.size() >= kLengthBytes) { std::memcpy(&header_bytes, bytes.data(), kLengthBytes); }
  if (bytes.size() < kLengthBytes || header_bytes > bytes.size() - kLengthBytes) {
    throw Error("the file is no safetensors file").where(lora.string());
  }
  const std::string hash = sha256_hex(bytes.substr(kLengthBytes + header_bytes));
  return {.name = lora.stem().string(), .hash = hash.substr(0, kHashDigits), .strength = strength};
}

std::string png_parameters(const std::string& prompt, const RenderOptions& options,
                           const std::string& model, const std::vector<LoraCredit>& loras) {
  std::string text = prompt + "\n";
  if (options.true_cfg > 1.0) { text += "Negative prompt: " + options.negative + "\n"; }
  text += settings_line(options) + ", Model: " + model;
  if (!loras.empty()) { text += lora_settings(loras); }
  return text;
}

}  // namespace lorarun::render
