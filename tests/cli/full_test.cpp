// Full training through the real program: the model's own weights train, are saved, resumed,
// exported.

#include "tests/cli/training_folder.h"

namespace lorarun::cli {
namespace {

const std::string kFull = "network = full {}, optimizer = adamw { lr = 1e-3 },";
const std::string kVae =
    "network = full { components = { 'vae' } }, objective = autoencode { kl = 1e-3 },"
    "optimizer = adamw { lr = 1e-3 },";

TEST(Full, TrainsTheTransformerAndResumesToTheBit) {
  const TrainingFolder whole(kFull), parts(kFull);
  ASSERT_EQ(whole.train().exit_code, 0);
  ASSERT_EQ(parts.train({"--steps", "4"}).exit_code, 0);
  ASSERT_EQ(parts.train().exit_code, 0);
  EXPECT_EQ(whole.losses().size(), 6U);
  EXPECT_EQ(whole.losses(), parts.losses());
  EXPECT_EQ(read_all(whole.run("checkpoints/run-000006.raw.safetensors")).size(),
            read_all(parts.run("checkpoints/run-000006.raw.safetensors")).size());
}

TEST(Full, TrainsTextEncodersLiveBesideTheTransformer) {
  const TrainingFolder folder(
      "network = full { text_encoders = { 'clip_l', 't5' } }, optimizer = adamw { lr = 1e-3 },"
      "model = flux { path = '" +
      kMicro + "', dtype = 'float32', text_dtype = 'float32' },");
  const Outcome outcome = folder.train();
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::string file = folder.last_lora();
  EXPECT_NE(file.find("t5.shared.weight"), std::string::npos);
  EXPECT_NE(file.find("clip_l.embeddings.token_embedding.weight"), std::string::npos);
  EXPECT_NE(file.find("transformer.x_embedder.bias"), std::string::npos);
}

TEST(Full, LeavesTheBaseAsItIsAndExportsWhatItLearned) {
  const TrainingFolder folder(kFull);
  const std::string weights = kMicro + "/transformer/diffusion_pytorch_model.safetensors";
  const std::string before = read_all(weights);
  ASSERT_EQ(folder.train().exit_code, 0);
  EXPECT_EQ(read_all(weights), before);
  const Outcome out = run_program(
      {"export", kMicro, "out", "--weights", "runs/run/checkpoints/run-000006.safetensors"},
      folder.path());
  ASSERT_EQ(out.exit_code, 0) << out.err;
  EXPECT_NE(out.out.find("tensors from runs/run"), std::string::npos) << out.out;
  EXPECT_NE(read_all(folder.path() / "out/transformer/diffusion_pytorch_model.safetensors"),
            before);
  EXPECT_TRUE(fs::exists(folder.path() / "out/model_index.json"));
}

TEST(Full, BeginsFromRandomNumbersThatTheSeedDecides) {
  const std::string random = "network = full { start = 'random', init = { proj_out = 0 } },";
  const TrainingFolder first(random), second(random), base(kFull);
  ASSERT_EQ(first.train({"--steps", "1"}).exit_code, 0);
  ASSERT_EQ(second.train({"--steps", "1"}).exit_code, 0);
  ASSERT_EQ(base.train({"--steps", "1"}).exit_code, 0);
  EXPECT_EQ(first.losses(), second.losses());
  EXPECT_NE(first.losses(), base.losses());
}

TEST(Full, TheVaeLearnsToRebuildPictures) {
  const TrainingFolder folder(kVae +
                              "steps = 30, evaluate = { every = 30, holdout = 1, sigmas = { 0 }, "
                              "metrics = { 'heldout_loss', 'psnr' } },");
  const Outcome outcome = folder.train();
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::vector<double> losses = folder.losses();
  ASSERT_EQ(losses.size(), 30U);
  EXPECT_LT(losses.back(), 0.8 * losses.front());
  EXPECT_NE(folder.journal().find("\"psnr\""), std::string::npos);
}

TEST(Full, SaysWhatDoesNotFitTogether) {
  const TrainingFolder lora("objective = autoencode {},");
  Outcome outcome = lora.train();
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.err.find("network = full { components = { \"vae\" } }"), std::string::npos)
      << outcome.err;
  const TrainingFolder vae("network = full { components = { 'vae' } },");
  outcome = vae.train();
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.err.find("objective = autoencode"), std::string::npos) << outcome.err;
  const TrainingFolder narrow(kFull + "model = flux { path = '" + kMicro + "', dtype = 'bf16' },");
  outcome = narrow.train();
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_NE(outcome.err.find("float32"), std::string::npos) << outcome.err;
}

TEST(Full, NamesARankThatDoesNothing) {
  const TrainingFolder folder("network = full { rank = 8 },");
  const Outcome outcome = folder.train({"--steps", "1"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("network.rank has no effect"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace lorarun::cli
