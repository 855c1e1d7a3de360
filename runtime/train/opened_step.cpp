#include "runtime/train/opened_step.h"

#include "runtime/base/error.h"
#include "runtime/data/encode.h"
#include "runtime/tensor/tensor_file.h"

namespace lorarun::train {
namespace {

// The layer's path as diffusers has it; text encoders' layers carry their encoder's name.
std::string target_name(const networks::Entry& entry) {
  return entry.component == "transformer" ? entry.target : entry.component + "." + entry.target;
}

Tensor copy_of(const Tensor& tensor) {
  return tensor.detach().to(at::kCPU).clone();
}

// Calls visit(name of the parameter such as "<target>.down", tensor, index of the parameter).
template <typename Visit>
void for_each_parameter(const networks::Network& network, const Visit& visit) {
  size_t index = 0;
  for (const networks::Entry& entry : network.entries()) {
    for (const networks::NamedParameter& one : entry.module->named_parameters()) {
      visit(target_name(entry) + "." + one.name, one.tensor, index++);
    }
  }
}

void put_adapters(const networks::Network& network, const std::string& prefix, NamedTensors& out) {
  for_each_parameter(network, [&](const std::string& name, const Tensor& tensor, size_t) {
    out[prefix + name] = copy_of(tensor);
  });
}

void put_alphas(const networks::Network& network, NamedTensors& out) {
  for (const networks::Entry& entry : network.entries()) {
    out["adapter/" + target_name(entry) + ".alpha"] =
        at::full({}, entry.module->alpha(), at::kFloat);
  }
}

void put_gradients(const networks::Network& network, NamedTensors& out) {
  for_each_parameter(network, [&](const std::string& name, const Tensor& tensor, size_t) {
    out["grad/" + name] =
        tensor.grad().defined() ? copy_of(tensor.grad()) : at::zeros_like(copy_of(tensor));
  });
}

// The optimizer's state before the step: moments by parameter.
void put_moments(Trainer& trainer, NamedTensors& out) {
  const auto state = trainer.optimizer().state();
  for_each_parameter(trainer.network(), [&](const std::string& name, const Tensor&, size_t index) {
    const std::string prefix = std::to_string(index) + ".";
    for (const auto& [key, tensor] : state) {
      if (key.starts_with(prefix)) {
        out["optimizer/" + name + key.substr(prefix.size() - 1)] = copy_of(tensor);
      }
    }
  });
}

// Rows of several micro-batches under each other.
void append_rows(NamedTensors& out, const std::string& key, const Tensor& rows) {
  const Tensor added = rows.is_floating_point() ? copy_of(rows).to(at::kFloat) : copy_of(rows);
  const auto at = out.find(key);
  out[key] = at == out.end() ? added : at::cat({at->second, added}, 0);
}

void put_micro(const OpenedMicro& micro, bool embeds_guidance, NamedTensors& out) {
  const std::pair<const char*, Tensor> rows[] = {
      {"latents", micro.latents}, {"noise", micro.noise},           {"noisy", micro.noisy},
      {"target", micro.target},   {"prediction", micro.prediction}, {"sigma", micro.sigma},
      {"loss", micro.loss},       {"weight", micro.weight}};
  for (const auto& [key, tensor] : rows) { append_rows(out, key, tensor); }
  if (embeds_guidance) { append_rows(out, "guidance", micro.guidance); }
  for (const auto& [name, tensor] : micro.text.text) { append_rows(out, "text." + name, tensor); }
  for (const auto& [name, tensor] : micro.text.pooled) {
    append_rows(out, "pooled." + name, tensor);
  }
  for (const auto& [name, tensor] : micro.text.tokens) {
    append_rows(out, "tokens." + name, tensor);
  }
}

void expect_one_size(const data::Batch& batch) {
  const data::Item* first = batch.micro.at(0).items.at(0);
  for (const data::MicroBatch& micro : batch.micro) {
    const data::Item* item = micro.items.at(0);
    if (item->bucket_w == first->bucket_w && item->bucket_h == first->bucket_h) { continue; }
    throw Error("the step's micro-batches have different sizes, which one tensor cannot hold")
        .fix("open another step, or set accumulate = 1");
  }
}

Json items_of(const data::Batch& batch) {
  Json items = Json::array();
  for (const data::MicroBatch& micro : batch.micro) {
    for (size_t i = 0; i < micro.items.size(); ++i) {
      const data::Item& item = *micro.items[i];
      items.push_back({{"path", item.path.string()},
                       {"caption", micro.captions[i]},
                       {"bucket", {item.bucket_w, item.bucket_h}}});
    }
  }
  return items;
}

std::map<std::string, std::string> metadata_of(Trainer& trainer, const data::Batch& batch,
                                               const Knobs& knobs, const Stats& stats,
                                               const std::string& base) {
  Json optimizer = trainer.options().optimizer_options;
  optimizer["name"] = trainer.options().optimizer;
  optimizer["lr"] = stats.lr;
  optimizer["clip"] = knobs.clip;
  const Json defaults{{"betas", {0.9, 0.999}}, {"eps", 1e-8}, {"weight_decay", 0.01}};
  for (const auto& [key, value] : defaults.items()) {
    if (!optimizer.contains(key)) { optimizer[key] = value; }
  }
  const Json law{{"name", knobs.timesteps.kind},   {"scale", knobs.timesteps.scale},
                 {"mean", knobs.timesteps.mean},   {"std", knobs.timesteps.std},
                 {"shift", knobs.timesteps.shift}, {"min", knobs.timesteps.min},
                 {"max", knobs.timesteps.max}};
  const bool sampled = batch.micro.at(0).items.at(0)->sample_latents;
  return {{"family", trainer.model().family()},
          {"step", std::to_string(batch.step)},
          {"seed", std::to_string(trainer.options().seed)},
          {"optimizer", to_line(optimizer)},
          {"items", to_line(items_of(batch))},
          {"base", base},
          {"timesteps", to_line(law)},
          {"latents", sampled ? "sample" : "mean"}};
}

}  // namespace

Stats open_step(Trainer& trainer, const data::Batch& batch, const Knobs& knobs,
                const std::string& base, const std::filesystem::path& out) {
  expect_one_size(batch);
  NamedTensors opened;
  put_adapters(trainer.network(), "adapter/", opened);
  put_alphas(trainer.network(), opened);
  put_moments(trainer, opened);
  for (const data::MicroBatch& micro : batch.micro) {
    for (const data::Item* item : micro.items) {
      append_rows(opened, "pixels", data::pixels_of(*item).unsqueeze(0));
    }
  }
  const bool embeds_guidance = trainer.model().embeds_guidance();
  trainer.on_micro = [&](const OpenedMicro& micro) { put_micro(micro, embeds_guidance, opened); };
  trainer.before_update = [&] { put_gradients(trainer.network(), opened); };
  const Stats stats = trainer.step(batch, knobs);
  trainer.on_micro = nullptr;
  trainer.before_update = nullptr;
  put_adapters(trainer.network(), "after/", opened);
  save_tensors(out, opened, metadata_of(trainer, batch, knobs, stats, base));
  return stats;
}

}  // namespace lorarun::train
