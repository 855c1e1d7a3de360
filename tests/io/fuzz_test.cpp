// Hostile bytes: every reader throws an Error or succeeds.  A crash ends this program.

#include <gtest/gtest.h>

#include <random>

#include "runtime/io/image.h"
#include "runtime/io/safetensors.h"
#include "tests/io/places.h"

namespace lorarun {
namespace {

constexpr int kRounds = 500;

// Changes, cuts out or doubles a few bytes; early ones more often, because headers stand there.
std::string mutated(std::string bytes, std::mt19937& random) {
  const auto below = [&](size_t n) {
    return static_cast<size_t>(random()) % std::max<size_t>(1, n);
  };
  for (size_t change = 0; change < 1 + below(6) && !bytes.empty(); ++change) {
    const size_t at =
        below(2) == 0 ? below(std::min<size_t>(bytes.size(), 64)) : below(bytes.size());
    switch (below(4)) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
        break;
      case 2:
        bytes.erase(at, below(16));
        break;
      default:
        bytes.insert(at, bytes.substr(at, below(16)));
        break;
    }
  }
  return below(8) == 0 ? bytes.substr(0, below(bytes.size())) : bytes;
}

// How many of the rounds ended in an Error; other exceptions fail the test.
template <typename Read>
int refusals(const std::string& bytes, const Read& read) {
  std::mt19937 random(7);
  int refused = 0;
  for (int round = 0; round < kRounds; ++round) {
    try {
      read(mutated(bytes, random));
    } catch (const Error&) { ++refused; }
  }
  return refused;
}

class HostilePicture : public testing::TestWithParam<const char*> {};

TEST_P(HostilePicture, IsReadOrRefused) {
  const std::string bytes = read_text(golden(std::string("images/") + GetParam()));
  const int refused = refusals(bytes, [](const std::string& broken) {
    const auto probed = error_of([&] { probe_image(broken, "fuzz"); });
    const Image image = load_image(broken, "fuzz");
    EXPECT_EQ(image.rgb.size(), size_t(image.width) * image.height * 3);
    EXPECT_EQ(probed, "");
  });
  EXPECT_GT(refused, 0);
}

INSTANTIATE_TEST_SUITE_P(Formats, HostilePicture,
                         testing::Values("subsampled.jpg", "progressive.jpg", "cmyk.jpg",
                                         "wide_gamut_turned.jpg", "rgb.png", "palette_alpha.png",
                                         "interlaced.png", "wide_gamut.png", "orientation_6.png",
                                         "lossy_alpha.webp", "lossless.webp", "orientation_6.webp",
                                         "rgb.bmp", "palette.bmp"));

TEST(HostileSafetensors, AreReadOrRefused) {
  const std::string bytes = read_text(golden("adamw.safetensors"));
  const int refused = refusals(bytes, [](std::string broken) {
    const auto file = SafetensorsFile::parse(std::move(broken), "fuzz");
    EXPECT_EQ(file->data_sha256().size(), 64u);
  });
  EXPECT_GT(refused, kRounds / 2);
}

TEST(HostilePngTexts, AreReadOrRefused) {
  const Scratch scratch;
  save_png(scratch / "a.png", make_image(2, 2), {{"parameters", "x"}, {"k", "\xC3\xBC"}});
  refusals(read_text(scratch / "a.png"), [&](const std::string& broken) {
    write_atomically(scratch / "b.png", broken);
    png_text(scratch / "b.png");
  });
}

}  // namespace
}  // namespace lorarun
