// What `lorarun plan` says a run will hold, beside what the pretended GPU then measures; and what
// is said where a card has not so much.

#include <gmock/gmock.h>

#include "tests/pretend/on_the_card.h"

namespace lorarun::pretend_tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kTenth = 0.1;

// A FLUX of width 256 with all its parts, made of random numbers, and two pictures.
class MemoryFolder : public Folder {
 public:
  explicit MemoryFolder(const std::string& changes) {
    const fs::path micro = kMicro;
    for (const char* words : {"tokenizer", "tokenizer_2", "scheduler", "model_index.json"}) {
      fs::create_directories(path() / "base");
      fs::copy(micro / words, path() / "base" / words, fs::copy_options::recursive);
    }
    part("transformer",
         R"({"_class_name":"FluxTransformer2DModel","attention_head_dim":64,
             "axes_dims_rope":[16,24,24],"guidance_embeds":true,"in_channels":64,
             "joint_attention_dim":128,"num_attention_heads":4,"num_layers":2,
             "num_single_layers":4,"patch_size":1,"pooled_projection_dim":64})");
    part("vae", R"({"_class_name":"AutoencoderKL","block_out_channels":[16,16,32,32],
                    "latent_channels":16,"layers_per_block":1,"norm_num_groups":8,
                    "use_quant_conv":false,"use_post_quant_conv":false})");
    part("text_encoder", R"({"architectures":["CLIPTextModel"],"hidden_act":"quick_gelu",
                             "hidden_size":64,"intermediate_size":256,"vocab_size":1024,
                             "max_position_embeddings":77,"num_attention_heads":4,
                             "num_hidden_layers":2,"eos_token_id":1023})");
    part("text_encoder_2", R"({"architectures":["T5EncoderModel"],"d_ff":256,"d_kv":32,
                               "d_model":128,"feed_forward_proj":"gated-gelu","num_heads":4,
                               "num_layers":2,"vocab_size":60000})");
    fs::create_directories(path() / "photos");
    for (int i = 1; i <= 2; ++i) {
      write_picture(path() / "photos" / (std::to_string(i) + ".png"), i, 256, 256);
    }
    write("r.lua", recipe_text("base", "steps = 2, " + data(128) + ", " + changes));
  }

  static std::string data(int side_px) {
    return "data = { images { dir = 'photos', caption = 'a thing', size_step = 32, resolution = " +
           std::to_string(side_px) + " } }";
  }

  Json plan() const {
    const Outcome outcome = run_program({"plan", "r.lua", "--json"}, path());
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return Json::parse(outcome.out)["memory"];
  }

  Outcome train() const { return run_with_the_card(on_the_card({"r.lua"}), path()); }

 private:
  void part(const std::string& name, const std::string& config) const {
    write("base/" + name + "/config.json", config);
    write("base/" + name + "/random.json", R"({"seed": 1})");
  }
};

void expect_measured_as_planned(const std::string& changes) {
  const MemoryFolder folder(changes);
  const auto planned = folder.plan()["device"]["total"].get<double>();
  const Outcome outcome = folder.train();
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto measured = report_of(folder.path())["peak_bytes"].get<double>();
  EXPECT_NEAR(planned, measured, kTenth * measured) << changes;
}

class Memory : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_pretended()) { GTEST_SKIP() << "pending: no pretended GPU"; }
  }
};

TEST_F(Memory, OfATrainingStepIsAsPlanned) {
  expect_measured_as_planned("batch = 1");
}

TEST_F(Memory, WithRecomputeIsAsPlanned) {
  expect_measured_as_planned(
      "batch = 2, model = flux { path = 'base', dtype = 'bf16', recompute = true }");
}

TEST_F(Memory, OfLargerPicturesInALargerBatchIsAsPlanned) {
  expect_measured_as_planned(MemoryFolder::data(256) + ", batch = 2, ema = 0");
}

TEST_F(Memory, OfSeveralMicroBatchesAndAnotherOptimizerIsAsPlanned) {
  expect_measured_as_planned(
      "batch = 1, accumulate = 2, network = lora { rank = 64 }, optimizer = sgd { lr = 1e-3 }");
}

TEST_F(Memory, OfTrainingAllWeightsIsAsPlanned) {
  expect_measured_as_planned("network = full {}");
}

TEST_F(Memory, OfLiveTextEncodersIsAsPlanned) {
  expect_measured_as_planned(
      "network = lora { rank = 8, text_encoders = { 'clip_l', 't5' } }, "
      "text_encoders = always { lr = 1e-4 }");
}

// The plan counts no text encoder there, neither for the prompts nor for the negative text: T5's
// 30 MB of tokens would show.
TEST_F(Memory, OfPicturesWithTrueCfgIsAsPlanned) {
  expect_measured_as_planned(
      "render = { every = 2, steps = 1, size = { 512, 384 }, prompts = { 'a' }, "
      "negative = 'blurry', true_cfg = 3 }");
}

TEST_F(Memory, ThatACardHasNotIsRefusedBeforeAnythingLoads) {
  const MemoryFolder folder("batch = 1");
  const Json first = folder.plan()["remedies"].at(0);
  ASSERT_EQ(first["text"], "model.recompute = true");
  const Variable small("PRETEND_BYTES", std::to_string(first["total"].get<int64_t>() + 100'000));
  const Outcome outcome = folder.train();
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("MiB free of "), HasSubstr("a training step"),
                                 HasSubstr("weights "), HasSubstr("adapters "),
                                 HasSubstr("activations "), HasSubstr("model.recompute = true (")));
  EXPECT_FALSE(fs::exists(folder.path() / "runs/run"));
}

TEST_F(Memory, ThatIsCloseToWhatACardHasIsWarnedOf) {
  const MemoryFolder folder("batch = 1");
  const auto planned = folder.plan()["device"]["total"].get<int64_t>();
  const Variable tight("PRETEND_BYTES", std::to_string(planned + planned / 50));
  const Outcome outcome = folder.train();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("a training step takes"));
}

TEST_F(Memory, OfARecipeWithEverySettingThatSavesItIsNotToldToUseThem) {
  const MemoryFolder folder(
      "batch = 1, ema = 0, model = flux { path = 'base', dtype = 'bf16', recompute = true }");
  const Variable small("PRETEND_BYTES", "10000000");
  const Outcome outcome = folder.train();
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, AllOf(Not(HasSubstr("recompute = true")), Not(HasSubstr("ema = 0")),
                                 Not(HasSubstr("bf16")), HasSubstr("a card with more memory")));
}

TEST_F(Memory, ThatRunsOutInSampleIsToldAlike) {
  const MemoryFolder folder("batch = 1");
  const Variable small("PRETEND_BYTES", "12000000");
  const Outcome outcome =
      run_with_the_card({"sample", "base", "--prompt", "a", "--size", "512x512", "--steps", "1",
                         "--out", "pictures", "--device", "pretend"},
                        folder.path());
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("not enough memory on pretend"),
                                 HasSubstr("fix: a smaller --size, or --dtype bf16")));
}

// Trains without asking first, as a script may.
constexpr const char* kScript =
    "local model = lorarun.model.open('base', { device = 'pretend' })\n"
    "local network = lorarun.network.new(model, { options = { rank = 4 }, device = 'pretend' })\n"
    "local trainer = lorarun.trainer.new(model, network, { optimizer = 'adamw' })\n"
    "local imagined = lorarun.model.open('base', { device = 'meta' })\n"
    "local batch = lorarun.imagined.batch(imagined, { batch = 4, width = 512, height = 512 })\n"
    "lorarun.device_memory.remedies { 'batch = 1' }\n"
    "trainer:step(batch, { lr = 1e-3 })\n";

TEST_F(Memory, ThatRunsOutIsToldByOwnerWithWhatHelps) {
  const MemoryFolder folder("batch = 1");
  folder.write("s.lua", kScript);
  const Variable small("PRETEND_BYTES", "100000000");
  const Outcome outcome = run_with_the_card({"--trust", "s.lua"}, folder.path());
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("not enough memory on pretend"), HasSubstr("it has 95 MiB"),
                    HasSubstr("asked for"), HasSubstr("weights "), HasSubstr("adapters "),
                    HasSubstr("state "), HasSubstr("activations "), HasSubstr("fix: batch = 1")));
}

// A card with room for all but the whole decode draws the same picture, in tiles.
TEST_F(Memory, ThatDoesNotSufficeToDecodeAPictureAsAWholeDecodesItInTiles) {
  const MemoryFolder folder(
      "batch = 1, render = { every = 2, steps = 1, size = { 1024, 512 }, prompts = { 'a' } }");
  const Json planned = folder.plan();
  ASSERT_EQ(planned["device"]["name"], "pictures: VAE");
  const int64_t whole = planned["device"]["total"];
  const Variable tight("PRETEND_BYTES", std::to_string(whole - whole / 10));
  const Outcome outcome = folder.train();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("in tiles"));
  EXPECT_TRUE(fs::exists(folder.path() / "runs/run/samples/000002/000.png"));
}

}  // namespace
}  // namespace lorarun::pretend_tests
