// LoRA files: read in any dialect, written in any dialect.
//
//   file --names (runtime/io/lora_keys.h), split (lora_fusion.h)--> entries by component and target
//        --merge, names, metadata (lora_metadata.h)--> file
//
// A network in memory is a list of entries, one per diffusers target:
//   change of the weight = alpha / R * up @ down      down [R, in], up [out, R]
//
// Alpha in PEFT files: other programs take a PEFT file's change as up @ down, so alpha = R is
// baked into `up` where that can be undone to the bit (ratios that are powers of two), and the
// header's lorarun.alpha keeps the true alphas; where it cannot, each module gets an .alpha key,
// which diffusers and ComfyUI read.
//
// Invariant: kohya -> peft -> kohya and peft -> kohya -> peft give the same tensors to the bit.

#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/tensor/torch.h"

namespace lorarun::networks {

struct LoraEntry {
  std::string component;  // "transformer", "clip_l", "t5"
  std::string target;     // "transformer_blocks.0.attn.to_q"
  Tensor down;            // [R, in]
  Tensor up;              // [out, R]
  double alpha = 0;

  int64_t rank() const { return down.size(0); }
  Tensor delta_weight() const;  // [out, in] float32
};

struct LoraFile {
  std::vector<LoraEntry> entries;  // in order of component and target
  std::map<std::string, std::string> metadata;
  std::string dialect;  // of the file that was read: "peft", "kohya", "comfy"
};

// Reads a LoRA of FLUX.1.  Fused modules are split exactly; tensors keep their type and may be
// views of the mapped file.  Throws Error naming the file and the tensor for: another kind of
// file (LoKr, LoHa, DoRA, XLabs, Stable Diffusion, ...), a module that FLUX.1 does not have, a
// half that is missing, shapes that do not fit each other, an alpha that is no finite number.
LoraFile read_lora_file(const std::filesystem::path& path);

// Writes atomically.  `dtype`: of all tensors; as they are when absent.  The header gets
// file.metadata, `metadata` over it, and what kohya's and modelspec's readers expect.
// Throws Error for an unknown dialect, a target that the dialect cannot name, or no entries.
void write_lora_file(const std::filesystem::path& path, const LoraFile& file,
                     const std::string& dialect, std::optional<at::ScalarType> dtype = {},
                     const std::map<std::string, std::string>& metadata = {});

}  // namespace lorarun::networks
