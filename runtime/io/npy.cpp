#include "runtime/io/npy.h"

#include <unistd.h>

#include <fstream>
#include <functional>
#include <numeric>

#include "runtime/base/error.h"
#include "runtime/base/nearest.h"

namespace lorarun {

std::string npy_header(const std::vector<int64_t>& shape) {
  constexpr size_t kBeforeText = 10, kAlignment = 64;
  std::string text = "{'descr': '|u1', 'fortran_order': False, 'shape': (";
  std::vector<std::string> sizes;
  for (const int64_t size : shape) { sizes.push_back(std::to_string(size)); }
  text += join(sizes, ", ") + (shape.size() == 1 ? ",), }" : "), }");
  const size_t used = kBeforeText + text.size() + 1;
  text.append((kAlignment - used % kAlignment) % kAlignment, ' ');
  text += '\n';
  const auto length = static_cast<uint16_t>(text.size());
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(length & 0xFF);
  header += static_cast<char>(length >> 8);
  return header + text;
}

void write_npy(const fs::path& path, const std::vector<int64_t>& shape,
               std::span<const uint8_t> bytes) {
  const int64_t expected =
      std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
  LR_CHECK(expected == static_cast<int64_t>(bytes.size()), "an array of another size");
  fs::path temporary = path;
  temporary += ".tmp-" + std::to_string(::getpid());
  std::ofstream out(temporary, std::ios::binary);
  out << npy_header(shape);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.close();
  std::error_code code;
  if (out) { fs::rename(temporary, path, code); }
  if (!out || code) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw Error("cannot write the file").where(path.string()).while_working();
  }
}

}  // namespace lorarun
