#include "runtime/script/call.h"

#include <cctype>
#include <string_view>

namespace lorarun::script {

namespace {

bool is_error_table(lua_State* L, int index) {
  if (!lua_istable(L, index) || !lua_getmetatable(L, index)) { return false; }
  luaL_getmetatable(L, "lorarun.Error");  // [meta, expected]
  const bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

std::string text_field(lua_State* L, const char* key) {
  lua_getfield(L, -1, key);
  const char* text = lua_tostring(L, -1);
  std::string value = text ? text : "";
  lua_pop(L, 1);
  return value;
}

// Message handler: wraps whatever was thrown and its traceback into one table.
int handle(lua_State* L) {
  lua_newtable(L);  // [thrown, wrapped]
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "thrown");
  luaL_traceback(L, L, nullptr, 1);
  lua_setfield(L, -2, "traceback");
  return 1;
}

// "file.lua:3: why\n  fix: how" -> place "file.lua:3", what "why", fix "how".
Error take_apart(const std::string& whole) {
  constexpr std::string_view kFix = "\n  fix: ";
  if (const size_t at = whole.find(kFix); at != std::string::npos) {
    return take_apart(whole.substr(0, at)).fix(whole.substr(at + kFix.size()));
  }
  const std::string& text = whole;
  for (size_t at = text.find(':'); at != std::string::npos; at = text.find(':', at + 1)) {
    size_t end = at + 1;
    while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end]))) { ++end; }
    if (end > at + 1 && text.compare(end, 2, ": ") == 0) {
      Error error(text.substr(end + 2));
      error.where(text.substr(0, end));
      return error;
    }
  }
  return Error(text);
}

Error error_of_table(lua_State* L) {
  Error error(text_field(L, "what"));
  if (const std::string place = text_field(L, "where"); !place.empty()) { error.where(place); }
  if (const std::string fix = text_field(L, "fix"); !fix.empty()) { error.fix(fix); }
  if (text_field(L, "exit_code") == "1") { error.while_working(); }
  return error;
}

Error error_on_top(lua_State* L) {
  if (is_error_table(L, lua_gettop(L))) { return error_of_table(L); }
  if (const char* text = lua_tostring(L, -1)) { return take_apart(text).while_working(); }
  return Error(std::string("the script threw a ") + luaL_typename(L, -1) + " value")
      .while_working();
}

// Pops what pcall left; throws it.  A memory error carries no table, because the
// handler could not run.
[[noreturn]] void rethrow(lua_State* L) {
  if (!lua_istable(L, -1)) {
    const Error plain = error_on_top(L);
    lua_pop(L, 1);
    throw ScriptError(plain, "");
  }
  const std::string traceback = text_field(L, "traceback");
  lua_getfield(L, -1, "thrown");  // [wrapped, thrown]
  const Error error = error_on_top(L);
  lua_pop(L, 2);
  throw ScriptError(error, traceback);
}

}  // namespace

void call(lua_State* L, int arguments, int results) {
  const int handler = lua_gettop(L) - arguments;
  lua_pushcfunction(L, handle);
  lua_insert(L, handler);  // [handle, function, arguments]
  const int status = lua_pcall(L, arguments, results, handler);
  lua_remove(L, handler);
  if (status != 0) { rethrow(L); }
}

void load_text(lua_State* L, const std::string& text, const std::string& name) {
  const std::string chunk_name = "@" + name;
  size_t start = 0;
  if (text.compare(0, 2, "#!") == 0) { start = text.find('\n'); }
  if (start == std::string::npos) { start = text.size(); }
  const int status =
      luaL_loadbufferx(L, text.data() + start, text.size() - start, chunk_name.c_str(), "t");
  if (status == 0) { return; }
  const Error error = take_apart(lua_tostring(L, -1));
  lua_pop(L, 1);
  Error report(error.headline());
  report.where(error.place().empty() ? name : error.place());
  report.fix("correct the Lua syntax there");
  throw ScriptError(report, "");
}

}  // namespace lorarun::script
