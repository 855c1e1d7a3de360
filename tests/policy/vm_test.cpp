#include "runtime/policy/vm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/error.h"
#include "tests/policy/source.h"

namespace lorarun::policy {
namespace {

using ::testing::HasSubstr;

std::string failure(const std::string& text) {
  try {
    PolicyVm policy(source(text));
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 2);
    return error.what();
  }
  return "no error";
}

TEST(PolicyVm, GivesTheDeclarationAsPlainDataWithKinds) {
  const PolicyVm policy(
      source("return recipe { steps = 5, model = flux { path = 'm' }, data = { images {} } }"));
  EXPECT_EQ(policy.declaration()["model"], Json({{"kind", "flux"}, {"path", "m"}}));
  EXPECT_EQ(policy.declaration()["steps"], 5);
  EXPECT_EQ(policy.declaration()["data"][0]["kind"], "images");
}

TEST(PolicyVm, MarksHooksAndCallsThemByName) {
  PolicyVm policy(
      source("return recipe { on = { step = function(state, run)\n"
             "  state.n = (state.n or 0) + 1\n  return { lr = run.step * 2 } end } }"));
  EXPECT_TRUE(policy.has("step"));
  EXPECT_FALSE(policy.has("evaluate"));
  const Decision decision = policy.decide("step", {{"n", 4}}, {{"step", 3}});
  EXPECT_EQ(decision.answer, Json({{"lr", 6}}));
  EXPECT_EQ(decision.state, Json({{"n", 5}}));
}

TEST(PolicyVm, NamesFileAndLineOfASyntaxError) {
  EXPECT_THAT(failure("return recipe {\n  steps = = 3 }"), HasSubstr("at: r.lua:2"));
}

TEST(PolicyVm, NamesFileAndLineOfARuntimeError) {
  EXPECT_THAT(failure("local x = nil\nreturn x.y"), HasSubstr("at: r.lua:2"));
}

TEST(PolicyVm, SuggestsTheRightCaseOfAName) {
  EXPECT_THAT(failure("return recipe { network = LoRA { rank = 4 } }"),
              HasSubstr("did you mean 'lora'?"));
}

TEST(PolicyVm, RefusesAChunkThatIsNoRecipe) {
  EXPECT_THAT(failure("return { steps = 3 }"), HasSubstr("return recipe"));
}

TEST(PolicyVm, HidesFilesModulesAndTheMachine) {
  for (const char* name : {"io", "os", "debug", "package", "jit", "ffi", "load", "loadstring",
                           "dofile", "getfenv", "setfenv", "getmetatable", "setmetatable",
                           "newproxy", "coroutine", "collectgarbage", "rawset"}) {
    EXPECT_THAT(failure(std::string("return ") + name), HasSubstr("nothing is named")) << name;
  }
}

TEST(PolicyVm, HidesThemFromTextMethodsToo) {
  EXPECT_THAT(failure("return (''):dump()"), HasSubstr("dump"));
}

TEST(PolicyVm, RefusesBytecode) {
  EXPECT_THAT(failure("\x1bLJ\x02"), HasSubstr("attempt to load chunk with wrong mode"));
}

TEST(PolicyVm, StopsAnEndlessLoop) {
  EXPECT_THAT(failure("while true do end"), HasSubstr("takes too long"));
}

TEST(PolicyVm, StopsAnEndlessLoopInsidePcall) {
  EXPECT_THAT(failure("while true do pcall(function() while true do end end) end"),
              HasSubstr("takes too long"));
}

TEST(PolicyVm, StopsATextThatGrowsWithoutEnd) {
  EXPECT_THAT(failure("local s = 'x' while true do s = s .. s end"),
              HasSubstr("not enough memory"));
}

TEST(PolicyVm, StopsATableThatGrowsWithoutEnd) {
  EXPECT_THAT(failure("local t = {} for i = 1, 1e9 do t[i] = i end"),
              HasSubstr("not enough memory"));
}

TEST(PolicyVm, StopsARecursionWithoutEnd) {
  EXPECT_THAT(failure("local function f() return 1 + f() end return f()"),
              HasSubstr("stack overflow"));
}

TEST(PolicyVm, RefusesPatternsThatCouldRunForMinutes) {
  EXPECT_THAT(failure("return ('a'):rep(200):find('a*a*a*b')"), HasSubstr("pattern"));
  EXPECT_THAT(failure("return ('a'):rep(1e10)"), HasSubstr("million bytes"));
}

TEST(PolicyVm, RefusesStateThatCannotBeSaved) {
  PolicyVm policy(source("return recipe { on = { step = function(state) state.x = 0/0 end } }"));
  EXPECT_THROW(policy.decide("step", Json::object(), Json::object()), Error);
}

TEST(PolicyVm, RefusesAFunctionInState) {
  PolicyVm policy(
      source("return recipe { on = { step = function(state) state.f = function() end end } }"));
  EXPECT_THROW(policy.decide("step", Json::object(), Json::object()), Error);
}

TEST(PolicyVm, GoesOnAfterAHookThatFailed) {
  PolicyVm policy(
      source("return recipe { on = { step = function(state, run)\n"
             "  if run.step == 2 then error('no') end\n  return { lr = 1 } end } }"));
  EXPECT_THROW(policy.decide("step", Json::object(), {{"step", 2}}), Error);
  EXPECT_EQ(policy.decide("step", Json::object(), {{"step", 3}}).answer, Json({{"lr", 1}}));
}

TEST(PolicyVm, LetsHarmlessPatternsPass) {
  const PolicyVm policy(source(
      "return recipe { name = ('photo of [a] cat'):match('%[(.-)%]'):gsub('a', 'b') .. '' }"));
  EXPECT_EQ(policy.declaration()["name"], "b");
}

TEST(PolicyVm, RefusesAnAnswerThatContainsItself) {
  PolicyVm policy(source(with_step("local t = {} t.t = t return t")));
  EXPECT_THROW(policy.decide("step", kEmpty, kEmpty), Error);
}

TEST(PolicyVm, RefusesAnAnswerThatGrowsByDoubling) {
  PolicyVm policy(
      source(with_step("local t = {} for i = 1, 30 do t = { a = t, b = t } end return t")));
  EXPECT_THROW(policy.decide("step", kEmpty, kEmpty), Error);
}

TEST(PolicyVm, ReportsLackOfMemoryWhileItsArgumentsArrive) {
  PolicyVm policy(source("local kept = {}\n" + with_step("for i = 1, 1e9 do kept[i] = i end")));
  EXPECT_THROW(policy.decide("step", kEmpty, kEmpty), Error);
  const Json large = {{"text", std::string(size_t{60} << 20, 'x')}};
  EXPECT_THROW(policy.decide("step", large, kEmpty), Error);
}

TEST(PolicyVm, NextGoesInSortedOrder) {
  const PolicyVm policy(source("return recipe { name = next { b = 1, a = 2 } }"));
  EXPECT_EQ(policy.declaration()["name"], "a");
}

TEST(PolicyVm, PointsAScriptToTrust) {
  EXPECT_THAT(failure("local m = lorarun.model.open('x')"), HasSubstr("--trust"));
  EXPECT_THAT(failure("print('hello')"), HasSubstr("--trust"));
}

TEST(PolicyVm, RehearsesAListWithTheStateOfTheCallBefore) {
  PolicyVm policy(source(
      with_step("state.n = (state.n or 0) + 1 if run.step < 3 then return { lr = state.n } end")));
  const Rehearsal all =
      policy.rehearse("step", kEmpty, {{{"step", 1}}, {{"step", 2}}, {{"step", 3}}});
  EXPECT_EQ(all.answers, Json({{{"lr", 1}}, {{"lr", 2}}, Json::object()}));
  EXPECT_EQ(all.state, Json({{"n", 3}}));
  EXPECT_FALSE(all.failure);
}

TEST(PolicyVm, RehearsesUpToTheFirstFailure) {
  PolicyVm policy(source(with_step("state.n = run.step if run.step == 2 then error('no') end")));
  const Rehearsal all =
      policy.rehearse("step", kEmpty, {{{"step", 1}}, {{"step", 2}}, {{"step", 3}}});
  ASSERT_TRUE(all.failure);
  EXPECT_EQ(all.failure->index, 1u);
  EXPECT_THAT(all.failure->error.what(), HasSubstr("no"));
  EXPECT_EQ(all.answers.size(), 1u);
  EXPECT_EQ(all.state, Json({{"n", 1}}));
}

TEST(PolicyVm, MigratesTheStateOfAnOlderVersion) {
  PolicyVm policy(
      source("return recipe { version = 2, migrate = function(state, from)\n"
             "  return { mean = state.sum / from } end }"));
  EXPECT_EQ(policy.declaration()["migrate"], Json({{"kind", "hook"}}));
  EXPECT_EQ(policy.migrate({{"sum", 8}}, 4), Json({{"mean", 2}}));
}

TEST(PolicyVm, SaysThatMigrateIsMissing) {
  PolicyVm policy(source("return recipe { version = 2 }"));
  EXPECT_THROW(policy.migrate(kEmpty, 1), Error);
}

TEST(PolicyVm, RequiresPartsOnceAndByName) {
  Source parts = source(
      "local a, b = require 'lib.a', require 'lib.a'\nreturn recipe { same = a == b, n = a.n }");
  parts.parts = {{"lib.a", "return { n = require 'lib.b' }"}, {"lib.b", "return 7"}};
  const PolicyVm policy(parts);
  EXPECT_EQ(policy.declaration()["same"], true);
  EXPECT_EQ(policy.declaration()["n"], 7);
}

std::string failure_of_part(const std::string& text) {
  try {
    Source parts = source("local a = require 'lib.a'\nreturn recipe {}");
    parts.parts = {{"lib.a", text}, {"lib.b", "return require 'lib.a'"}};
    PolicyVm policy(parts);
  } catch (const Error& error) { return error.what(); }
  return "no error";
}

TEST(PolicyVm, NamesAPartThatIsMissingOrBroken) {
  EXPECT_THAT(failure_of_part("return require 'lib.bb'"), HasSubstr("did you mean 'lib.b'?"));
  EXPECT_THAT(failure_of_part("return require 'os'"), HasSubstr("no part 'os'"));
  EXPECT_THAT(failure_of_part("return require '../../etc/passwd'"), HasSubstr("no part"));
  EXPECT_THAT(failure_of_part("return\n + nil"), HasSubstr("lib/a.lua:2"));
  EXPECT_THAT(failure_of_part("\x1bLJ\x02"), HasSubstr("wrong mode"));
}

TEST(PolicyVm, NamesPartsThatNeedEachOther) {
  EXPECT_THAT(failure_of_part("return require 'lib.b'"), HasSubstr("lib.a -> lib.b -> lib.a"));
}

const char* const kParams =
    "local p = params { dir = { type = 'path', default = 'photos', doc = 'pictures' },\n"
    "  rank = { type = 'integer', default = 16, min = 1, max = 64 },\n"
    "  size = { type = 'number', unit = 'px', default = 64 },\n"
    "  flip = { type = 'flag', default = true }, names = { type = 'list', default = {} } }\n"
    "return recipe { dir = p.dir, rank = p.rank, size = p.size, flip = p.flip, names = p.names }";

Json with_params(const Json& given) {
  Source made = source(kParams);
  made.params = given;
  return PolicyVm(made).declaration();
}

TEST(PolicyVm, GivesParamsTheirDefaultsAndDeclaresThem) {
  const Json declared = with_params(kEmpty);
  EXPECT_EQ(declared["dir"], "photos");
  EXPECT_EQ(declared["rank"], 16);
  EXPECT_EQ(declared["flip"], true);
  EXPECT_EQ(declared["params"]["rank"]["max"], 64);
  EXPECT_EQ(declared["params"]["dir"]["doc"], "pictures");
}

TEST(PolicyVm, GivesParamsTheGivenValuesInTheirTypes) {
  const Json declared = with_params(
      {{"rank", "32"}, {"size", "96px"}, {"flip", "false"}, {"names", "a,2"}, {"other.key", "1"}});
  EXPECT_EQ(declared["rank"], 32);
  EXPECT_EQ(declared["size"], 96);
  EXPECT_EQ(declared["flip"], false);
  EXPECT_EQ(declared["names"], Json({"a", 2}));
}

std::string failure_with_params(const Json& given) {
  try {
    with_params(given);
  } catch (const Error& error) { return error.what(); }
  return "no error";
}

TEST(PolicyVm, NamesAParamWhoseValueIsWrong) {
  EXPECT_THAT(failure_with_params({{"rank", "1.5"}}), HasSubstr("params.rank is '1.5'"));
  EXPECT_THAT(failure_with_params({{"rank", "100"}}), HasSubstr("a whole number from 1 to 64"));
  EXPECT_THAT(failure_with_params({{"size", "3 miles"}}), HasSubstr("a number in px"));
  EXPECT_THAT(failure_with_params({{"flip", "maybe"}}), HasSubstr("true or false"));
}

TEST(PolicyVm, AsksForAParamThatIsRequiredUnlessItOnlyHelps) {
  Source made = source(
      "local p = params { dir = { type = 'path', required = true } }\n"
      "return recipe { dir = p.dir .. '/x' }");
  EXPECT_THROW(PolicyVm policy(made), Error);
  made.lenient = true;
  EXPECT_EQ(PolicyVm(made).declaration()["dir"], "/x");
}

TEST(PolicyVm, PairsGoInSortedOrder) {
  const PolicyVm policy(
      source("local keys = {} for k in pairs { b = 1, a = 2, c = 3 } do keys[#keys + 1] = k end\n"
             "return recipe { name = table.concat(keys) }"));
  EXPECT_EQ(policy.declaration()["name"], "abc");
}

TEST(PolicyVm, SortsWithAComparison) {
  const PolicyVm policy(
      source("local t = { 3, 1, 2, 5, 4 } table.sort(t, function(a, b) return a > b end)\n"
             "return recipe { name = table.concat(t) }"));
  EXPECT_EQ(policy.declaration()["name"], "54321");
}

}  // namespace
}  // namespace lorarun::policy
