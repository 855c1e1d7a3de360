// A network: one module in every chosen linear layer of a model.
//
//   layers of the model --choose(targets, exclude)--> modules of one kind
//
// `targets` and `exclude` are patterns: a plain word matches a part of the
// module path between dots or its beginning ("attn", "ff", "attn.to_q"), and
// "*" and "?" work as in file names.  An empty list of targets means every
// linear of the blocks.  They hold for the denoiser; text encoders have
// `encoder_targets` of their own.
//
// The network and the model share the layers' slots (nn::AdapterSlot): a text
// encoder that is released keeps its adapters, and gets them back when it loads.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/networks/registry.h"

namespace lorarun::networks {

struct NetworkOptions {
  std::string kind = "lora";
  std::vector<std::string> targets, exclude;      // of the denoiser's layers
  std::vector<std::string> encoder_targets = {};  // of text encoders' layers, as "clip_l.…"
  Json options = Json::object();                  // rank, alpha, dropout, …
  Json encoder_options = Json::object();          // stands above `options` in text encoders
};

struct Entry {
  std::string component, target;
  std::shared_ptr<Module> module;
};

// All weights of a component of the model, by name.
struct WholeComponent {
  std::string name;  // "transformer", "clip_l", "vae"
  std::map<std::string, Tensor>
      weights;  // "transformer_blocks.0.attn.to_q.weight"; the model's own
};

class Network {
 public:
  // Makes the modules and puts them into the layers.  Throws Error when no
  // layer matches, naming the pattern and the nearest layer names.
  Network(const NetworkOptions& options, const std::vector<nn::AdaptableLayer>& layers,
          uint64_t seed, at::Device device);

  // Makes a network of a kind that trains the model's own weights: of those that `targets` and
  // `exclude` choose, or of all.  Throws Error as above.
  Network(const NetworkOptions& options, const std::vector<WholeComponent>& components,
          uint64_t seed);
  ~Network();  // takes the modules out of the layers

  const std::vector<Entry>& entries() const { return entries_; }
  DropoutClock& clock() { return *clock_; }

  // All leaves in the order of entries, names "<component>/<target>.<name>".
  std::vector<NamedParameter> parameters() const;

  const NetworkOptions& options() const { return options_; }

  // True when the model's own weights train (full): its file holds whole weights, not a LoRA.
  bool is_whole() const { return !entries_.empty() && entries_.front().module->is_whole(); }

 private:
  void put_into(const std::vector<nn::AdaptableLayer>& chosen, const Json& options, uint64_t seed,
                at::Device device);

  NetworkOptions options_;
  std::shared_ptr<DropoutClock> clock_;
  std::vector<Entry> entries_;
  std::vector<nn::AdapterSlot> slots_;  // of the layers; a released layer's slot waits for it
};

// The module's name as patterns and streams know it: bare in the denoiser, "clip_l.…" in an
// encoder.
std::string full_name(const Entry& entry);

// Says whether a pattern of `targets` names the layer.
bool matches(const std::string& full_name, const std::string& pattern);

// Gives those of `layers` that the patterns choose.  `key` is what errors call the targets.
std::vector<nn::AdaptableLayer> choose(const std::vector<nn::AdaptableLayer>& layers,
                                       const std::vector<std::string>& targets,
                                       const std::vector<std::string>& exclude,
                                       const std::string& key = "targets");

}  // namespace lorarun::networks
