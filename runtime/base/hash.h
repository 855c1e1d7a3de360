// Content hashes: SHA-256 (OpenSSL) for what leaves or is kept by content,
// FNV-1a for the names of random streams.

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lorarun {

// Adds up bytes; hex() gives 64 lower-case digits.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256& add(const void* data, size_t bytes);
  Sha256& add(std::string_view text) { return add(text.data(), text.size()); }
  std::string hex();  // ends it: add() no more

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view text);
std::string sha256_of_file(const std::filesystem::path& path);

// FNV-1a, 32 bits (Fowler, Noll, Vo).
constexpr uint32_t fnv1a32(std::string_view text) {
  uint32_t hash = 0x811C9DC5u;
  for (const char c : text) { hash = (hash ^ static_cast<uint8_t>(c)) * 0x01000193u; }
  return hash;
}

}  // namespace lorarun
