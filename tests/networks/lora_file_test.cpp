#include "runtime/networks/lora_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "runtime/networks/lora_fusion.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/tensor_file.h"

namespace lorarun::networks {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kWidth = 8;  // D

// A folder of its own for each test, and small networks to write into it.
class LoraFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("lorarun-lora-" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path path(const std::string& name) const { return folder_ / (name + ".safetensors"); }

  Tensor random(const std::string& name, std::vector<int64_t> shape,
                at::ScalarType dtype = at::kFloat) const {
    return keyed_normal(3, name, 0, 0, shape).to(dtype);
  }

  LoraEntry entry(const std::string& target, int64_t in, int64_t out, int64_t rank, double alpha,
                  const std::string& component = "transformer") const {
    return {component, target, random(target + "/down", {rank, in}),
            random(target + "/up", {out, rank}), alpha};
  }

  // A network as lorarun trains it: every target has matrices of its own.
  LoraFile trained(int64_t rank, double alpha) const {
    const std::string first = "transformer_blocks.0.", single = "single_transformer_blocks.11.";
    LoraFile file;
    for (const char* name : {"attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0"}) {
      file.entries.push_back(entry(first + name, kWidth, kWidth, rank, alpha));
    }
    for (const char* name : {"attn.to_q", "attn.to_k", "attn.to_v"}) {
      file.entries.push_back(entry(single + name, kWidth, kWidth, rank, alpha));
    }
    file.entries.push_back(entry(single + "proj_mlp", kWidth, 4 * kWidth, rank, alpha));
    file.entries.push_back(entry("norm_out.linear", kWidth, 2 * kWidth, rank, alpha));
    file.entries.push_back(
        entry("text_model.encoder.layers.1.mlp.fc1", 6, 24, rank, alpha, "clip_l"));
    file.entries.push_back(
        entry("encoder.block.2.layer.0.SelfAttention.q", 6, 6, rank, alpha, "t5"));
    return file;
  }

  // A network as sd-scripts trains it: one A for the three parts of qkv.
  void save_kohya(const fs::path& file, at::ScalarType dtype, double alpha) const {
    const std::string qkv = "lora_unet_double_blocks_0_img_attn_qkv";
    const std::string linear1 = "lora_unet_single_blocks_0_linear1";
    const std::string last = "lora_unet_final_layer_adaLN_modulation_1";
    const std::string clip = "lora_te1_text_model_encoder_layers_0_self_attn_q_proj";
    NamedTensors tensors;
    const std::vector<std::pair<std::string, int64_t>> modules = {
        {qkv, 3 * kWidth}, {linear1, 7 * kWidth}, {last, 2 * kWidth}, {clip, kWidth}};
    for (const auto& [name, rows] : modules) {
      tensors[name + ".lora_down.weight"] = random(name + "d", {4, kWidth}, dtype);
      tensors[name + ".lora_up.weight"] = random(name + "u", {rows, 4}, dtype);
      tensors[name + ".alpha"] = at::scalar_tensor(alpha, at::TensorOptions(dtype));
    }
    save_tensors(file, tensors, {{"ss_output_name", "a cat"}, {"ss_seed", "7"}});
  }

  void convert(const std::string& from, const std::string& to, const std::string& dialect) const {
    write_lora_file(path(to), read_lora_file(path(from)), dialect);
  }

  void expect_same_tensors(const std::string& a, const std::string& b) const {
    const NamedTensors left = load_tensors(path(a)), right = load_tensors(path(b));
    ASSERT_EQ(left.size(), right.size());
    for (const auto& [name, tensor] : left) {
      ASSERT_TRUE(right.contains(name)) << name;
      EXPECT_EQ(tensor.scalar_type(), right.at(name).scalar_type()) << name;
      EXPECT_TRUE(at::equal(tensor, right.at(name))) << name;
    }
  }

  std::string complaint(const std::string& name) const {
    try {
      read_lora_file(path(name));
    } catch (const Error& error) { return error.what(); }
    return "no error";
  }

  fs::path folder_;
};

const LoraEntry& find(const LoraFile& file, const std::string& target) {
  for (const LoraEntry& entry : file.entries) {
    if (entry.target == target) { return entry; }
  }
  throw Error("no entry " + target);
}

TEST_F(LoraFiles, SplitAFusedModuleIntoItsRows) {
  save_kohya(path("k"), at::kFloat, 2);
  const LoraFile file = read_lora_file(path("k"));
  EXPECT_EQ(file.dialect, "kohya");
  EXPECT_EQ(file.metadata.at("ss_output_name"), "a cat");
  EXPECT_EQ(file.entries.size(), 9u);
  const NamedTensors raw = load_tensors(path("k"));
  const Tensor& up = raw.at("lora_unet_single_blocks_0_linear1.lora_up.weight");
  const LoraEntry& mlp = find(file, "single_transformer_blocks.0.proj_mlp");
  EXPECT_TRUE(at::equal(mlp.up, up.slice(0, 3 * kWidth, 7 * kWidth)));
  EXPECT_TRUE(at::equal(find(file, "single_transformer_blocks.0.attn.to_k").up,
                        up.slice(0, kWidth, 2 * kWidth)));
  EXPECT_EQ(mlp.alpha, 2);
  EXPECT_EQ(mlp.rank(), 4);
}

TEST_F(LoraFiles, SwapTheHalvesOfTheLastModulation) {
  save_kohya(path("k"), at::kFloat, 2);
  const Tensor up =
      load_tensors(path("k")).at("lora_unet_final_layer_adaLN_modulation_1.lora_up.weight");
  const Tensor swapped = find(read_lora_file(path("k")), "norm_out.linear").up;
  EXPECT_TRUE(at::equal(swapped.slice(0, 0, kWidth), up.slice(0, kWidth)));
  EXPECT_TRUE(at::equal(swapped.slice(0, kWidth), up.slice(0, 0, kWidth)));
}

TEST_F(LoraFiles, ComeBackToTheBitFromKohyaThroughPeftAndComfy) {
  for (const double alpha : {4.0, 1.0, 3.0}) {
    for (const auto dtype : {at::kFloat, at::kBFloat16, at::kHalf}) {
      save_kohya(path("k"), dtype, alpha);
      convert("k", "p", "peft");
      convert("p", "c", "comfy");
      convert("c", "p2", "peft");
      convert("p2", "k2", "kohya");
      expect_same_tensors("k", "k2");
      expect_same_tensors("p", "p2");
    }
  }
}

TEST_F(LoraFiles, ComeBackToTheBitFromPeftThroughKohya) {
  for (const double alpha : {3.0, 6.0, 5.0}) {
    write_lora_file(path("p"), trained(3, alpha), "peft");
    convert("p", "k", "kohya");
    convert("k", "p2", "peft");
    expect_same_tensors("p", "p2");
  }
}

TEST_F(LoraFiles, KeepTheChangeOfTheWeightsInEveryDialect) {
  const LoraFile file = trained(3, 5);
  for (const char* dialect : {"peft", "kohya", "comfy"}) {
    write_lora_file(path("x"), file, dialect);
    const LoraFile back = read_lora_file(path("x"));
    EXPECT_EQ(back.dialect, dialect);
    ASSERT_EQ(back.entries.size(), file.entries.size());
    for (const LoraEntry& entry : file.entries) {
      EXPECT_TRUE(
          at::allclose(find(back, entry.target).delta_weight(), entry.delta_weight(), 1e-6, 1e-6))
          << dialect << " " << entry.target;
    }
  }
}

// Three different A's of rank 3 make rank 9 with three times the alpha, so that alpha / rank stays.
TEST_F(LoraFiles, MergeDifferentDownMatricesAsBlocks) {
  write_lora_file(path("k"), trained(3, 6), "kohya");
  const NamedTensors raw = load_tensors(path("k"));
  const std::string qkv = "lora_unet_double_blocks_0_img_attn_qkv";
  EXPECT_EQ(raw.at(qkv + ".lora_down.weight").sizes().vec(), (std::vector<int64_t>{9, kWidth}));
  EXPECT_EQ(raw.at(qkv + ".lora_up.weight").sizes().vec(), (std::vector<int64_t>{24, 9}));
  EXPECT_EQ(raw.at(qkv + ".alpha").item<float>(), 18);
  EXPECT_EQ(raw.at("lora_unet_single_blocks_11_linear1.alpha").item<float>(), 24);
}

TEST_F(LoraFiles, FillAbsentTargetsOfAFusedModuleWithZeros) {
  LoraFile file;
  file.entries = {entry("transformer_blocks.0.attn.to_v", kWidth, kWidth, 3, 3)};
  write_lora_file(path("k"), file, "kohya");
  const Tensor up =
      load_tensors(path("k")).at("lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight");
  EXPECT_EQ(up.sizes().vec(), (std::vector<int64_t>{24, 3}));
  EXPECT_EQ(up.slice(0, 0, 16).abs().sum().item<float>(), 0);
  const LoraFile back = read_lora_file(path("k"));
  ASSERT_EQ(back.entries.size(), 1u);
  EXPECT_TRUE(at::equal(back.entries[0].up, file.entries[0].up));
}

TEST_F(LoraFiles, MergeTargetsOfDifferentRankAndScale) {
  LoraFile file;
  file.entries = {entry("transformer_blocks.0.attn.to_q", kWidth, kWidth, 2, 2),
                  entry("transformer_blocks.0.attn.to_k", kWidth, kWidth, 3, 6)};
  write_lora_file(path("k"), file, "kohya");
  const LoraFile back = read_lora_file(path("k"));
  for (const LoraEntry& entry : file.entries) {
    EXPECT_TRUE(at::allclose(find(back, entry.target).delta_weight(), entry.delta_weight()));
  }
}

// Readers of PEFT names take the change as up @ down.
TEST_F(LoraFiles, BakeAlphaIntoPeftFilesWhereThatCanBeUndone) {
  write_lora_file(path("p"), trained(4, 2), "peft");
  const NamedTensors raw = load_tensors(path("p"));
  for (const auto& [name, tensor] : raw) { EXPECT_THAT(name, Not(HasSubstr("alpha"))); }
  const LoraFile back = read_lora_file(path("p"));
  const LoraEntry& q = find(back, "transformer_blocks.0.attn.to_q");
  EXPECT_EQ(q.alpha, 2);
  const Tensor product =
      at::matmul(raw.at("transformer.transformer_blocks.0.attn.to_q.lora_B.weight"),
                 raw.at("transformer.transformer_blocks.0.attn.to_q.lora_A.weight"));
  EXPECT_TRUE(at::allclose(product, q.delta_weight()));
  EXPECT_TRUE(at::equal(q.up, find(trained(4, 2), q.target).up));
}

TEST_F(LoraFiles, GiveEachModuleAnAlphaInPeftFilesOtherwise) {
  write_lora_file(path("p"), trained(3, 5), "peft");
  const NamedTensors raw = load_tensors(path("p"));
  EXPECT_EQ(raw.at("transformer.transformer_blocks.0.attn.to_q.alpha").item<float>(), 5);
  EXPECT_EQ(raw.at("text_encoder.text_model.encoder.layers.1.mlp.fc1.alpha").item<float>(), 5);
  EXPECT_EQ(read_lora_file(path("p")).entries[0].alpha, 5);
}

TEST_F(LoraFiles, TakeAlphasFromDiffusersHeader) {
  const LoraFile file = trained(4, 4);
  write_lora_file(path("p"), file, "peft");
  const Json config = {{"transformer.lora_alpha", 8},
                       {"transformer.r", 4},
                       {"transformer.alpha_pattern", {{"proj_mlp", 2}, {"^norm_out.linear", 1}}}};
  save_tensors(path("d"), load_tensors(path("p")), {{"lora_adapter_metadata", config.dump()}});
  const LoraFile back = read_lora_file(path("d"));
  EXPECT_EQ(find(back, "transformer_blocks.0.attn.to_q").alpha, 8);
  EXPECT_EQ(find(back, "single_transformer_blocks.11.proj_mlp").alpha, 2);
  EXPECT_EQ(find(back, "norm_out.linear").alpha, 1);
  EXPECT_EQ(find(back, "text_model.encoder.layers.1.mlp.fc1").alpha, 4);
}

TEST_F(LoraFiles, SaySoWhenDiffusersHeaderAsksForDora) {
  save_tensors(path("d"),
               {{"transformer.x_embedder.lora_A.weight", random("a", {2, 4})},
                {"transformer.x_embedder.lora_B.weight", random("b", {4, 2})}},
               {{"lora_adapter_metadata", R"({"transformer.use_dora": true})"}});
  EXPECT_THAT(complaint("d"), HasSubstr("DoRA"));
}

TEST_F(LoraFiles, CarryTheMetadataOfTrainersAndTheirHashes) {
  write_lora_file(path("my cat"), trained(4, 2), "kohya", at::kBFloat16,
                  {{"lorarun.recipe", "return recipe {}"}, {"ss_output_name", "cat"}});
  const auto file = SafetensorsFile::open(path("my cat"));
  const auto& metadata = file->metadata();
  EXPECT_EQ(metadata.at("ss_base_model_version"), "flux1");
  EXPECT_EQ(metadata.at("ss_network_module"), "networks.lora_flux");
  EXPECT_EQ(metadata.at("ss_network_dim"), "4");
  EXPECT_EQ(metadata.at("ss_network_alpha"), "2.0");
  EXPECT_EQ(metadata.at("ss_v2"), "False");
  EXPECT_EQ(metadata.at("ss_output_name"), "cat");
  EXPECT_EQ(metadata.at("modelspec.architecture"), "flux-1-dev/lora");
  EXPECT_EQ(metadata.at("modelspec.title"), "my cat");
  EXPECT_EQ(metadata.at("lorarun.recipe"), "return recipe {}");
  EXPECT_EQ(metadata.at("sshs_model_hash"), file->data_sha256());
  EXPECT_EQ(metadata.at("sshs_legacy_hash"), "e3b0c442");  // a file below 1 MiB: SHA-256 of nothing
  for (const auto& tensor : file->tensors()) { EXPECT_EQ(tensor.dtype, "BF16") << tensor.name; }
}

TEST_F(LoraFiles, HashTheSecondMebibyteLikeOldFrontEnds) {
  LoraFile file;
  file.entries = {entry("x_embedder", 600, 600, 400, 400)};
  write_lora_file(path("big"), file, "kohya");
  const std::string hash = SafetensorsFile::open(path("big"))->metadata().at("sshs_legacy_hash");
  EXPECT_EQ(hash.size(), 8u);
  EXPECT_NE(hash, "e3b0c442");
}

TEST_F(LoraFiles, AreTheSameBytesForTheSameNetwork) {
  write_lora_file(path("a"), trained(4, 2), "peft");
  fs::rename(path("a"), path("b"));
  write_lora_file(path("a"), trained(4, 2), "peft");
  EXPECT_EQ(read_text(path("a")), read_text(path("b")));
}

TEST_F(LoraFiles, NameAModuleThatLacksAHalf) {
  save_tensors(path("x"), {{"transformer.x_embedder.lora_A.weight", random("a", {2, 4})}});
  EXPECT_THAT(complaint("x"), HasSubstr("x_embedder has no B (up) matrix"));
  EXPECT_THAT(complaint("x"), HasSubstr("x.safetensors"));
}

TEST_F(LoraFiles, NameAModuleWhoseShapesDoNotFit) {
  save_tensors(path("x"), {{"transformer.x_embedder.lora_A.weight", random("a", {2, 4})},
                           {"transformer.x_embedder.lora_B.weight", random("b", {4, 3})}});
  EXPECT_THAT(complaint("x"), HasSubstr("x_embedder: A [2, 4] and B [4, 3] do not fit"));
  save_tensors(path("x"),
               {{"lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight", random("a", {2, 4})},
                {"lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight", random("b", {10, 2})}});
  EXPECT_THAT(complaint("x"), HasSubstr("10 rows, which do not make 3 equal parts"));
}

TEST_F(LoraFiles, RefuseAnAlphaThatIsNoNumber) {
  save_tensors(path("x"), {{"lora_unet_img_in.lora_down.weight", random("a", {2, 4})},
                           {"lora_unet_img_in.lora_up.weight", random("b", {4, 2})},
                           {"lora_unet_img_in.alpha", at::scalar_tensor(NAN)}});
  EXPECT_THAT(complaint("x"), HasSubstr("lora_unet_img_in.alpha is no finite number"));
}

TEST_F(LoraFiles, SayInWordsWhatKindOfFileTheyCannotRead) {
  const std::map<std::string, std::string> words = {
      {"lycoris_transformer_blocks_0_attn_to_q.lokr_w1", "LoKr"},
      {"lora_unet_img_in.hada_w1_a", "LoHa"},
      {"lora_unet_img_in.dora_scale", "DoRA"},
      {"double_blocks.0.processor.qkv_lora1.down.weight", "XLabs"},
      {"lora_unet_down_blocks_0_attentions_0_proj_in.lora_up.weight", "Stable Diffusion"},
      {"transformer.x_embedder.weight", "lorarun export BASE OUT --weights"},
      {"model.weight", "no tensor of this file has the name of a LoRA matrix"},
      {"transformer.foo.lora_A.weight", "'transformer.foo.lora_A.weight' belongs to no layer"},
  };
  for (const auto& [key, word] : words) {
    save_tensors(path("x"), {{key, random("a", {2, 2})}});
    EXPECT_THAT(complaint("x"), HasSubstr(word));
    EXPECT_THAT(complaint("x"), HasSubstr("fix:"));
  }
}

TEST_F(LoraFiles, RefuseAnUnknownDialect) {
  EXPECT_THROW(write_lora_file(path("x"), trained(2, 2), "kohia"), Error);
  EXPECT_FALSE(fs::exists(path("x")));
}

}  // namespace
}  // namespace lorarun::networks
