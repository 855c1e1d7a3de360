#include "runtime/networks/lora_fusion.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/io/lora_keys.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::networks {

namespace {

Tensor swap_halves(const Tensor& up) {
  const int64_t half = up.size(0) / 2;
  return at::cat({up.slice(0, half), up.slice(0, 0, half)});
}

Tensor rows_of(const Tensor& up, const FusedMember& member) {
  const int64_t rows = up.size(0) / member.all_shares;
  return up.slice(0, member.first_share * rows, (member.first_share + member.share) * rows);
}

bool is_zero(const Tensor& tensor) {
  return !tensor.any().item<bool>();
}

// Whether the i-th of `parts` uses only the i-th of as many equal column ranges.
bool has_block_form(const std::vector<Tensor>& parts, int64_t rank) {
  const auto count = static_cast<int64_t>(parts.size());
  if (count < 2 || rank % count != 0) { return false; }
  const int64_t width = rank / count;
  for (int64_t i = 0; i < count; ++i) {
    const Tensor& part = parts[i];
    if (!is_zero(part.slice(1, 0, i * width)) || !is_zero(part.slice(1, (i + 1) * width))) {
      return false;
    }
  }
  return true;
}

// The members whose rows of B are taken over: all, if they are blocks or all zero; else those
// that are not zero.
std::vector<FusedMember> living_members(const FusedLora& fused,
                                        const std::vector<FusedMember>& members) {
  std::vector<Tensor> parts;
  std::vector<FusedMember> living;
  for (const FusedMember& member : members) {
    parts.push_back(rows_of(fused.up, member));
    if (!is_zero(parts.back())) { living.push_back(member); }
  }
  const bool all = living.empty() || has_block_form(parts, fused.down.size(0));
  return all ? members : living;
}

std::vector<LoraEntry> take_blocks(const FusedLora& fused,
                                   const std::vector<FusedMember>& members) {
  const auto count = static_cast<int64_t>(members.size());
  const int64_t width = fused.down.size(0) / count;
  std::vector<LoraEntry> entries;
  for (int64_t i = 0; i < count; ++i) {
    const Tensor up = rows_of(fused.up, members[i]);
    entries.push_back(
        {"transformer", members[i].target, fused.down.slice(0, i * width, (i + 1) * width),
         up.slice(1, i * width, (i + 1) * width), fused.alpha / static_cast<double>(count)});
  }
  return entries;
}

std::vector<LoraEntry> share_down(const FusedLora& fused, const std::vector<FusedMember>& members) {
  std::vector<LoraEntry> entries;
  for (const FusedMember& member : members) {
    entries.push_back(
        {"transformer", member.target, fused.down, rows_of(fused.up, member), fused.alpha});
  }
  return entries;
}

double scale_of(const LoraEntry& entry) {
  return entry.alpha / static_cast<double>(entry.rank());
}

// One entry with its place among the module's rows.
struct Part {
  const LoraEntry* entry;
  FusedMember member;
};

std::vector<Part> parts_in_order(const NativeModule& native,
                                 const std::vector<const LoraEntry*>& entries) {
  std::vector<Part> parts;
  for (const FusedMember& member : native.members) {
    for (const LoraEntry* entry : entries) {
      if (entry->target == member.target) { parts.push_back({entry, member}); }
    }
  }
  LR_CHECK(parts.size() == entries.size() && !parts.empty(), "entries of one native module");
  return parts;
}

// Rows of one share; the same for all parts, or they do not belong together.
int64_t rows_of_share(const std::string& module, const std::vector<Part>& parts) {
  const LoraEntry& first = *parts[0].entry;
  const int64_t rows = first.up.size(0) / parts[0].member.share;
  for (const Part& part : parts) {
    const LoraEntry& entry = *part.entry;
    if (entry.up.size(0) != rows * part.member.share || entry.down.size(1) != first.down.size(1)) {
      throw Error(entry.target + " (A " + shape_text(entry.down.sizes()) + ", B " +
                  shape_text(entry.up.sizes()) + ") does not fit beside " + first.target + " (A " +
                  shape_text(first.down.sizes()) + ", B " + shape_text(first.up.sizes()) + ") in " +
                  module)
          .fix("convert to peft, which keeps the targets apart");
    }
  }
  return rows;
}

bool share_one_down(const std::vector<Part>& parts) {
  const LoraEntry& first = *parts[0].entry;
  return std::all_of(parts.begin(), parts.end(), [&](const Part& part) {
    return part.entry->alpha == first.alpha && at::equal(part.entry->down, first.down);
  });
}

// up * factor, rounded once.
Tensor scaled(const Tensor& up, double factor) {
  return factor == 1.0 ? up : up.to(at::kDouble).mul(factor).to(up.scalar_type());
}

// Alpha of all ranks together; exact where the parts' scales are equal.
double merged_alpha(const std::vector<Part>& parts, int64_t rank) {
  const double scale = scale_of(*parts[0].entry);
  double sum = 0;
  for (const Part& part : parts) {
    if (scale_of(*part.entry) != scale) { return scale * static_cast<double>(rank); }
    sum += part.entry->alpha;
  }
  return sum;
}

FusedLora merge_blocks(const std::string& module, const std::vector<Part>& parts, Tensor up,
                       int64_t rows) {
  std::vector<Tensor> downs;
  int64_t column = 0;
  const double scale = scale_of(*parts[0].entry);
  for (const Part& part : parts) {
    const LoraEntry& entry = *part.entry;
    const int64_t from = part.member.first_share * rows;
    up.slice(0, from, from + entry.up.size(0))
        .slice(1, column, column + entry.rank())
        .copy_(scaled(entry.up, scale == 0 ? 1.0 : scale_of(entry) / scale));
    downs.push_back(entry.down);
    column += entry.rank();
  }
  return {module, at::cat(downs), up, merged_alpha(parts, column)};
}

FusedLora merge_shared(const std::string& module, const std::vector<Part>& parts, Tensor up) {
  for (const Part& part : parts) { rows_of(up, part.member).copy_(part.entry->up); }
  return {module, parts[0].entry->down, up, parts[0].entry->alpha};
}

Tensor empty_up(const std::vector<Part>& parts, int64_t rows, bool one_down) {
  int64_t rank = 0;
  at::ScalarType dtype = parts[0].entry->up.scalar_type();
  for (const Part& part : parts) {
    rank += part.entry->rank();
    dtype = c10::promoteTypes(dtype, part.entry->up.scalar_type());
  }
  return at::zeros({rows, one_down ? parts[0].entry->rank() : rank}, at::TensorOptions(dtype));
}

}  // namespace

std::vector<LoraEntry> split_fused(const FusedLora& fused) {
  const auto native = native_module(fused.module);
  LR_CHECK(native.has_value(), "a module of FLUX.1");
  const int64_t shares = native->members[0].all_shares, rows = fused.up.size(0);
  if (rows % shares != 0 || (native->swaps_halves && rows % 2 != 0)) {
    throw Error(fused.module + " has " + std::to_string(rows) + " rows, which do not make " +
                std::to_string(std::max<int64_t>(shares, 2)) + " equal parts")
        .fix("this LoRA was not made for FLUX.1's layout: use it with the model it was made for");
  }
  FusedLora plain = fused;
  if (native->swaps_halves) { plain.up = swap_halves(fused.up); }
  if (native->members.size() == 1) { return share_down(plain, native->members); }
  const std::vector<FusedMember> members = living_members(plain, native->members);
  std::vector<Tensor> parts;
  for (const FusedMember& member : members) { parts.push_back(rows_of(plain.up, member)); }
  const bool blocks = has_block_form(parts, plain.down.size(0));
  return blocks ? take_blocks(plain, members) : share_down(plain, members);
}

FusedLora merge_entries(const std::string& module, const std::vector<const LoraEntry*>& entries) {
  const auto native = native_module(module);
  LR_CHECK(native.has_value(), "a module of FLUX.1");
  const std::vector<Part> parts = parts_in_order(*native, entries);
  const int64_t rows = rows_of_share(module, parts);
  const bool one_down = share_one_down(parts);
  const Tensor up = empty_up(parts, rows * native->members[0].all_shares, one_down);
  FusedLora fused =
      one_down ? merge_shared(module, parts, up) : merge_blocks(module, parts, up, rows);
  if (native->swaps_halves) { fused.up = swap_halves(fused.up); }
  return fused;
}

}  // namespace lorarun::networks
