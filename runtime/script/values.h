// Plain data across the border: Lua tables <-> JSON, and checked arguments.
//
// A table with keys 1 … n is a list, one with names is an object, an empty one
// an object; mixed tables, functions and cycles are errors that name the path.

#pragma once

#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/script/lua.h"

namespace lorarun::script {

// Gives the value at `index` as JSON.  Throws Error naming `path` and the key.
Json to_json(lua_State* L, int index, const std::string& path = "value");
void push_json(lua_State* L, const Json& value);

std::string check_string(lua_State* L, int argument);
std::vector<std::string> check_strings(lua_State* L, int argument);  // a list of texts, or one text
std::vector<int64_t> check_integers(lua_State* L, int argument);     // a list of whole numbers
void push_string(lua_State* L, const std::string& text);
void push_strings(lua_State* L, const std::vector<std::string>& texts);

}  // namespace lorarun::script
