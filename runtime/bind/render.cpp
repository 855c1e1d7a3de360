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

const std::vector<std::string> kOptions = {"width",    "height",   "steps",
                                           "guidance", "seed",     "sampler",
                                           "negative", "true_cfg", "negative_text"};

render::RenderOptions check_options(lua_State* L, int argument) {
  const Options options(L, argument, kOptions);
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

// The texts of a picture; options.negative_text is asked for where true_cfg > 1.
render::Prompt check_prompt(lua_State* L, int text, int argument) {
  const Options options(L, argument, kOptions);
  render::Prompt prompt{.text = check<models::TextEmbedding>(L, text)};
  if (options.has("negative_text")) {
    options.push("negative_text");  // [text]; the table keeps it
    prompt.negative = &check<models::TextEmbedding>(L, lua_gettop(L));
    lua_pop(L, 1);
  }
  return prompt;
}

// `index` counts from 1 and chooses the start noise.
uint32_t check_place(lua_State* L, int argument) {
  return static_cast<uint32_t>(to_index(luaL_checknumber(L, argument), 1 << 30));
}

// picture(model, text, index [, options]) -> picture [3, H, W], latents [C, h, w]
int picture(lua_State* L) {
  const render::Rendering made = render::render(check<models::Model>(L, 1), check_prompt(L, 2, 4),
                                                check_options(L, 4), check_place(L, 3));
  push_tensor(L, tensor_of_image(made.image));
  push_tensor(L, made.latents);
  return 2;
}

// sample(model, text, index [, options]) -> latents [C, h, w]
int sample(lua_State* L) {
  return push_tensor(L, render::sample(check<models::Model>(L, 1), check_prompt(L, 2, 4),
                                       check_options(L, 4), check_place(L, 3)));
}

// decode(model, latents [C, h, w] [, {tiles}]) -> picture [3, H, W]
int decode(lua_State* L) {
  const bool in_tiles = Options(L, 3, {"tiles"}).flag("tiles", false);
  return push_tensor(L, tensor_of_image(render::picture_of(check<models::Model>(L, 1),
                                                           check_tensor(L, 2), in_tiles)));
}

// parameters(prompt, options, model) -> the text that front ends read out of a picture
int parameters(lua_State* L) {
  push_string(
      L, render::png_parameters(check_string(L, 1), check_options(L, 2), check_string(L, 3), {}));
  return 1;
}

const luaL_Reg functions[] = {{"parameters", guarded<parameters>},
                              {"picture", guarded<picture>},
                              {"sample", guarded<sample>},
                              {"decode", guarded<decode>},
                              {nullptr, nullptr}};

}  // namespace

void open_render(lua_State* L) {
  add_module(L, "render", functions);
}

}  // namespace lorarun::bind
