#include "runtime/script/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/error.h"
#include "runtime/script/call.h"
#include "runtime/script/guard.h"

namespace lorarun::script {
namespace {

using ::testing::HasSubstr;

class Lua : public ::testing::Test {
 protected:
  Lua() : L(luaL_newstate()) {
    luaL_openlibs(L);
    open_errors(L);
  }
  ~Lua() override { lua_close(L); }

  // Runs a chunk and gives its one result as JSON.
  Json run(const std::string& text) {
    load_text(L, text, "chunk");
    call(L, 0, 1);
    Json value = to_json(L, -1);
    lua_pop(L, 1);
    return value;
  }

  std::string failure(const std::string& text) {
    try {
      run(text);
    } catch (const Error& error) { return error.what(); }
    return "no error";
  }

  lua_State* L;
};

TEST_F(Lua, TablesBecomeListsAndObjects) {
  EXPECT_EQ(run("return {1, 2, 3}"), Json::parse("[1, 2, 3]"));
  EXPECT_EQ(run("return {a = 1.5, b = {true, 'x'}}"),
            Json::parse(R"({"a": 1.5, "b": [true, "x"]})"));
  EXPECT_EQ(run("return {}"), Json::object());
}

TEST_F(Lua, WholeNumbersStayWhole) {
  EXPECT_EQ(run("return 9007199254740991").dump(), "9007199254740991");
  EXPECT_EQ(run("return 0.1").dump(), "0.1");
}

TEST_F(Lua, JsonComesBackAsItWent) {
  const Json value = Json::parse(R"({"a": [1, {"b": "text"}], "c": false, "d": 1e-9})");
  push_json(L, value);
  EXPECT_EQ(to_json(L, -1), value);
}

TEST_F(Lua, RefusesWhatIsNotPlainDataAndNamesThePath) {
  EXPECT_THAT(failure("return {a = {b = print}}"), HasSubstr("value.a.b is a function"));
  EXPECT_THAT(failure("return {1, x = 2}"), HasSubstr("mixes a list with named keys"));
  EXPECT_THAT(failure("local t = {} t.t = t return t"), HasSubstr("contains itself"));
}

TEST_F(Lua, ErrorsOfScriptsNameTheLine) {
  EXPECT_THAT(failure("\nlocal x = nil\nreturn x.y"), HasSubstr("at: chunk:3"));
  EXPECT_THAT(failure("error('told', 0)"), HasSubstr("told"));
  EXPECT_THAT(failure("return = 1"), HasSubstr("at: chunk:1"));
}

int throw_error(lua_State*) {
  throw Error("it broke").where("file.png").fix("mend it").while_working();
}
int throw_plain(lua_State*) {
  throw std::runtime_error("plain trouble");
}

TEST_F(Lua, CppExceptionsCrossLuaWithEverythingTheySay) {
  lua_pushcfunction(L, guarded<throw_error>);
  lua_setglobal(L, "f");
  try {
    run("local function g() f() end g() return 1");
    FAIL() << "no error";
  } catch (const ScriptError& error) {
    EXPECT_EQ(error.headline(), "it broke");
    EXPECT_EQ(error.place(), "file.png");
    EXPECT_EQ(error.remedy(), "mend it");
    EXPECT_EQ(error.exit_code(), 1);
    EXPECT_THAT(error.traceback(), HasSubstr("in function 'g'"));
  }
}

TEST_F(Lua, PcallSeesTheTextOfACppException) {
  lua_pushcfunction(L, guarded<throw_plain>);
  lua_setglobal(L, "f");
  EXPECT_EQ(run("local ok, e = pcall(function() f() end) return e"), "chunk:1: plain trouble");
}

struct Flag {
  bool* dropped;
  ~Flag() { *dropped = true; }
};

bool dropped = false;

int raise_inside(lua_State* L) {
  const Flag flag{&dropped};
  return luaL_error(L, "raised");
}

TEST_F(Lua, LuaErrorsRunDestructorsAndKeepTheirText) {
  dropped = false;
  lua_pushcfunction(L, guarded<raise_inside>);
  lua_setglobal(L, "f");
  EXPECT_THAT(failure("f()"), HasSubstr("raised"));
  EXPECT_TRUE(dropped);
}

TEST_F(Lua, TheStackIsAsBeforeAfterAFailure) {
  const int top = lua_gettop(L);
  failure("error('x')");
  EXPECT_EQ(lua_gettop(L), top);
}

}  // namespace
}  // namespace lorarun::script
