#include "runtime/io/lora_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "runtime/base/error.h"
#include "runtime/base/json.h"

namespace lorarun {
namespace {

// Modules of the real FLUX.1 with [in, out], as sd-scripts, ComfyUI and diffusers name them.
Json golden(const std::string& table) {
  return read_json(std::filesystem::path(LORARUN_SOURCE_DIR) / "tests/golden/flux_lora_keys.json")
      .at(table);
}

// Parses the .down key of every module of a table and checks that the name comes back.
std::vector<LoraKey> parse_table(const std::string& table, const std::string& dialect) {
  std::vector<LoraKey> keys;
  const Json modules = golden(table);
  for (const auto& [module, shape] : modules.items()) {
    const std::string name = module + (dialect == "kohya" ? ".lora_down.weight" : ".lora_A.weight");
    const auto key = parse_lora_key(name);
    EXPECT_TRUE(key) << name;
    if (!key) { continue; }
    EXPECT_EQ(key->dialect, dialect);
    EXPECT_EQ(key->part, LoraPart::down);
    EXPECT_EQ(lora_key_name(dialect, key->component, key->module, LoraPart::down), name);
    keys.push_back(*key);
  }
  return keys;
}

void expect_targets_of_peft_table(const std::vector<LoraKey>& native_keys) {
  const Json peft = golden("flux_peft_all_linear");
  std::set<std::string> seen;
  for (const LoraKey& key : native_keys) {
    const auto native = native_module(key.module);
    ASSERT_TRUE(native) << key.module;
    for (size_t i = 0; i < native->members.size(); ++i) {
      const std::string& target = native->members[i].target;
      EXPECT_TRUE(peft.contains("transformer." + target)) << target;
      EXPECT_TRUE(seen.insert(target).second) << target;
      EXPECT_EQ(native_place(target)->module, key.module);
      EXPECT_EQ(native_place(target)->member, i);
    }
  }
  EXPECT_EQ(seen.size(), 494u);
}

TEST(LoraKeys, MapEveryKohyaModuleToDiffusersTargets) {
  const auto keys = parse_table("flux_kohya", "kohya");
  EXPECT_EQ(keys.size(), 304u);
  expect_targets_of_peft_table(keys);
}

TEST(LoraKeys, MapEveryComfyModuleToDiffusersTargets) {
  const auto keys = parse_table("flux_native", "comfy");
  EXPECT_EQ(keys.size(), 304u);
  expect_targets_of_peft_table(keys);
}

TEST(LoraKeys, KnowEveryPeftTargetAndItsNativePlace) {
  const auto keys = parse_table("flux_peft_all_linear", "peft");
  EXPECT_EQ(keys.size(), 494u);
  for (const LoraKey& key : keys) {
    EXPECT_EQ(key.component, "transformer");
    EXPECT_FALSE(key.native);
    const auto place = native_place(key.module);
    ASSERT_TRUE(place) << key.module;
    EXPECT_EQ(native_module(place->module)->members.at(place->member).target, key.module);
  }
}

TEST(LoraKeys, KnowTheTextEncodersOfKohya) {
  const auto clip = parse_table("flux_clipl_kohya", "kohya");
  EXPECT_EQ(clip.size(), 72u);
  EXPECT_EQ(clip.front().component, "clip_l");
  const auto t5 = parse_table("flux_t5_kohya", "kohya");
  EXPECT_EQ(t5.size(), 168u);
  EXPECT_EQ(t5.front().component, "t5");
}

// A fused module has as many rows as its targets together, in their order.
TEST(LoraKeys, GiveEachTargetItsShareOfTheRows) {
  const Json native = golden("flux_native"), peft = golden("flux_peft_all_linear");
  for (const auto& [name, shape] : native.items()) {
    const auto module = native_module(name.substr(std::string("diffusion_model.").size()));
    ASSERT_TRUE(module) << name;
    int64_t next = 0;
    for (const FusedMember& member : module->members) {
      const int64_t rows = shape.at(1).get<int64_t>() / member.all_shares;
      EXPECT_EQ(member.first_share * rows, next);
      EXPECT_EQ(peft.at("transformer." + member.target).at(1), member.share * rows);
      EXPECT_EQ(peft.at("transformer." + member.target).at(0), shape.at(0));
      next += member.share * rows;
    }
    EXPECT_EQ(next, shape.at(1));
  }
}

TEST(LoraKeys, SplitTheFirstLinearOfASingleBlockInSevenths) {
  const auto module = native_module("single_blocks.37.linear1");
  ASSERT_EQ(module->members.size(), 4u);
  EXPECT_EQ(module->members[3].target, "single_transformer_blocks.37.proj_mlp");
  EXPECT_EQ(module->members[3].first_share, 3);
  EXPECT_EQ(module->members[3].share, 4);
  EXPECT_EQ(module->members[3].all_shares, 7);
}

TEST(LoraKeys, SwapTheHalvesOfTheLastModulationOnly) {
  EXPECT_TRUE(native_module("final_layer.adaLN_modulation.1")->swaps_halves);
  EXPECT_FALSE(native_module("double_blocks.0.img_mod.lin")->swaps_halves);
  EXPECT_EQ(native_place("norm_out.linear")->module, "final_layer.adaLN_modulation.1");
}

TEST(LoraKeys, ReadTheSpellingsOfOtherTrainers) {
  const std::map<std::string, std::string> module_of = {
      {"lora_te2_encoder_block_0_layer_1_DenseReluDense_wi_0.lora_up.weight",
       "t5 encoder.block.0.layer.1.DenseReluDense.wi_0"},
      {"lora_te_text_model_encoder_layers_3_mlp_fc1.alpha",
       "clip_l text_model.encoder.layers.3.mlp.fc1"},
      {"lora_transformer_single_transformer_blocks_2_proj_out.lora_down.weight",
       "transformer single_transformer_blocks.2.proj_out"},
      {"text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_linear_layer.down.weight",
       "clip_l text_model.encoder.layers.0.self_attn.q_proj"},
      {"text_encoder.encoder.layers.0.self_attn.q_proj.lora_A.weight",
       "clip_l text_model.encoder.layers.0.self_attn.q_proj"},
      {"transformer.transformer_blocks.1.attn.to_q.lora_A.default.weight",
       "transformer transformer_blocks.1.attn.to_q"},
      {"diffusion_model.double_blocks.7.txt_mlp.2.lora_up.weight",
       "transformer double_blocks.7.txt_mlp.2"},
  };
  for (const auto& [name, expected] : module_of) {
    const auto key = parse_lora_key(name);
    ASSERT_TRUE(key) << name;
    EXPECT_EQ(key->component + " " + key->module, expected);
  }
}

TEST(LoraKeys, RefuseNamesOfNoFluxModule) {
  for (const char* name :
       {"lora_unet_double_blocks_x_img_attn_qkv.lora_down.weight",
        "lora_unet_double_blocks_0_img_attn_qkv.weight", "transformer.foo.lora_A.weight",
        "diffusion_model.double_blocks.0.img_attn.norm.lora_A.weight", "", ".alpha"}) {
    EXPECT_FALSE(parse_lora_key(name)) << name;
  }
  EXPECT_FALSE(native_module("double_blocks.0.img_attn"));
  EXPECT_FALSE(native_place("transformer_blocks.0.attn.norm_q"));
  EXPECT_THROW(lora_key_name("kohia", "transformer", "img_in", LoraPart::down), Error);
}

TEST(LoraKeys, TellTheDialectOfAFile) {
  EXPECT_EQ(detect_dialect({"transformer.x_embedder.lora_A.weight"}), "peft");
  EXPECT_EQ(detect_dialect({"lora_te1_a.alpha", "lora_unet_img_in.alpha"}), "kohya");
  EXPECT_EQ(detect_dialect({"diffusion_model.img_in.lora_A.weight"}), "comfy");
  EXPECT_EQ(detect_dialect({"lycoris_a.lokr_w1"}), "lokr");
  EXPECT_EQ(detect_dialect({"lora_unet_img_in.hada_w1_a"}), "loha");
  EXPECT_EQ(detect_dialect({"lora_unet_img_in.lora_up.weight", "lora_unet_img_in.dora_scale"}),
            "dora");
  EXPECT_EQ(detect_dialect({"double_blocks.0.processor.qkv_lora1.down.weight"}), "xlabs");
  EXPECT_EQ(detect_dialect({"lora_unet_down_blocks_0_attentions_0_proj_in.alpha"}),
            "stable diffusion");
  EXPECT_EQ(detect_dialect({"weight"}), "unknown");
  EXPECT_EQ(detect_dialect({}), "unknown");
}

}  // namespace
}  // namespace lorarun
