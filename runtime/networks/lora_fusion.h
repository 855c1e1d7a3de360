// Between FLUX's own fused modules and the single targets of diffusers.
//
//   split   every target gets the module's A and its rows of B: exact
//   merge   equal A's (as after a split): A once, the B's one under the other: exact
//           different A's of ranks r1, r2, …: A's one under the other, B's as blocks on the
//           diagonal, rank r1 + r2 + …, alpha so that alpha / rank stays: exact as well
//
//   B = | B1  0  0 |        A = | A1 |
//       |  0 B2  0 |            | A2 |
//       |  0  0 B3 |            | A3 |
//
// A module of that block form is taken apart again into its A's, so that both ways are inverse.

#pragma once

#include <string>
#include <vector>

#include "runtime/networks/lora_file.h"

namespace lorarun::networks {

// A native module's LoRA, such as double_blocks.0.img_attn.qkv.
struct FusedLora {
  std::string module;
  Tensor down, up;  // [R, in], [rows of all targets, R]
  double alpha = 0;
};

// Gives the entries (component "transformer") of a module's targets.  Targets whose rows of B are
// all zero, while those of others are not, are left out.
// Throws Error when the rows of B cannot be shared out.  Requires: a module of FLUX.1.
std::vector<LoraEntry> split_fused(const FusedLora& fused);

// Makes the module from the entries of its targets; absent targets get rows of zeros.
// Different alpha / rank are brought to the first one's by scaling B.
// Throws Error when the entries' shapes do not fit together.
FusedLora merge_entries(const std::string& module, const std::vector<const LoraEntry*>& entries);

}  // namespace lorarun::networks
