// The `parameters` text of a picture, in the words that A1111, ComfyUI and Civitai read.
//
//   a fox in a meadow
//   Negative prompt: blurry
//   Steps: 28, Sampler: euler, CFG scale: 3.5, Seed: 42, Size: 128x128, Model: base,
//   Lora hashes: "fox: 1a2b3c4d5e6f"
// (the settings are one line).  The line of the negative prompt is there only where the negative
// text acted, and with it "True CFG".

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/render/sampler.h"

namespace lorarun::render {

// A LoRA that acted: its name (file name without ending), 12 digits of the SHA-256 of the file's
// tensors (what follows the header, so that metadata does not change it), and its strength.
struct LoraCredit {
  std::string name, hash;
  double strength = 1.0;
};

// Reads the hash of a safetensors file.  Throws Error when it is none.
LoraCredit credit_of(const std::filesystem::path& lora, double strength);

std::string png_parameters(const std::string& prompt, const RenderOptions& options,
                           const std::string& model, const std::vector<LoraCredit>& loras);

}  // namespace lorarun::render
