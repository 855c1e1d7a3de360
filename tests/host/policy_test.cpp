#include "runtime/host/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/error.h"

namespace lorarun::host {
namespace {

using ::testing::HasSubstr;

const PolicyNames kNames{{"flux", "lora", "adamw", "images"}, Json::object()};

std::string failure(const std::string& text) {
  try {
    Policy policy(text, "r.lua", kNames);
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 2);
    return error.what();
  }
  return "no error";
}

TEST(Policy, GivesTheDeclarationAsPlainDataWithKinds) {
  const Policy policy(
      "return recipe { steps = 5, model = flux { path = 'm' }, data = { images {} } }", "r.lua",
      kNames);
  EXPECT_EQ(policy.declaration()["model"], Json({{"kind", "flux"}, {"path", "m"}}));
  EXPECT_EQ(policy.declaration()["steps"], 5);
  EXPECT_EQ(policy.declaration()["data"][0]["kind"], "images");
}

TEST(Policy, MarksHooksAndCallsThemByName) {
  Policy policy(
      "return recipe { on = { step = function(state, run)\n"
      "  state.n = (state.n or 0) + 1\n  return { lr = run.step * 2 } end } }",
      "r.lua", kNames);
  EXPECT_TRUE(policy.has("step"));
  EXPECT_FALSE(policy.has("evaluate"));
  const Decision decision = policy.decide("step", {{"n", 4}}, {{"step", 3}});
  EXPECT_EQ(decision.answer, Json({{"lr", 6}}));
  EXPECT_EQ(decision.state, Json({{"n", 5}}));
}

TEST(Policy, NamesFileAndLineOfASyntaxError) {
  EXPECT_THAT(failure("return recipe {\n  steps = = 3 }"), HasSubstr("at: r.lua:2"));
}

TEST(Policy, NamesFileAndLineOfARuntimeError) {
  EXPECT_THAT(failure("local x = nil\nreturn x.y"), HasSubstr("at: r.lua:2"));
}

TEST(Policy, SuggestsTheRightCaseOfAName) {
  EXPECT_THAT(failure("return recipe { network = LoRA { rank = 4 } }"),
              HasSubstr("did you mean 'lora'?"));
}

TEST(Policy, RefusesAChunkThatIsNoRecipe) {
  EXPECT_THAT(failure("return { steps = 3 }"), HasSubstr("return recipe"));
}

TEST(Policy, HidesFilesModulesAndTheMachine) {
  for (const char* name : {"io", "os", "require", "debug", "package", "jit", "ffi", "load",
                           "loadstring", "dofile", "getfenv", "setfenv", "getmetatable",
                           "setmetatable", "newproxy", "coroutine", "collectgarbage", "rawset"}) {
    EXPECT_THAT(failure(std::string("return ") + name), HasSubstr("nothing is named")) << name;
  }
}

TEST(Policy, HidesThemFromTextMethodsToo) {
  EXPECT_THAT(failure("return (''):dump()"), HasSubstr("dump"));
}

TEST(Policy, RefusesBytecode) {
  EXPECT_THAT(failure("\x1bLJ\x02"), HasSubstr("attempt to load chunk with wrong mode"));
}

TEST(Policy, StopsAnEndlessLoop) {
  EXPECT_THAT(failure("while true do end"), HasSubstr("takes too long"));
}

TEST(Policy, StopsAnEndlessLoopInsidePcall) {
  EXPECT_THAT(failure("while true do pcall(function() while true do end end) end"),
              HasSubstr("takes too long"));
}

TEST(Policy, StopsATextThatGrowsWithoutEnd) {
  EXPECT_THAT(failure("local s = 'x' while true do s = s .. s end"),
              HasSubstr("not enough memory"));
}

TEST(Policy, StopsATableThatGrowsWithoutEnd) {
  EXPECT_THAT(failure("local t = {} for i = 1, 1e9 do t[i] = i end"),
              HasSubstr("not enough memory"));
}

TEST(Policy, StopsARecursionWithoutEnd) {
  EXPECT_THAT(failure("local function f() return 1 + f() end return f()"),
              HasSubstr("stack overflow"));
}

TEST(Policy, RefusesPatternsThatCouldRunForMinutes) {
  EXPECT_THAT(failure("return ('a'):find('a*a*a*b')"), HasSubstr("pattern"));
  EXPECT_THAT(failure("return ('a'):rep(1e10)"), HasSubstr("million bytes"));
}

TEST(Policy, RefusesStateThatCannotBeSaved) {
  Policy policy("return recipe { on = { step = function(state) state.x = 0/0 end } }", "r.lua",
                kNames);
  EXPECT_THROW(policy.decide("step", Json::object(), Json::object()), Error);
}

TEST(Policy, RefusesAFunctionInState) {
  Policy policy("return recipe { on = { step = function(state) state.f = function() end end } }",
                "r.lua", kNames);
  EXPECT_THROW(policy.decide("step", Json::object(), Json::object()), Error);
}

TEST(Policy, GoesOnAfterAHookThatFailed) {
  Policy policy(
      "return recipe { on = { step = function(state, run)\n"
      "  if run.step == 2 then error('no') end\n  return { lr = 1 } end } }",
      "r.lua", kNames);
  EXPECT_THROW(policy.decide("step", Json::object(), {{"step", 2}}), Error);
  EXPECT_EQ(policy.decide("step", Json::object(), {{"step", 3}}).answer, Json({{"lr", 1}}));
}

TEST(Policy, PairsGoInSortedOrder) {
  const Policy policy(
      "local keys = {} for k in pairs { b = 1, a = 2, c = 3 } do keys[#keys + 1] = k end\n"
      "return recipe { name = table.concat(keys) }",
      "r.lua", kNames);
  EXPECT_EQ(policy.declaration()["name"], "abc");
}

TEST(Policy, SortsWithAComparison) {
  const Policy policy(
      "local t = { 3, 1, 2, 5, 4 } table.sort(t, function(a, b) return a > b end)\n"
      "return recipe { name = table.concat(t) }",
      "r.lua", kNames);
  EXPECT_EQ(policy.declaration()["name"], "54321");
}

}  // namespace
}  // namespace lorarun::host
