// The one way from C++ into Lua: a protected call whose failure is a C++
// exception with the script's line and a traceback.

#pragma once

#include <string>

#include "runtime/base/error.h"
#include "runtime/script/lua.h"

namespace lorarun::script {

// An error that left Lua.  `what`, `where` and `fix` are those of the Lua error;
// a plain text "file.lua:3: why" is taken apart.
class ScriptError : public Error {
 public:
  ScriptError(const Error& error, std::string traceback)
      : Error(error), traceback_(std::move(traceback)) {}
  const std::string& traceback() const { return traceback_; }

 private:
  std::string traceback_;
};

// Calls the function below `arguments` values; leaves `results` values.
// Throws ScriptError; the stack is then as it was below the function.
void call(lua_State* L, int arguments, int results);

// Compiles a text as a chunk (never bytecode) and leaves the function.
// `name` is what errors call it.  Throws ScriptError with exit code 2.
void load_text(lua_State* L, const std::string& text, const std::string& name);

}  // namespace lorarun::script
