#include "runtime/tensor/tensor.h"

#include <fstream>
#include <sstream>

#include "runtime/base/error.h"
#include "runtime/tensor/device_ops.h"

namespace lorarun {
namespace {

struct DtypeName {
  const char* name;
  const char* short_name;
  const char* in_safetensors;
  at::ScalarType dtype;
};

constexpr DtypeName kDtypes[] = {
    {"float32", "fp32", "F32", at::kFloat},
    {"float16", "fp16", "F16", at::kHalf},
    {"bfloat16", "bf16", "BF16", at::kBFloat16},
    {"float64", "fp64", "F64", at::kDouble},
    {"int64", "i64", "I64", at::kLong},
    {"int32", "i32", "I32", at::kInt},
    {"int16", "i16", "I16", at::kShort},
    {"int8", "i8", "I8", at::kChar},
    {"uint8", "u8", "U8", at::kByte},
    {"bool", "bool", "BOOL", at::kBool},
    {"float8_e4m3", "fp8", "F8_E4M3", at::kFloat8_e4m3fn},
    {"float8_e5m2", "bf8", "F8_E5M2", at::kFloat8_e5m2},
};

std::vector<std::string> known_dtypes() {
  std::vector<std::string> names;
  for (const DtypeName& one : kDtypes) { names.emplace_back(one.name); }
  return names;
}

// A line such as "VmHWM:   123456 kB" of /proc/self/status.
int64_t status_kilobytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(key, 0) == 0) { return std::stoll(line.substr(key.size())); }
  }
  return 0;
}

Tensor floats_on(at::Device device, at::IntArrayRef shape) {
  return at::empty(shape, at::TensorOptions(at::kFloat).device(device));
}

}  // namespace

at::ScalarType dtype_from_name(const std::string& name) {
  for (const DtypeName& one : kDtypes) {
    if (name == one.name || name == one.short_name) { return one.dtype; }
  }
  throw Error("no data type named '" + name + "'").fix(name, known_dtypes(), "data types");
}

std::string name_of_dtype(at::ScalarType dtype) {
  for (const DtypeName& one : kDtypes) {
    if (dtype == one.dtype) { return one.name; }
  }
  return c10::toString(dtype);
}

at::ScalarType dtype_from_safetensors(const std::string& name) {
  for (const DtypeName& one : kDtypes) {
    if (name == one.in_safetensors) { return one.dtype; }
  }
  throw Error("tensors of type '" + name + "' cannot be used")
      .fix("convert the file to F32, BF16 or F16 first");
}

std::string safetensors_name(at::ScalarType dtype) {
  for (const DtypeName& one : kDtypes) {
    if (dtype == one.dtype) { return one.in_safetensors; }
  }
  throw Error("tensors of type " + name_of_dtype(dtype) + " cannot be saved")
      .fix("convert them first, e.g. x:to('float32')");
}

std::string shape_text(at::IntArrayRef shape) {
  std::string text = "[";
  for (const int64_t size : shape) { text += (text.size() > 1 ? ", " : "") + std::to_string(size); }
  return text + "]";
}

void expect_shape(const Tensor& tensor, const std::string& letters,
                  const std::map<std::string, int64_t>& fixed, const std::string& what) {
  std::istringstream split(letters);
  std::vector<std::string> names;
  for (std::string name; split >> name;) { names.push_back(name); }
  std::string broken;
  if (!tensor.defined()) {
    broken = what + " is missing";
  } else if (tensor.dim() != static_cast<int64_t>(names.size())) {
    broken = what + " has shape " + shape_text(tensor.sizes());
  } else {
    for (size_t i = 0; i < names.size(); ++i) {
      const auto at = fixed.find(names[i]);
      if (at == fixed.end() || at->second == tensor.size(static_cast<int64_t>(i))) { continue; }
      broken = what + " has shape " + shape_text(tensor.sizes()) + " with " + names[i] + " = " +
               std::to_string(tensor.size(static_cast<int64_t>(i)));
      break;
    }
  }
  if (broken.empty()) { return; }
  std::string expected = "expected are " + std::to_string(names.size()) + " dimensions: " + letters;
  for (const auto& [name, size] : fixed) { expected += ", " + name + " = " + std::to_string(size); }
  throw Error(broken).fix(expected);
}

Tensor keyed_normal(uint64_t seed, const std::string& stream, uint32_t step, uint32_t sample,
                    at::IntArrayRef shape, at::Device device) {
  Tensor values = floats_on(device, shape);
  keyed_normal({seed, stream, step, sample, 1}, values);
  return values;
}

Tensor keyed_uniform(uint64_t seed, const std::string& stream, uint32_t step, uint32_t sample,
                     at::IntArrayRef shape, at::Device device) {
  Tensor values = floats_on(device, shape);
  keyed_uniform({seed, stream, step, sample, 1}, values);
  return values;
}

Tensor keyed_normal_rows(uint64_t seed, const std::string& stream, uint32_t step,
                         uint32_t first_sample, at::IntArrayRef shape, at::Device device) {
  Tensor values = floats_on(device, shape);
  keyed_normal({seed, stream, step, first_sample, shape[0]}, values);
  return values;
}

Tensor keyed_mask_rows(uint64_t seed, const std::string& stream, uint32_t step,
                       uint32_t first_sample, at::IntArrayRef shape, double rate,
                       at::Device device) {
  Tensor values = floats_on(device, shape);
  keyed_mask({seed, stream, step, first_sample, shape[0]}, rate, values);
  return values;
}

int64_t peak_process_bytes() {
  return status_kilobytes("VmHWM:") * 1024;
}
int64_t process_bytes() {
  return status_kilobytes("VmRSS:") * 1024;
}

}  // namespace lorarun
