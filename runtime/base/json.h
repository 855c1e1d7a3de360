// JSON: nlohmann's library, with errors that say what, where and how to fix.

#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace lorarun {

using Json = nlohmann::json;                 // keys sorted: texts that are hashed or compared
using OrderedJson = nlohmann::ordered_json;  // keys in the order of writing: texts for people

// Parses a whole text.  Throws Error naming `place` and the byte where it broke.
Json parse_json(const std::string& text, const std::string& place);

// Reads and parses a file.
Json read_json(const std::filesystem::path& path);

// One line; numbers in their shortest form that reads back the same; NaN and infinity as null.
std::string to_line(const Json& value);
std::string to_line(const OrderedJson& value);

}  // namespace lorarun
