// Numbers out of an optimizer's table in the recipe, checked.

#pragma once

#include <string>

#include "runtime/base/json.h"

namespace lorarun::optim {

// Gives options[key], or `otherwise` when it is absent.  Throws Error naming optimizer.<key> when
// it is no number or lies outside [lowest, highest].
double number_option(const Json& options, const std::string& key, double otherwise, double lowest,
                     double highest);

}  // namespace lorarun::optim
