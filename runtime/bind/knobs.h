// A table of knobs -> train::Knobs.  The loop and `lorarun step` read them alike.

#pragma once

#include "runtime/base/json.h"
#include "runtime/script/lua.h"
#include "runtime/train/knobs.h"

namespace lorarun::bind {

train::TimestepLaw timestep_law(const Json& table);  // {kind, scale, mean, std, shift, min, max}
train::LossLaw loss_law(const Json& table);          // {kind, delta, weighting}
train::Knobs check_knobs(lua_State* L, int argument);

}  // namespace lorarun::bind
