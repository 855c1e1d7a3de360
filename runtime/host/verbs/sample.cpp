// lorarun sample BASE [--lora FILE[:strength]]… --prompt TEXT … --out DIR: pictures from text.
//
//   DIR/000.png …               one per prompt, with the settings in its `parameters` text
//   DIR/sheet.png               all of them, where there are several
//   DIR/000.latents.safetensors with --latents: `latents` [C, h, w], as the denoiser works in them
//
// The start noise is keyed by seed and place of the prompt (docs/random.md), so the same
// prompts show what another LoRA changes and nothing else.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>
#include <set>
#include <sstream>

#include "runtime/base/clock.h"
#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "runtime/bind/owners.h"
#include "runtime/bind/torch_errors.h"
#include "runtime/host/registry.h"
#include "runtime/io/contact_sheet.h"
#include "runtime/models/registry.h"
#include "runtime/networks/stack.h"
#include "runtime/render/png_parameters.h"
#include "runtime/render/sampler.h"
#include "runtime/tensor/device.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/tensor_file.h"

namespace lorarun::host {

namespace {

struct Flags {
  fs::path base, out, prompts_file;
  std::vector<std::string> loras, prompts;
  std::string size = "1024x1024", dtype, device = "auto";
  render::RenderOptions render;
  bool latents = false, json = false;
};

// "512x768" -> 512, 768
void read_size(const std::string& text, render::RenderOptions& options) {
  std::istringstream words(text);
  char cross = 0;
  const bool read = static_cast<bool>(words >> options.width_px >> cross >> options.height_px);
  if (read && cross == 'x' && words.peek() == EOF) { return; }
  throw Error("'" + text + "' is no size")
      .where("the command line, --size")
      .fix("width x height in pixels: --size 1024x768");
}

void add_prompts_of(const fs::path& path, std::vector<std::string>& prompts) {
  std::istringstream lines(read_text(path));
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') { line.pop_back(); }
    if (!line.empty()) { prompts.push_back(line); }
  }
}

void add_options(CLI::App& app, Flags& flags) {
  app.add_option("BASE", flags.base, "model folder in diffusers layout")->required();
  app.add_option("--lora", flags.loras, "LoRA file, or file:strength; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--prompt", flags.prompts, "one picture each; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--prompts", flags.prompts_file, "file with one prompt a line");
  app.add_option("--size", flags.size, "WxH in pixels")->capture_default_str();
  app.add_option("--steps", flags.render.steps)->capture_default_str();
  app.add_option("--guidance", flags.render.guidance)->capture_default_str();
  app.add_option("--seed", flags.render.seed)->capture_default_str();
  app.add_option("--negative", flags.render.negative, "acts with --true-cfg above 1");
  app.add_option("--true-cfg", flags.render.true_cfg)->capture_default_str();
  app.add_option("--sampler", flags.render.sampler)->capture_default_str();
  app.add_option("--out", flags.out, "folder for the pictures")->required();
  app.add_option(
         "--dtype", flags.dtype,
         "of the denoiser and the text encoders; default float32 on the CPU, bfloat16 on a card")
      ->capture_default_str();
  app.add_option("--device", flags.device, "auto, cpu, cuda, cuda:1")->capture_default_str();
  app.add_flag("--latents", flags.latents, "write the final latents too");
  app.add_flag("--json", flags.json, "print one JSON object");
}

Flags read_flags(std::vector<std::string> words) {
  Flags flags;
  CLI::App app("renders prompts with a model and LoRAs", "lorarun sample");
  add_options(app, flags);
  std::reverse(words.begin(), words.end());
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    std::exit(0);
  } catch (const CLI::ParseError& error) {
    throw Error(error.what()).where("the command line").fix("lorarun sample --help");
  }
  read_size(flags.size, flags.render);
  if (!flags.prompts_file.empty()) { add_prompts_of(flags.prompts_file, flags.prompts); }
  if (flags.prompts.empty()) {
    throw Error("there is no prompt")
        .where("the command line")
        .fix("--prompt \"a fox in a meadow\"");
  }
  return flags;
}

struct LoraChoice {
  fs::path path;
  double strength = 1.0;
};

// "fox.safetensors:0.8"; a colon in a file's own name stays part of it.
LoraChoice read_lora(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || fs::exists(text)) { return {.path = text}; }
  const std::string number = text.substr(colon + 1);
  char* end = nullptr;
  const double strength = std::strtod(number.c_str(), &end);
  if (number.empty() || *end != '\0' || !std::isfinite(strength)) {
    throw Error("'" + number + "' is no strength")
        .where("the command line, --lora " + text)
        .fix("--lora FILE:0.8");
  }
  return {.path = text.substr(0, colon), .strength = strength};
}

at::ScalarType float_from_name(const std::string& name) {
  const at::ScalarType dtype = dtype_from_name(name);
  for (const at::ScalarType one : {at::kFloat, at::kBFloat16, at::kHalf}) {
    if (dtype == one) { return dtype; }
  }
  throw Error("networks do not run in " + name)
      .where("the command line, --dtype")
      .fix("data types: float32, bfloat16, float16");
}

std::shared_ptr<models::Model> open_base(const Flags& flags) {
  const at::Device device = device_from_name(flags.device, "the command line, --device");
  const std::string dtype = !flags.dtype.empty() ? flags.dtype : device.is_cpu() ? "fp32" : "bf16";
  const nn::Placement placement = {.dtype = float_from_name(dtype), .device = device};
  const std::shared_ptr<models::Model> model = models::open_model(
      flags.base, "",
      {.denoiser = placement, .vae = {.device = device}, .text_encoder = placement});
  bind::watch(model, device);
  bind::set_memory_remedies({"a smaller --size", "--dtype bf16"});
  return model;
}

// Puts the LoRAs on the model and gives what the pictures will say of them.
std::vector<render::LoraCredit> put_loras(models::Model& model,
                                          const std::vector<std::string>& texts) {
  std::vector<networks::LoraFile> files;
  std::vector<double> strengths;
  std::vector<render::LoraCredit> credits;
  std::set<std::string> components;
  for (const std::string& text : texts) {
    const LoraChoice choice = read_lora(text);
    files.push_back(networks::read_lora_file(choice.path));
    strengths.push_back(choice.strength);
    credits.push_back(render::credit_of(choice.path, choice.strength));
    for (const networks::LoraEntry& entry : files.back().entries) {
      components.insert(entry.component);
    }
  }
  std::vector<nn::AdaptableLayer> layers;
  for (const std::string& component : components) {
    for (const nn::AdaptableLayer& layer : model.layers(component)) { layers.push_back(layer); }
  }
  networks::put_lora_files(layers, files, strengths);
  return credits;
}

// Embeds all prompts, and the negative one as the last, by one encoder after the other: no two of
// them are in memory together, and none beside the denoiser.
std::vector<models::TextEmbedding> embed(models::Model& model, const Flags& flags) {
  const at::NoGradGuard guard;
  std::vector<std::string> all = flags.prompts;
  all.push_back(flags.render.negative);
  std::vector<models::TextEmbedding> texts(all.size());
  for (const std::string& encoder : model.text_encoders()) {
    for (size_t i = 0; i < all.size(); ++i) {
      models::TextEmbedding part = model.encode_text({all[i]}, {encoder});
      texts[i].text.merge(part.text);
      texts[i].pooled.merge(part.pooled);
      texts[i].tokens.merge(part.tokens);
    }
    model.release(encoder);
  }
  return texts;
}

std::string numbered(size_t index, const std::string& ending) {
  std::string digits = std::to_string(index);
  digits.insert(0, digits.size() < 3 ? 3 - digits.size() : 0, '0');
  return digits + ending;
}

void save_sheet(const Flags& flags, const std::vector<SheetCell>& cells) {
  if (cells.size() < 2) { return; }
  const int columns = static_cast<int>(std::ceil(std::sqrt(static_cast<double>(cells.size()))));
  save_png(flags.out / "sheet.png", contact_sheet(cells, columns));
}

OrderedJson draw_all(const Flags& flags, models::Model& model) {
  const std::vector<render::LoraCredit> loras = put_loras(model, flags.loras);
  const std::vector<models::TextEmbedding> texts = embed(model, flags);
  const std::string base_name = fs::absolute(flags.base / "").parent_path().filename().string();
  OrderedJson pictures = OrderedJson::array();
  std::vector<SheetCell> cells;
  make_folder(flags.out);
  for (size_t i = 0; i < flags.prompts.size(); ++i) {
    const double start_s = steady_now_s();
    const std::string& prompt = flags.prompts[i];
    const render::Rendering made =
        render::render(model, {.text = texts[i], .negative = &texts.back()}, flags.render,
                       static_cast<uint32_t>(i));
    const fs::path path = flags.out / numbered(i, ".png");
    save_png(path, made.image,
             {{"parameters", render::png_parameters(prompt, flags.render, base_name, loras)}});
    if (flags.latents) {
      save_tensors(flags.out / numbered(i, ".latents.safetensors"), {{"latents", made.latents}});
    }
    const double took_s = steady_now_s() - start_s;
    pictures.push_back(
        OrderedJson({{"file", path.string()}, {"prompt", prompt}, {"seconds", took_s}}));
    if (!flags.json) { std::cout << path.string() << "  " << prompt << std::endl; }
    cells.push_back({.image = made.image, .caption = prompt});
  }
  save_sheet(flags, cells);
  return {{"pictures", pictures}};
}

// Memory that runs out is told while the model is there, which held it.
OrderedJson draw(const Flags& flags) {
  const std::shared_ptr<models::Model> model = open_base(flags);
  try {
    return draw_all(flags, *model);
  } catch (const c10::Error& error) {
    if (const std::optional<Error> told = bind::out_of_memory(error)) { throw *told; }
    throw;
  }
}

int run(const std::vector<std::string>& words) {
  const Flags flags = read_flags(words);
  const OrderedJson made = draw(flags);
  if (flags.json) { std::cout << to_line(made) << std::endl; }
  return 0;
}

}  // namespace

VerbKind describe_sample() {
  return {"renders prompts with a model and LoRAs", "", run};
}

}  // namespace lorarun::host
