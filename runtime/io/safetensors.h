// safetensors: named tensors in one file, read through a memory mapping.
//
//   u64 N (little endian) | N bytes of JSON | data
//   {"__metadata__": {"k": "v"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0,
//   24]}, …}
//
// Invariant: after open() every tensor lies inside the file, its bytes are its
// shape times its type, and the tensors fill the data without hole or overlap.
// Source: the Rust implementation at github.com/huggingface/safetensors.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/files.h"

namespace lorarun {

// One tensor of an open file.  `data` is borrowed from the mapping, and may be
// misaligned for its type: real files are.
struct TensorView {
  std::string name;
  std::string dtype;  // F64 F32 F16 BF16 F8_E4M3 F8_E5M2 I64 I32 I16 I8 U64 U32 U16 U8 BOOL
  std::vector<int64_t> shape;  // empty: a scalar
  const std::byte* data = nullptr;
  size_t bytes = 0;
};

// Bytes of one element.  Throws Error with the known names for another dtype.
size_t dtype_bytes(const std::string& dtype);

class SafetensorsFile {
 public:
  // Maps the file read-only and checks all of its header.  Throws Error that says which rule is
  // broken, at which tensor, and what to do.
  static std::shared_ptr<const SafetensorsFile> open(const fs::path& path);

  // Checks bytes that are in memory already (they are copied).  `place` is for error texts.
  static std::shared_ptr<const SafetensorsFile> parse(std::string bytes, const fs::path& place);

  const std::vector<TensorView>& tensors() const { return tensors_; }  // in order of name
  const TensorView* find(const std::string& name) const;               // null: no such tensor
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const fs::path& path() const { return path_; }
  uint64_t data_bytes() const { return data_bytes_; }

  // SHA-256 of the data after the header: what trainers call sshs_model_hash.
  std::string data_sha256() const;

 private:
  SafetensorsFile() = default;
  void read(std::string_view all);

  fs::path path_;
  std::shared_ptr<const void> owner_;  // of the bytes: a mapping or a string
  const std::byte* data_ = nullptr;
  uint64_t data_bytes_ = 0;
  std::vector<TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

// A component's weights in one file or in several with an index; the same interface.
class ShardedSafetensors {
 public:
  // Finds `<stem>.safetensors`, or `<stem>.safetensors.index.json` and its shards, in `folder`.
  // Throws Error listing what the folder holds when neither is there, and naming a missing shard.
  static std::shared_ptr<const ShardedSafetensors> open(const fs::path& folder,
                                                        const std::string& stem);

  const std::vector<TensorView>& tensors() const { return tensors_; }  // in order of name
  const TensorView* find(const std::string& name) const;
  const std::vector<std::shared_ptr<const SafetensorsFile>>& files() const { return files_; }

 private:
  ShardedSafetensors() = default;
  void open_index(const fs::path& index);

  std::vector<std::shared_ptr<const SafetensorsFile>> files_;
  std::vector<TensorView> tensors_;
};

// A tensor to be written; `data` is borrowed and holds `bytes` bytes, row-major.
struct TensorToWrite {
  std::string name, dtype;
  std::vector<int64_t> shape;
  const void* data = nullptr;
  size_t bytes = 0;
};

// Writes atomically: wider types first, then by name, header padded to 8 bytes.
// Throws Error for a name given twice and for bytes that are not shape times dtype.
void write_safetensors(const fs::path& path, const std::vector<TensorToWrite>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

// The data_sha256() that a file of these tensors will have: known before it is written, so that it
// can stand in the file's own metadata.
std::string safetensors_data_sha256(const std::vector<TensorToWrite>& tensors);

}  // namespace lorarun
