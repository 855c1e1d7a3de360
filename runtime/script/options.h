// The last argument of a function: a table of named options.
//
//   const Options opts(L, 3, {"dtype", "metadata"});   // an unknown key names its candidates
//   opts.text("dtype", "bf16")
//
// An absent table means all defaults.

#pragma once

#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/script/lua.h"

namespace lorarun::script {

class Options {
 public:
  // Throws Error for a key that is not in `known`, or when the argument is no table.
  Options(lua_State* L, int argument, const std::vector<std::string>& known);

  bool has(const char* key) const;
  double number(const char* key, double absent) const;
  int64_t integer(const char* key, int64_t absent) const;
  bool flag(const char* key, bool absent) const;
  std::string text(const char* key, const std::string& absent) const;
  std::vector<std::string> texts(const char* key) const;
  std::vector<int64_t> integers(const char* key, const std::vector<int64_t>& absent) const;
  Json json(const char* key, const Json& absent) const;

  // Leaves the value of `key` on the stack (nil when absent).
  void push(const char* key) const;

 private:
  bool open(const char* key, int type, const char* expected) const;  // leaves the value when true

  lua_State* L_;
  int argument_;
  bool absent_;
};

}  // namespace lorarun::script
