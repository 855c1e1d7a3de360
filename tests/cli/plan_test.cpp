// `lorarun plan`, --explain, --help and recipes by their names, on the real program.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/cli/flux_dev_configs.h"
#include "tests/cli/training_folder.h"

namespace lorarun::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kLateTune =
    "steps = 100, network = lora { rank = 2, text_encoders = { 'clip_l' } }, text_encoders = "
    "late_tune { from = 0.8, lr = 5e-6 }, min_snr_gamma = 5";

Outcome plan(const TrainingFolder& folder, const std::vector<std::string>& more = {}) {
  std::vector<std::string> words = {"plan", "r.lua"};
  words.insert(words.end(), more.begin(), more.end());
  return run_program(words, folder.path());
}

TEST(Plan, ShowsTheSwitchWithItsStepAndNamesTheInertSetting) {
  const TrainingFolder folder(kLateTune);
  const Outcome outcome = plan(folder);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("    81    80.0 %  clip_l.train"), HasSubstr("off -> on"),
                    HasSubstr("min_snr_gamma has no effect"), HasSubstr("learning rate")));
  EXPECT_FALSE(fs::exists(folder.path() / "runs"));
}

TEST(Plan, NeedsNeitherModelNorData) {
  const Folder folder;
  folder.write("r.lua", recipe_text("no/such/base", "steps = 10000"));
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = run_program({"plan", "r.lua"}, folder.path());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_LT(took.count(), 5.0);
}

TEST(Plan, IsJsonForPrograms) {
  const TrainingFolder folder(kLateTune);
  const Json plan_of_r = Json::parse(plan(folder, {"--json"}).out);
  EXPECT_EQ(plan_of_r["steps"], 100);
  EXPECT_EQ(plan_of_r["problems"][0]["key"], "min_snr_gamma");
  EXPECT_EQ(plan_of_r["events"][0]["what"], "save");
  EXPECT_EQ(plan_of_r["events"][0]["count"], 50);
  EXPECT_EQ(Json::parse(plan(folder, {"--json", "--at", "81"}).out)["clip_l.lr"], 5e-6);
}

// FLUX.1-dev at 1024 px: 22.2 GiB of weights in bfloat16, and with recompute less than 4 GB beside.
TEST(Plan, CountsTheMemoryOfAFluxOfWhichOnlyTheConfigsAreThere) {
  const FluxDevConfigs dev;
  const Folder folder;
  const std::vector<std::string> words = {"plan", LORARUN_SOURCE_DIR "/recipes/flux_character.lua",
                                          "--set", "model.path=" + dev.path().string()};
  const Outcome text = run_program(words, folder.path());
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("memory on the device: "), HasSubstr("encoding text by t5"),
                              HasSubstr("weights 22.2 GiB"), HasSubstr("memory on the host: ")));

  std::vector<std::string> as_json = words;
  as_json.emplace_back("--json");
  const Json memory = Json::parse(run_program(as_json, folder.path()).out)["memory"];
  const Json& device = memory["device"];
  EXPECT_EQ(device["weights"], 2 * int64_t{11'901'408'320});
  const int64_t sum = device["weights"].get<int64_t>() + device["text_encoders"].get<int64_t>() +
                      device["vae"].get<int64_t>() + device["adapters"].get<int64_t>() +
                      device["state"].get<int64_t>() + device["activations"].get<int64_t>();
  EXPECT_EQ(device["total"], sum);
  EXPECT_GT(device["total"], 26'000'000'000);
  EXPECT_LT(device["total"], 32'000'000'000);
  EXPECT_GT(memory["host"]["total"], 0);
}

TEST(Plan, SaysWhyItCountsNoMemory) {
  const Folder folder;
  folder.write("r.lua", recipe_text("no/such/base", "steps = 10"));
  EXPECT_THAT(run_program({"plan", "r.lua"}, folder.path()).out,
              HasSubstr("memory: not counted: there is no model folder"));
}

TEST(Plan, WritesOnePageAndOnePicture) {
  const TrainingFolder folder(kLateTune);
  EXPECT_EQ(plan(folder, {"--html", "plan.html", "--png", "plan.png"}).exit_code, 0);
  EXPECT_THAT(read_all(folder.path() / "plan.html"),
              AllOf(HasSubstr("<svg"), HasSubstr("clip_l"), Not(HasSubstr("http://")),
                    Not(HasSubstr("https://"))));
  const Image picture = load_image(folder.path() / "plan.png");
  EXPECT_GE(picture.width, 640);
}

TEST(Plan, ComparesTwoRecipes) {
  const TrainingFolder folder;
  folder.write("b.lua", recipe_text(kMicro, "phases = { phase { from = 0.5, clip = 0.25 } }"));
  const Outcome outcome = run_program({"plan", "--diff", "r.lua", "b.lua"}, folder.path());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("steps 4 to 6: clip 1 -> 0.25"));
}

TEST(Plan, SaysWhatAStepCostsOnceARunHasMeasuredIt) {
  const TrainingFolder folder;
  EXPECT_THAT(plan(folder).out, HasSubstr("not measured yet"));
  ASSERT_EQ(folder.train().exit_code, 0);
  EXPECT_THAT(plan(folder).out, HasSubstr("s a step, measured over"));
}

TEST(Plan, RefusesWhatIsNoPlan) {
  const TrainingFolder folder(
      "on = { step = function(state, run) return { lr = run.step - 3.5 } end }");
  const Outcome failing = plan(folder);
  EXPECT_EQ(failing.exit_code, 2);
  EXPECT_THAT(failing.err, AllOf(HasSubstr("lr is -2.5"), HasSubstr("on.step at step 1")));
  EXPECT_EQ(plan(folder, {"--at", "7"}).exit_code, 2);
  EXPECT_EQ(run_program({"plan"}, folder.path()).exit_code, 2);
  EXPECT_EQ(run_program({"plan", "missing.lua"}, folder.path()).exit_code, 2);
}

TEST(Training, WarnsOfSettingsThatDoNothingAndGoesOn) {
  const TrainingFolder folder("noise_offset = 0.1");
  const Outcome outcome = folder.train();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("noise_offset has no effect"));
  EXPECT_THAT(folder.journal(), HasSubstr("noise_offset has no effect"));
}

constexpr const char* kParams =
    "local p = params { width = { type = 'integer', default = 2, doc = 'rank of the LoRA' }, "
    "photos = { type = 'path', required = true, unit = 'folder' } }\n"
    "return recipe { name = 'run', steps = 1, model = flux { path = 'base' }, network = lora { "
    "rank "
    "= p.width }, data = { images { dir = p.photos } } }\n";

TEST(Params, AreFlagsAndAreListedByHelp) {
  const Folder folder;
  folder.write("p.lua", kParams);
  const Outcome help = run_program({"p.lua", "--help"}, folder.path());
  EXPECT_EQ(help.exit_code, 0) << help.err;
  EXPECT_THAT(help.out, AllOf(HasSubstr("--width"), HasSubstr("rank of the LoRA"),
                              HasSubstr("[folder]"), HasSubstr("required")));
  const Outcome explained =
      run_program({"p.lua", "--photos", ".", "--width", "8", "--explain", "--json"}, folder.path());
  EXPECT_EQ(explained.exit_code, 0) << explained.err;
  const Json explanation = Json::parse(explained.out);
  bool found = false;
  for (const Json& row : explanation["settings"]) {
    if (row["name"] != "network.rank") { continue; }
    EXPECT_EQ(row["value"], 8);
    EXPECT_EQ(row["from"], "params.width");
    found = true;
  }
  EXPECT_TRUE(found);
}

TEST(Params, ThatAreMisspeltOrMissingAreRefused) {
  const Folder folder;
  folder.write("p.lua", kParams);
  const Outcome misspelt = run_program({"p.lua", "--photos", ".", "--widht", "8"}, folder.path());
  EXPECT_EQ(misspelt.exit_code, 2);
  EXPECT_THAT(misspelt.err, HasSubstr("did you mean '--width'?"));
  const Outcome missing = run_program({"p.lua"}, folder.path());
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("needs a value for 'photos'"));
}

TEST(Recipes, AreFoundByTheirNames) {
  const TrainingFolder folder;
  const Outcome own =
      run_program({"flux_character", "--data", "photos", "--explain"}, folder.path());
  EXPECT_EQ(own.exit_code, 0) << own.err;
  EXPECT_THAT(own.out, HasSubstr(folder.path().string().substr(0, 40)));
  const Outcome misspelt = run_program({"flux_charakter"}, folder.path());
  EXPECT_EQ(misspelt.exit_code, 2);
  EXPECT_THAT(misspelt.err, HasSubstr("did you mean 'flux_character'?"));
}

TEST(Recipes, OfSeveralFilesTrainAndAreKeptWhole) {
  const TrainingFolder folder;
  folder.write("parts/rates.lua", "return { last = 0.25 }\n");
  folder.write("r.lua",
               "local rates = require 'parts.rates'\n" + recipe_text(kMicro, "clip = rates.last"));
  ASSERT_EQ(folder.train().exit_code, 0);
  bool kept = false;
  for (const auto& entry : fs::directory_iterator(folder.run("recipe"))) {
    kept = kept || read_all(entry.path()).find("return { last = 0.25 }") != std::string::npos;
  }
  EXPECT_TRUE(kept);
  EXPECT_THAT(folder.last_lora(), HasSubstr("return { last = 0.25 }"));
}

}  // namespace
}  // namespace lorarun::cli
