// The JSON header of a safetensors file: read with all its rules, and written.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/files.h"

namespace lorarun {

// What the header says of one tensor; offsets count from the end of the header.
struct TensorEntry {
  std::string name, dtype;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;
};

struct SafetensorsHeader {
  uint64_t header_bytes = 0;         // the length field and the JSON
  std::vector<TensorEntry> tensors;  // in order of name
  std::map<std::string, std::string> metadata;
};

// Reads and checks the header of a file with these bytes.  Throws Error naming the broken rule.
SafetensorsHeader read_safetensors_header(std::string_view file, const std::string& place);

// Gives the length field and the padded JSON for tensors in order of their offsets.
std::string safetensors_header_text(const std::vector<TensorEntry>& in_order_of_data,
                                    const std::map<std::string, std::string>& metadata);

// Bytes of a tensor: the product of its shape and its type.  Throws Error when that overflows.
uint64_t tensor_bytes(const std::string& dtype, const std::vector<int64_t>& shape);

// Ranks of types in a written file: higher ones first (the order of the Rust library).
int dtype_rank(const std::string& dtype);

}  // namespace lorarun
