// Decoding in tiles: the whole where one tile covers it, close to the whole where several do.

#include "runtime/render/decode.h"

#include <gtest/gtest.h>

#include "runtime/base/files.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::render {
namespace {

constexpr int64_t kTile = 64;

std::unique_ptr<models::Model> micro() {
  return models::open_model(fs::path(LORARUN_SOURCE_DIR) / "tests/golden/micro_flux", "flux", {});
}

Tensor latents(int64_t h, int64_t w) {
  return keyed_normal(5, "latents", 0, 0, {1, 16, h, w});
}

TEST(DecodeInTiles, IsTheWholeWhereOneTileCoversIt) {
  const at::NoGradGuard none;
  const auto model = micro();
  const Tensor x = latents(24, kTile);
  EXPECT_TRUE(at::equal(decode_in_tiles(*model, x), model->decode_image(x)));
}

// Normalisation sees other neighbours in a tile, so equality is not to be had; a seam that does not
// fade would show as a jump from one column to the next that the whole picture does not have.
TEST(DecodeInTiles, HasNoSeams) {
  const at::NoGradGuard none;
  const auto model = micro();
  const Tensor x = latents(kTile, kTile + 24);
  const Tensor whole = model->decode_image(x), tiled = decode_in_tiles(*model, x);
  ASSERT_EQ(tiled.sizes(), whole.sizes());
  const Tensor apart = (tiled - whole).abs();
  EXPECT_LT(apart.mean().item<double>(), 0.05 * whole.std().item<double>());
  const auto largest_jump = [](const Tensor& difference) {
    return difference.diff(1, 3).abs().mean({0, 1, 2}).max().item<double>();
  };
  EXPECT_LT(largest_jump(tiled - whole), 0.05 * largest_jump(whole));
}

// A device with room for one tile and no more.
class SmallDevice : public models::Model {
 public:
  SmallDevice() : inner_(micro()) {}

  Tensor decode_image(const Tensor& x) override {
    if (x.size(2) * x.size(3) > kTile * kTile) {
      throw c10::OutOfMemoryError({__func__, __FILE__, __LINE__}, "Tried to allocate 2.00 GiB");
    }
    ++decoded;
    return inner_->decode_image(x);
  }

  std::string family() const override { return inner_->family(); }
  std::string fingerprint(const std::string& one) const override {
    return inner_->fingerprint(one);
  }
  int64_t latent_channels() const override { return inner_->latent_channels(); }
  int64_t pixels_per_latent() const override { return inner_->pixels_per_latent(); }
  int64_t size_multiple_px() const override { return inner_->size_multiple_px(); }
  bool embeds_guidance() const override { return inner_->embeds_guidance(); }
  models::SigmaShift sigma_shift() const override { return inner_->sigma_shift(); }
  int64_t image_tokens(int64_t h, int64_t w) const override { return inner_->image_tokens(h, w); }
  Tensor encode_image(const Tensor& x, const Tensor& noise) override {
    return inner_->encode_image(x, noise);
  }
  models::ImagePosterior image_posterior(const Tensor& x) override {
    return inner_->image_posterior(x);
  }
  Tensor image_of(const Tensor& z) override { return inner_->image_of(z); }
  std::vector<std::string> text_encoders() const override { return inner_->text_encoders(); }
  models::TextEmbedding encode_text(const std::vector<std::string>& captions,
                                    const std::vector<std::string>& encoders) override {
    return inner_->encode_text(captions, encoders);
  }
  std::string change_key(const std::string& one) const override { return inner_->change_key(one); }
  Tensor predict(const Tensor& noisy, const Tensor& sigma, const models::TextEmbedding& text,
                 const Tensor& guidance) override {
    return inner_->predict(noisy, sigma, text, guidance);
  }
  std::vector<nn::AdaptableLayer> layers(const std::string& one) override {
    return inner_->layers(one);
  }
  void release(const std::string& one) override { inner_->release(one); }
  void keep(const std::string& one) override { inner_->keep(one); }
  int64_t load(const std::string& one) override { return inner_->load(one); }
  bool is_loaded(const std::string& one) const override { return inner_->is_loaded(one); }
  std::map<std::string, std::string> weight_files() const override {
    return inner_->weight_files();
  }
  std::map<std::string, Tensor> weights(const std::string& one) override {
    return inner_->weights(one);
  }
  std::unique_ptr<models::Model> reopen() const override { return inner_->reopen(); }

  int decoded = 0;

 private:
  std::unique_ptr<models::Model> inner_;
};

TEST(Decode, GoesInTilesWhereTheWholeHasNoRoom) {
  const at::NoGradGuard none;
  SmallDevice model;
  const Tensor x = latents(kTile, kTile + 8);
  EXPECT_TRUE(at::equal(decode(model, x), decode_in_tiles(*micro(), x)));
  EXPECT_EQ(model.decoded, 2);
}

}  // namespace
}  // namespace lorarun::render
