#include "kernels/ema.h"

#include "kernels/spans.h"
#include "runtime/base/error.h"

namespace lorarun {

// torch's lerp takes the end from which less is lost: average + w * d for w < 0.5, else
// param - (1 - w) * d.
void ema(std::span<const float> param, double decay, std::span<float> average) {
  LR_CHECK(param.size() == average.size(), "ema needs spans of one length");
  LR_CHECK(decay >= 0.0 && decay <= 1.0, "ema needs a decay in [0, 1]");
  const float weight = static_cast<float>(1.0 - decay);
  const bool small = weight < 0.5f;
  const float factor = small ? weight : weight - 1.0f;
  parallel_chunks(std::ssize(param), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float difference = param[i] - average[i];
      average[i] = factor * difference + (small ? average[i] : param[i]);
    }
  });
}

}  // namespace lorarun
