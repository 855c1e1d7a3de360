#include "runtime/networks/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/error.h"

namespace lorarun::networks {
namespace {

class NetworkTest : public testing::Test {
 protected:
  NetworkTest() {
    for (const char* name :
         {"transformer_blocks.1.norm1.linear", "transformer_blocks.1.attn.to_q",
          "transformer_blocks.1.attn.to_out.0", "transformer_blocks.1.ff.net.2",
          "transformer_blocks.1.ff_context.net.2", "transformer_blocks.10.attn.to_q",
          "single_transformer_blocks.1.proj_mlp"}) {
      linears_.push_back({.name = name, .weight = at::zeros({4, 6}), .bias = {}, .adapter = {}});
    }
    for (nn::Linear& linear : linears_) { layers_.push_back({"transformer", &linear}); }
  }

  std::vector<std::string> chosen(const std::vector<std::string>& targets,
                                  const std::vector<std::string>& exclude = {}) {
    std::vector<std::string> names;
    for (const auto& layer : choose(layers_, targets, exclude)) {
      names.push_back(layer.layer->name);
    }
    return names;
  }

  std::vector<nn::Linear> linears_;
  std::vector<nn::AdaptableLayer> layers_;
};

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(NetworkTest, WithoutTargetsTakesAllButModulation) {
  EXPECT_THAT(
      chosen({}),
      ElementsAre("transformer_blocks.1.attn.to_q", "transformer_blocks.1.attn.to_out.0",
                  "transformer_blocks.1.ff.net.2", "transformer_blocks.1.ff_context.net.2",
                  "transformer_blocks.10.attn.to_q", "single_transformer_blocks.1.proj_mlp"));
}

TEST_F(NetworkTest, AWordMatchesAPartAndItsVariants) {
  EXPECT_THAT(chosen({"ff"}), ElementsAre("transformer_blocks.1.ff.net.2",
                                          "transformer_blocks.1.ff_context.net.2"));
  EXPECT_THAT(chosen({"attn.to_q"}),
              ElementsAre("transformer_blocks.1.attn.to_q", "transformer_blocks.10.attn.to_q"));
}

TEST_F(NetworkTest, ABlockNumberDoesNotMatchLongerNumbers) {
  EXPECT_THAT(
      chosen({"transformer_blocks.1"}),
      ElementsAre("transformer_blocks.1.attn.to_q", "transformer_blocks.1.attn.to_out.0",
                  "transformer_blocks.1.ff.net.2", "transformer_blocks.1.ff_context.net.2"));
}

TEST_F(NetworkTest, WildcardsWorkAsInFileNames) {
  EXPECT_THAT(chosen({"*to_?"}),
              ElementsAre("transformer_blocks.1.attn.to_q", "transformer_blocks.10.attn.to_q"));
}

TEST_F(NetworkTest, ModulationIsAdaptedWhereAPatternNamesIt) {
  EXPECT_THAT(chosen({"norm1.linear"}), ElementsAre("transformer_blocks.1.norm1.linear"));
}

TEST_F(NetworkTest, ExcludeTakesLayersOut) {
  EXPECT_THAT(chosen({"attn"}, {"transformer_blocks.1"}),
              ElementsAre("transformer_blocks.10.attn.to_q"));
}

TEST_F(NetworkTest, AnUnknownPatternNamesTheNearestLayer) {
  try {
    chosen({"atn"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.headline(), HasSubstr("'atn'"));
    EXPECT_THAT(error.remedy(), HasSubstr("did you mean 'attn'?"));
    EXPECT_EQ(error.place(), "network.targets");
  }
}

TEST_F(NetworkTest, NothingLeftIsAnError) {
  EXPECT_THROW(chosen({"attn"}, {"transformer_blocks"}), Error);
}

TEST_F(NetworkTest, AnUnknownKindNamesTheKnownOnes) {
  try {
    Network network({.kind = "lorra"}, layers_, 42, at::kCPU);
    FAIL();
  } catch (const Error& error) { EXPECT_THAT(error.remedy(), HasSubstr("did you mean 'lora'?")); }
}

TEST_F(NetworkTest, PutsItsModulesIntoTheLayersAndTakesThemOut) {
  {
    const Network network({.targets = {"ff"}}, layers_, 42, at::kCPU);
    EXPECT_TRUE(linears_[3].adapter);
    EXPECT_FALSE(linears_[1].adapter);
    EXPECT_EQ(network.parameters()[0].name, "transformer/transformer_blocks.1.ff.net.2.down");
    EXPECT_EQ(network.parameters().size(), 4u);
  }
  EXPECT_FALSE(linears_[3].adapter);
}

TEST_F(NetworkTest, AModuleMoreChangesNoOthersStart) {
  const Network one({.targets = {"ff"}}, layers_, 42, at::kCPU);
  const Tensor alone = one.parameters()[0].tensor.clone();
  const Network all({}, layers_, 42, at::kCPU);
  EXPECT_TRUE(at::equal(all.parameters()[4].tensor, alone));
}

}  // namespace
}  // namespace lorarun::networks
