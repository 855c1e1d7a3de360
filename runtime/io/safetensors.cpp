#include "runtime/io/safetensors.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/io/mapped_file.h"
#include "runtime/io/safetensors_header.h"

namespace lorarun {
namespace {

const TensorView* find_by_name(const std::vector<TensorView>& sorted, const std::string& name) {
  const auto at = std::ranges::lower_bound(sorted, name, {}, &TensorView::name);
  return at != sorted.end() && at->name == name ? &*at : nullptr;
}

void check_to_write(const TensorToWrite& tensor) {
  const uint64_t bytes = tensor_bytes(tensor.dtype, tensor.shape);
  LR_CHECK(tensor.bytes == bytes, "tensor '" + tensor.name + "' comes with " +
                                      std::to_string(tensor.bytes) + " bytes, its shape needs " +
                                      std::to_string(bytes));
}

// In the order of the file: wider types first, then by name.
std::vector<const TensorToWrite*> in_file_order(const std::vector<TensorToWrite>& tensors) {
  std::vector<const TensorToWrite*> order;
  for (const TensorToWrite& tensor : tensors) {
    check_to_write(tensor);
    order.push_back(&tensor);
  }
  std::ranges::sort(order, [](const TensorToWrite* a, const TensorToWrite* b) {
    const int rank_a = dtype_rank(a->dtype), rank_b = dtype_rank(b->dtype);
    return rank_a != rank_b ? rank_a > rank_b : a->name < b->name;
  });
  return order;
}

void check_names(const std::vector<TensorToWrite>& tensors) {
  std::vector<std::string> names;
  for (const TensorToWrite& tensor : tensors) { names.push_back(tensor.name); }
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  LR_CHECK(twice == names.end(), "tensor '" + *twice + "' would be written twice");
  LR_CHECK(!std::ranges::binary_search(names, "__metadata__"), "__metadata__ is no tensor's name");
}

}  // namespace

std::shared_ptr<const SafetensorsFile> SafetensorsFile::open(const fs::path& path) {
  const auto mapping = std::make_shared<const MappedFile>(path);
  std::shared_ptr<SafetensorsFile> file(new SafetensorsFile());
  file->path_ = path;
  file->owner_ = mapping;
  file->read(mapping->text());
  return file;
}

std::shared_ptr<const SafetensorsFile> SafetensorsFile::parse(std::string bytes,
                                                              const fs::path& place) {
  const auto text = std::make_shared<const std::string>(std::move(bytes));
  std::shared_ptr<SafetensorsFile> file(new SafetensorsFile());
  file->path_ = place;
  file->owner_ = text;
  file->read(*text);
  return file;
}

void SafetensorsFile::read(std::string_view all) {
  SafetensorsHeader header = read_safetensors_header(all, path_.string());
  data_ = reinterpret_cast<const std::byte*>(all.data()) + header.header_bytes;
  data_bytes_ = all.size() - header.header_bytes;
  metadata_ = std::move(header.metadata);
  for (TensorEntry& entry : header.tensors) {
    tensors_.push_back({.name = std::move(entry.name),
                        .dtype = std::move(entry.dtype),
                        .shape = std::move(entry.shape),
                        .data = data_ + entry.begin,
                        .bytes = entry.end - entry.begin});
  }
}

const TensorView* SafetensorsFile::find(const std::string& name) const {
  return find_by_name(tensors_, name);
}

std::string SafetensorsFile::data_sha256() const {
  return Sha256().add(data_, data_bytes_).hex();
}

void write_safetensors(const fs::path& path, const std::vector<TensorToWrite>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  check_names(tensors);
  const auto order = in_file_order(tensors);
  std::vector<TensorEntry> entries;
  uint64_t at = 0;
  for (const TensorToWrite* tensor : order) {
    entries.push_back({tensor->name, tensor->dtype, tensor->shape, at, at + tensor->bytes});
    at += tensor->bytes;
  }
  AtomicFile file(path);
  file.write(safetensors_header_text(entries, metadata));
  for (const TensorToWrite* tensor : order) { file.write(tensor->data, tensor->bytes); }
  file.commit();
}

std::string safetensors_data_sha256(const std::vector<TensorToWrite>& tensors) {
  Sha256 sum;
  for (const TensorToWrite* tensor : in_file_order(tensors)) {
    sum.add(tensor->data, tensor->bytes);
  }
  return sum.hex();
}

const TensorView* ShardedSafetensors::find(const std::string& name) const {
  return find_by_name(tensors_, name);
}

}  // namespace lorarun
