// "Did you mean": the known name that a misspelt one probably stands for.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lorarun {

// Edits (insert, delete, replace, swap of neighbours) that turn a into b.
int edit_distance(std::string_view a, std::string_view b);

// Gives the closest of `known`, if it is close enough to be meant.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

std::string join(const std::vector<std::string>& parts, const std::string& separator);

}  // namespace lorarun
