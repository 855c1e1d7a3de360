// The names of LoRA tensors: one network, three dialects.
//
//   peft   transformer.transformer_blocks.0.attn.to_q.lora_A.weight         diffusers' modules
//   kohya  lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight, .alpha  FLUX's own, flat
//   comfy  diffusion_model.double_blocks.0.img_attn.qkv.lora_A.weight, .alpha  FLUX's own
//
// lorarun's own name of a place is its component ("transformer", "clip_l", "t5") and its
// *target*, the diffusers module path.  FLUX's own modules fuse some targets: the rows of
// img_attn.qkv are those of attn.to_q, to_k and to_v, one after the other; and
// final_layer.adaLN_modulation.1 has the two halves of norm_out.linear swapped.
//
// Invariant: every FLUX.1 target has exactly one place in a native module, and back.
// Sources: the key maps of sd-scripts, ComfyUI and diffusers (checked by
// tests/golden/flux_lora_keys.json).

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lorarun {

enum class LoraPart { down, up, alpha };

// What a tensor's name says.
struct LoraKey {
  std::string dialect;    // "peft", "kohya", "comfy"
  std::string component;  // "transformer", "clip_l", "t5"
  std::string module;     // native ? "double_blocks.0.img_attn.qkv" : a target
  bool native = false;    // only in the transformer, and only in kohya and comfy
  LoraPart part = LoraPart::down;
};

// Takes a name apart; none when it belongs to no dialect or to no module of FLUX.1.
std::optional<LoraKey> parse_lora_key(const std::string& key);

// Puts a name together; `module` is native for the transformer in kohya and comfy, else a target.
// Throws Error for an unknown dialect, with the known ones.
std::string lora_key_name(const std::string& dialect, const std::string& component,
                          const std::string& module, LoraPart part);

// "peft", "kohya" or "comfy"; for files of other trainers' kinds "lokr", "loha", "dora", "oft",
// "locon", "difference", "xlabs" or "stable diffusion"; "unknown" when no key says anything.
std::string detect_dialect(const std::vector<std::string>& keys);

// Whether files of this dialect name FLUX's own (fused) modules: kohya and comfy.
bool has_native_modules(const std::string& dialect);

// "peft", "kohya", "comfy".
const std::vector<std::string>& lora_dialects();

// A target inside a native module: rows [first_share, first_share + share) of `all_shares` equal
// parts.
struct FusedMember {
  std::string target;
  int64_t first_share = 0, share = 1, all_shares = 1;
};

struct NativeModule {
  std::vector<FusedMember> members;  // in the order of their rows
  bool swaps_halves = false;         // its row halves stand the other way round in the target
};

// What a native FLUX.1 module holds; none for an unknown name.
std::optional<NativeModule> native_module(const std::string& module);

struct NativePlace {
  std::string module;
  size_t member = 0;  // index in native_module(module)->members
};

// Where a target stands in FLUX's own modules; none for an unknown target.
std::optional<NativePlace> native_place(const std::string& target);

}  // namespace lorarun
