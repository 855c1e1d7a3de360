// Runs that train text encoders: on late, frozen early, stopped at the border and gone on with.

#include <gtest/gtest.h>

#include "tests/cli/training_folder.h"

namespace lorarun::cli {
namespace {

const std::string kLate =
    "text_encoders = late_tune { from = 0.5, lr = 5e-3, encoders = { 'clip_l', 't5' } },";
const std::string kEarly = "text_encoders = early_freeze { to = 0.5, lr = 5e-3 },";

std::vector<std::string> modes(const TrainingFolder& folder) {
  std::vector<std::string> found;
  for (const Json& entry : events_in(folder.run("journal.jsonl"), "encoder")) {
    found.push_back(std::to_string(entry["step"].get<int>()) + " " +
                    entry["encoder"].get<std::string>() + " " + entry["mode"].get<std::string>());
  }
  return found;
}

// The run as if it had been killed after its checkpoint of `step`, and gone on with.
void go_on_from(const TrainingFolder& folder, int step) {
  for (int later = step + 2; later <= 6; later += 2) {
    const std::string stem = "checkpoints/run-00000" + std::to_string(later);
    fs::remove(folder.run(stem + ".safetensors"));
    fs::remove(folder.run(stem + ".raw.safetensors"));
    fs::remove_all(folder.run(stem + ".state"));
  }
  fs::remove_all(folder.path() / "runs/.cache");  // what is missing is encoded to the same bits
  const Outcome outcome = folder.train();
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
}

TEST(TextEncoderRun, ALateTuneTurnsThemOnByItselfAndSaysWhatItCosts) {
  const TrainingFolder folder(kLate);
  const Outcome outcome = folder.train();
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(modes(folder), (std::vector<std::string>{"4 clip_l live", "4 t5 live"}));
  EXPECT_NE(outcome.err.find("step 4: t5 trains"), std::string::npos) << outcome.err;
  EXPECT_NE(folder.journal().find("\"bytes\":"), std::string::npos);
}

TEST(TextEncoderRun, AnEarlyFreezeCachesTheCaptionsAnewUnderTheChangedWeights) {
  const TrainingFolder folder(kEarly);
  const Outcome outcome = folder.train();
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(modes(folder), (std::vector<std::string>{"1 clip_l live", "4 clip_l cached"}));
  EXPECT_NE(outcome.err.find("3 captions encoded with its weights as they are"), std::string::npos)
      << outcome.err;
}

TEST(TextEncoderRun, GoingOnAtTheBorderChangesNoBit) {
  for (const std::string& changes : {kLate, kEarly}) {
    const TrainingFolder folder(changes);
    ASSERT_EQ(folder.train().exit_code, 0);
    const std::string lora = folder.last_lora();
    const std::vector<double> losses = folder.losses();
    for (const int step : {2, 4}) {
      go_on_from(folder, step);
      EXPECT_EQ(folder.last_lora(), lora) << changes << " from step " << step;
      EXPECT_EQ(folder.losses(), losses) << changes << " from step " << step;
    }
  }
}

TEST(TextEncoderRun, FilesOfEveryDialectCarryThem) {
  const std::map<std::string, std::vector<std::string>> keys = {
      {"peft", {"text_encoder.text_model.", "text_encoder_2.encoder."}},
      {"kohya", {"lora_te1_text_model_", "lora_te3_encoder_"}},
      {"comfy", {"text_encoders.clip_l.transformer.", "text_encoders.t5xxl.transformer."}}};
  for (const auto& [dialect, prefixes] : keys) {
    const TrainingFolder folder(kLate + " steps = 2, save = { every = 2, format = '" + dialect +
                                "' },");
    ASSERT_EQ(folder.train().exit_code, 0);
    const std::string lora = read_all(folder.run("checkpoints/run-000002.safetensors"));
    for (const std::string& prefix : prefixes) {
      EXPECT_NE(lora.find(prefix), std::string::npos) << dialect << ": " << prefix;
    }
  }
}

TEST(TextEncoderRun, SampleAppliesThemAndConvertKeepsThem) {
  const TrainingFolder folder("text_encoders = always { lr = 0.5 }, ema = 0,");
  ASSERT_EQ(folder.train().exit_code, 0);
  const std::string lora = folder.run("checkpoints/run-000006.safetensors").string();
  const auto latents = [&](const std::vector<std::string>& more, const std::string& out) {
    std::vector<std::string> words = {"sample",  kMicro, "--prompt",  "a thing", "--size", "64x64",
                                      "--steps", "2",    "--latents", "--out",   out};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = run_program(words, folder.path());
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return read_all(folder.path() / out / "000.latents.safetensors");
  };
  const std::string with = latents({"--lora", lora}, "with");
  EXPECT_TRUE(with != latents({}, "without"));
  const Outcome converted =
      run_program({"convert", lora, "kohya.safetensors", "--to", "kohya"}, folder.path());
  ASSERT_EQ(converted.exit_code, 0) << converted.err;
  EXPECT_TRUE(with == latents({"--lora", "kohya.safetensors"}, "converted"));
}

TEST(TextEncoderRun, ANetworkMayGiveThemARankOfTheirOwn) {
  const TrainingFolder folder(
      "steps = 2, network = lora { rank = 4, alpha = 2, text_encoders = { 'clip_l' }, "
      "text_encoder_rank = 2 },");
  ASSERT_EQ(folder.train().exit_code, 0);
  const Outcome inspected = run_program(
      {"inspect", folder.run("checkpoints/run-000002.safetensors").string()}, folder.path());
  EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
  EXPECT_NE(inspected.out.find("clip_l"), std::string::npos) << inspected.out;
}

}  // namespace
}  // namespace lorarun::cli
