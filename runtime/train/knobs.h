// Knobs: everything a policy decides for one step.

#pragma once

#include <map>
#include <optional>
#include <string>

namespace lorarun::train {

// Laws of the noise time sigma in [0, 1] (1 = noise).  n is the sample's one
// normal, u its one uniform of stream "timestep".
//   sigmoid      sigmoid(scale * n)
//   logit_normal sigmoid(mean + std * n)
//   uniform      u
//   shifted      s = sigmoid(scale * n), then S s / (1 + (S - 1) s)
//   flux_shift   as shifted with S = exp(mu) of the picture's tokens
struct TimestepLaw {
  std::string kind = "sigmoid";
  double scale = 1.0, mean = 0.0, std = 1.0, shift = 3.0;
  double min = 0.0, max = 1.0;  // sigma is mapped into [min, max]
};

struct LossLaw {
  std::string kind = "mse";        // mse, mae, huber
  double delta = 0.1;              // of huber
  std::string weighting = "none";  // none, sigma_sqrt, cosmap (diffusers' names)
};

struct Knobs {
  double lr = 0.0;                           // base rate
  std::map<std::string, double> group_lr;    // overrides by group: "clip_l"
  std::map<std::string, bool> group_trains;  // which groups train; absent: those with adapters
  TimestepLaw timesteps;
  LossLaw loss;
  double guidance = 1.0;
  double clip = 1.0;  // global gradient norm; 0 = off
  double ema = 0.0;   // decay; 0 = off

  // Factors on the rate of the modules that a pattern names (networks/network.h); several that
  // meet in a module multiply, and 0 freezes it.
  std::map<std::string, double> module_factors;
  std::optional<double> network_dropout;  // in place of the network's own
};

}  // namespace lorarun::train
