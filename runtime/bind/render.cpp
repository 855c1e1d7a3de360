// lorarun.render: pictures from text.

#include "runtime/bind/classes.h"
#include "runtime/bind/image_tensor.h"
#include "runtime/bind/open.h"
#include "runtime/render/png_parameters.h"
#include "runtime/render/sampler.h"
#include "runtime/script/guard.h"
#include "runtime/script/options.h"
#include "runtime/script/values.h"

namespace lorarun::bind {

namespace {

render::RenderOptions check_options(lua_State* L, int argument) {
  const Options options(
      L, argument,
      {"width", "height", "steps", "guidance", "seed", "sampler", "negative", "true_cfg"});
  render::RenderOptions render;
  render.width_px = options.integer("width", render.width_px);
  render.height_px = options.integer("height", render.height_px);
  render.steps = options.integer("steps", render.steps);
  render.guidance = options.number("guidance", render.guidance);
  render.seed = static_cast<uint64_t>(options.integer("seed", 42));
  render.sampler = options.text("sampler", render.sampler);
  render.negative = options.text("negative", render.negative);
  render.true_cfg = options.number("true_cfg", render.true_cfg);
  return render;
}

// picture(model, text, index [, options]) -> picture [3, H, W], latents [C, h, w]
// `index` counts from 1 and chooses the start noise.
int picture(lua_State* L) {
  const at::NoGradGuard guard;
  const auto index = static_cast<uint32_t>(to_index(luaL_checknumber(L, 3), 1 << 30));
  const render::Rendering made = render::render(
      check<models::Model>(L, 1), check<models::TextEmbedding>(L, 2), check_options(L, 4), index);
  push_tensor(L, tensor_of_image(made.image));
  push_tensor(L, made.latents);
  return 2;
}

// parameters(prompt, options, model) -> the text that front ends read out of a picture
int parameters(lua_State* L) {
  push_string(
      L, render::png_parameters(check_string(L, 1), check_options(L, 2), check_string(L, 3), {}));
  return 1;
}

const luaL_Reg functions[] = {
    {"parameters", guarded<parameters>}, {"picture", guarded<picture>}, {nullptr, nullptr}};

}  // namespace

void open_render(lua_State* L) {
  add_module(L, "render", functions);
}

}  // namespace lorarun::bind
