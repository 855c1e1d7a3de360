// Objectives: what a micro-batch is asked to get right; one file each in objectives/, by name.
//
//   denoise            the denoiser finds the flow from noise to latents, under a caption
//   distill_guidance   the denoiser learns to give guided pictures in one pass
//   autoencode         the VAE rebuilds a picture from its own latents
//
// An objective turns a micro-batch into one loss per sample, with its graph.  Everything around it
// (weights of samples, accumulation, backward, clipping, optimizer, EMA) is the trainer's.
//
// Invariant: all tensors of a micro-batch lie on the device of its latents, and so does what an
// objective makes of them; it reads no value back to the host.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/registry.h"
#include "runtime/data/loader.h"
#include "runtime/models/registry.h"
#include "runtime/train/knobs.h"
#include "runtime/train/noise.h"

namespace lorarun::train {

// Everything of one micro-batch, laid open for `lorarun step`.  For autoencode, `latents` and
// `target` are the pixels, `noise` is the posterior's and `prediction` the rebuilt picture.
struct OpenedMicro {
  Tensor latents, noise, noisy, target, prediction;  // [B, C, h, w]
  Tensor sigma, guidance, loss, weight;              // [B]
  models::TextEmbedding text;
};

// How Trainer::loss measures.
struct LossOptions {
  std::vector<double> sigmas;  // each picture is measured at each of these noise times
  uint64_t seed = 0;
  double guidance = 1.0;
  LossLaw loss = {};  // its weighting is left out
};

class Objective {
 public:
  virtual ~Objective() = default;

  // The loss of each sample (`loss`, with its graph) and its weight, and what led to them.
  virtual OpenedMicro losses(models::Model& model, const data::MicroBatch& micro,
                             const models::TextEmbedding& text, const Knobs& knobs,
                             const SampleKeys& keys) const = 0;

  // [B]: the loss of each picture at options.sigmas[index], without weights; the noise is keyed by
  // (seed, stream "loss", index, picture's index in the batch).
  virtual Tensor measure(models::Model& model, const data::MicroBatch& micro,
                         const models::TextEmbedding& text, uint32_t index,
                         const LossOptions& options) const = 0;
};

struct ObjectiveKind {
  std::string about;                 // one line for --help
  std::vector<std::string> options;  // keys of the recipe's table that this kind reads
  bool takes_pixels = false;         // batches hold pixels in place of latents, and no text
  std::function<std::unique_ptr<Objective>(const Json& options)> make;
};

const Registry<ObjectiveKind>& registry();  // generated

}  // namespace lorarun::train
