#include "runtime/io/safetensors_header.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>

#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/io/safetensors.h"

namespace lorarun {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr const char* kMetadataKey = "__metadata__";

static_assert(std::endian::native == std::endian::little, "files are little endian and mapped");

struct Dtype {
  const char* name;
  size_t bytes;
};

// In the order of rank.
constexpr Dtype kDtypes[] = {{"BOOL", 1},    {"U8", 1},      {"I8", 1},  {"F8_E5M2", 1},
                             {"F8_E4M3", 1}, {"F8_E8M0", 1}, {"I16", 2}, {"U16", 2},
                             {"F16", 2},     {"BF16", 2},    {"I32", 4}, {"U32", 4},
                             {"F32", 4},     {"F64", 8},     {"I64", 8}, {"U64", 8}};

const Dtype* find_dtype(const std::string& name) {
  const auto at = std::ranges::find_if(kDtypes, [&](const Dtype& d) { return name == d.name; });
  return at == std::end(kDtypes) ? nullptr : at;
}

const Dtype& get_dtype(const std::string& name) {
  if (const Dtype* dtype = find_dtype(name)) { return *dtype; }
  std::vector<std::string> known;
  for (const Dtype& dtype : kDtypes) { known.push_back(dtype.name); }
  Error error("safetensors has no data type '" + name + "' that lorarun reads");
  error.fix(name, known, "data types");
  throw error;
}

// What people often hand over instead; empty when the bytes tell nothing.
std::string mistaken_for(std::string_view file) {
  const auto starts = [&](std::string_view with) { return file.starts_with(with); };
  if (starts("PK\x03\x04") || starts("\x80\x02") || starts("\x80\x04")) {
    return "this is a pickle checkpoint (.ckpt, .pt, .bin), not safetensors";
  }
  if (starts("version https://git-lfs")) {
    return "this is a git-lfs pointer: the text that stands for a file that was not fetched";
  }
  if (starts("<!") || starts("<html") || starts("<HTML")) {
    return "this is a web page, not safetensors";
  }
  if (starts("GGUF")) { return "this is a GGUF file, not safetensors"; }
  return "";
}

std::string remedy_for(std::string_view file) {
  if (file.starts_with("version")) { return "run `git lfs pull`, or download the file itself"; }
  if (file.starts_with("<")) {
    return "download it again: the site may ask you to log in or to accept a licence";
  }
  if (file.starts_with("GGUF")) { return "use the model's safetensors release"; }
  return "use the safetensors release, or convert it with the safetensors Python package; lorarun "
         "reads no pickles, because they run code";
}

// Rules shared by all checks of one header, with the place for their errors.
class HeaderReader {
 public:
  HeaderReader(std::string_view file, std::string place) : file_(file), place_(std::move(place)) {}

  SafetensorsHeader read() {
    const Json json = parse(header_text());
    SafetensorsHeader header;
    header.header_bytes = kLengthBytes + header_bytes_;
    for (const auto& [key, value] : json.items()) {
      if (key == kMetadataKey) {
        header.metadata = metadata_of(value);
      } else {
        header.tensors.push_back(entry_of(key, value));
      }
    }
    check_layout(header.tensors);
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& remedy) const {
    throw Error(what).where(place_).fix(remedy);
  }

  [[noreturn]] void broken(const std::string& what) const {
    fail("the safetensors header is broken: " + what,
         "download the file again, or write it again with another program");
  }

  std::string header_text() {
    if (const std::string other = mistaken_for(file_); !other.empty()) {
      fail(other, remedy_for(file_));
    }
    if (file_.size() < kLengthBytes) {
      fail("the file is truncated: " + std::to_string(file_.size()) +
               " bytes cannot hold a safetensors header",
           "download it again");
    }
    std::memcpy(&header_bytes_, file_.data(), kLengthBytes);
    if (header_bytes_ > kMaxHeaderBytes) {
      fail("this is not a safetensors file: its header would have " +
               std::to_string(header_bytes_) + " bytes",
           "check that it is a .safetensors file, and download it again");
    }
    if (header_bytes_ > file_.size() - kLengthBytes) { truncated(kLengthBytes + header_bytes_); }
    const std::string_view text = file_.substr(kLengthBytes, header_bytes_);
    if (!text.starts_with('{')) { broken("it does not begin with '{'"); }
    return std::string(text);
  }

  [[noreturn]] void truncated(uint64_t expected) const {
    fail("the file is truncated: expected " + std::to_string(expected) + " bytes, it has " +
             std::to_string(file_.size()),
         "download it again");
  }

  // nlohmann's parser takes the last of equal keys; the format forbids them.
  Json parse(const std::string& text) const {
    std::vector<std::set<std::string>> open;
    const auto check = [&](int, Json::parse_event_t event, Json& parsed) {
      if (event == Json::parse_event_t::object_start) { open.emplace_back(); }
      if (event == Json::parse_event_t::object_end) { open.pop_back(); }
      if (event == Json::parse_event_t::key &&
          !open.back().insert(parsed.get<std::string>()).second) {
        broken("the key '" + parsed.get<std::string>() + "' stands twice");
      }
      return true;
    };
    try {
      return Json::parse(text, check);
    } catch (const Json::exception& e) {
      broken(std::string("it is not JSON in UTF-8: ") + e.what());
    }
  }

  std::map<std::string, std::string> metadata_of(const Json& value) const {
    if (!value.is_object()) { broken("__metadata__ is not an object"); }
    std::map<std::string, std::string> metadata;
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) { broken("__metadata__ holds '" + key + "', which is not a text"); }
      metadata.emplace(key, text.get<std::string>());
    }
    return metadata;
  }

  TensorEntry entry_of(const std::string& name, const Json& value) const {
    const bool whole = value.is_object() && value.contains("dtype") && value["dtype"].is_string() &&
                       value.contains("shape") && value["shape"].is_array() &&
                       value.contains("data_offsets") && value["data_offsets"].is_array() &&
                       value["data_offsets"].size() == 2;
    if (!whole) { broken("tensor '" + name + "' lacks dtype, shape or two data_offsets"); }
    TensorEntry entry{.name = name, .dtype = value["dtype"].get<std::string>()};
    for (const Json& side : value["shape"]) { entry.shape.push_back(natural(side, name)); }
    entry.begin = static_cast<uint64_t>(natural(value["data_offsets"][0], name));
    entry.end = static_cast<uint64_t>(natural(value["data_offsets"][1], name));
    check_size(entry);
    return entry;
  }

  int64_t natural(const Json& value, const std::string& name) const {
    const bool fits = value.is_number_unsigned() && value.get<uint64_t>() <= uint64_t{INT64_MAX};
    if (!fits) {
      broken("tensor '" + name + "' has " + value.dump() + " where a natural number belongs");
    }
    return static_cast<int64_t>(value.get<uint64_t>());
  }

  void check_size(const TensorEntry& entry) const {
    uint64_t bytes = 0;
    try {
      bytes = tensor_bytes(entry.dtype, entry.shape);
    } catch (Error& error) { throw error.where(place_ + ", tensor '" + entry.name + "'"); }
    if (entry.begin > entry.end) { broken("tensor '" + entry.name + "' ends before it begins"); }
    if (entry.end - entry.begin != bytes) {
      broken("tensor '" + entry.name + "' takes " + std::to_string(entry.end - entry.begin) +
             " bytes, its shape and type need " + std::to_string(bytes));
    }
  }

  // The tensors fill the data from 0 to its end, without hole or overlap.
  void check_layout(const std::vector<TensorEntry>& tensors) const {
    std::vector<const TensorEntry*> in_order;
    for (const TensorEntry& entry : tensors) { in_order.push_back(&entry); }
    std::ranges::sort(in_order, {},
                      [](const TensorEntry* e) { return std::pair(e->begin, e->end); });
    uint64_t at = 0;
    for (const TensorEntry* entry : in_order) {
      if (entry->begin < at) { broken("tensor '" + entry->name + "' overlaps the one before it"); }
      if (entry->begin > at) { broken("there is a hole before tensor '" + entry->name + "'"); }
      at = entry->end;
    }
    const uint64_t data_bytes = file_.size() - kLengthBytes - header_bytes_;
    if (at > data_bytes) { truncated(kLengthBytes + header_bytes_ + at); }
    if (at < data_bytes) {
      broken(std::to_string(data_bytes - at) + " bytes follow the last tensor");
    }
  }

  std::string_view file_;
  std::string place_;
  uint64_t header_bytes_ = 0;
};

}  // namespace

size_t dtype_bytes(const std::string& dtype) {
  return get_dtype(dtype).bytes;
}

int dtype_rank(const std::string& dtype) {
  return static_cast<int>(&get_dtype(dtype) - kDtypes);
}

uint64_t tensor_bytes(const std::string& dtype, const std::vector<int64_t>& shape) {
  uint64_t bytes = dtype_bytes(dtype);
  for (const int64_t side : shape) {
    if (side < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(side), &bytes)) {
      throw Error("the shape of a tensor is negative, or its size overflows 64 bits")
          .fix("the file is broken: download it again");
    }
  }
  return bytes;
}

SafetensorsHeader read_safetensors_header(std::string_view file, const std::string& place) {
  return HeaderReader(file, place).read();
}

std::string safetensors_header_text(const std::vector<TensorEntry>& in_order_of_data,
                                    const std::map<std::string, std::string>& metadata) {
  OrderedJson json = OrderedJson::object();
  if (!metadata.empty()) { json[kMetadataKey] = metadata; }
  for (const TensorEntry& entry : in_order_of_data) {
    json[entry.name] = {
        {"dtype", entry.dtype}, {"shape", entry.shape}, {"data_offsets", {entry.begin, entry.end}}};
  }
  std::string text = to_line(json);
  text.append((8 - text.size() % 8) % 8, ' ');
  const uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), kLengthBytes) + text;
}

}  // namespace lorarun
