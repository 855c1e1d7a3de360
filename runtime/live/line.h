// One line of the live protocol: a JSON object, not deep.

#pragma once

#include <optional>
#include <string>

#include "runtime/base/json.h"

namespace lorarun::live {

// Gives the object of a line, or nothing and why.
std::optional<Json> parse_line(const std::string& line, std::string* why_not);

}  // namespace lorarun::live
