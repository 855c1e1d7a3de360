// How fast the CPU twins are: best of five runs over 16 Mi elements.
//
//   op            ns per element   GB/s that moved (reads + writes)
//
// Built by hand, since nothing depends on it: the command is in kernels/README.md.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "kernels/adamw.h"
#include "kernels/ema.h"
#include "kernels/keyed_random.h"
#include "kernels/noise_mix.h"

namespace {

constexpr int64_t kElements = int64_t{1} << 24;
constexpr int kRuns = 5;

template <typename Work>
void report(const char* name, int64_t bytes_per_element, const Work& work) {
  using Clock = std::chrono::steady_clock;
  double best_s = 1e9;
  for (int run = 0; run < kRuns; ++run) {
    const auto start = Clock::now();
    work();
    best_s = std::min(best_s, std::chrono::duration<double>(Clock::now() - start).count());
  }
  const double elements = static_cast<double>(kElements);
  std::printf("%-14s %6.2f ns %8.1f GB/s\n", name, best_s * 1e9 / elements,
              elements * static_cast<double>(bytes_per_element) / best_s / 1e9);
}

}  // namespace

int main() {
  std::vector<float> a(kElements, 0.5f), b(kElements, 0.25f), c(kElements), d(kElements);
  report("keyed_uniform", 4, [&] { lorarun::keyed_uniform(42, "noise", 1, 0, a); });
  report("keyed_normal", 4, [&] { lorarun::keyed_normal(42, "noise", 1, 0, b); });
  report("noise_mix", 16, [&] { lorarun::noise_mix(a, b, 0.3f, c, d); });
  report("ema", 12, [&] { lorarun::ema(a, 0.99, b); });
  std::fill(c.begin(), c.end(), 0.0f);
  std::fill(d.begin(), d.end(), 0.0f);
  report("adamw", 28, [&] { lorarun::adamw({}, b, a, c, d); });
}
