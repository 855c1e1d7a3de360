#include "runtime/tensor/tensor_file.h"

#include "runtime/tensor/tensor.h"

namespace lorarun {

Tensor tensor_of(const TensorView& view, std::shared_ptr<const void> keep_alive) {
  const at::ScalarType dtype = dtype_from_safetensors(view.dtype);
  void* data = const_cast<std::byte*>(view.data);  // mapped read-only: nobody may write
  const auto mapped = at::from_blob(
      data, view.shape, [keep_alive](void*) {}, at::TensorOptions(dtype));
  const bool aligned = reinterpret_cast<uintptr_t>(data) % c10::elementSize(dtype) == 0;
  if (aligned) { return mapped; }
  Tensor copy = at::empty(view.shape, at::TensorOptions(dtype));
  std::memcpy(copy.mutable_data_ptr(), data, view.bytes);
  return copy;
}

NamedTensors load_tensors(const std::filesystem::path& path) {
  const auto file = SafetensorsFile::open(path);
  NamedTensors tensors;
  for (const TensorView& view : file->tensors()) {
    tensors.emplace(view.name, tensor_of(view, file));
  }
  return tensors;
}

void save_tensors(const std::filesystem::path& path, const NamedTensors& tensors,
                  const std::map<std::string, std::string>& metadata) {
  std::vector<Tensor> kept;
  std::vector<TensorToWrite> list;
  for (const auto& [name, tensor] : tensors) {
    const Tensor plain = tensor.detach().to(at::kCPU).contiguous();
    kept.push_back(plain);
    list.push_back({.name = name,
                    .dtype = safetensors_name(plain.scalar_type()),
                    .shape = plain.sizes().vec(),
                    .data = plain.const_data_ptr(),
                    .bytes = plain.nbytes()});
  }
  write_safetensors(path, list, metadata);
}

}  // namespace lorarun
