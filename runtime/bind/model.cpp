// The classes Model and Text: a base model of any family, and encoded captions.

#include "runtime/bind/classes.h"
#include "runtime/bind/open.h"
#include "runtime/bind/owners.h"
#include "runtime/script/guard.h"
#include "runtime/script/options.h"
#include "runtime/script/values.h"
#include "runtime/tensor/device.h"
#include "runtime/tensor/imagined.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::bind {

namespace {

models::LoadOptions load_options(const Options& options) {
  const at::Device device = device_or_meta_from_name(options.text("device", "cpu"), "model.open");
  const std::string dtype = options.text("dtype", "float32");
  models::LoadOptions load;
  load.denoiser = {dtype_from_name(dtype), device};
  load.vae = {dtype_from_name(options.text("vae_dtype", "float32")), device};
  load.text_encoder = {dtype_from_name(options.text("text_dtype", dtype)), device};
  load.recompute = options.flag("recompute", false);
  return load;
}

// model.open(path [, {family, dtype, vae_dtype, text_dtype, device, recompute}]) -> Model
int open(lua_State* L) {
  const Options options(L, 2,
                        {"family", "dtype", "vae_dtype", "text_dtype", "device", "recompute"});
  const models::LoadOptions load = load_options(options);
  if (load.denoiser.device.is_meta()) { imagined::start(); }
  std::shared_ptr<models::Model> model =
      models::open_model(check_string(L, 1), options.text("family", ""), load);
  watch(model, load.denoiser.device);
  return push_handle(L, std::move(model));
}

int family(lua_State* L) {
  push_string(L, check<models::Model>(L, 1).family());
  return 1;
}

int fingerprint(lua_State* L) {
  push_string(L, check<models::Model>(L, 1).fingerprint(check_string(L, 2)));
  return 1;
}

int push_integer(lua_State* L, int64_t value) {
  lua_pushnumber(L, static_cast<double>(value));
  return 1;
}

int latent_channels(lua_State* L) {
  return push_integer(L, check<models::Model>(L, 1).latent_channels());
}

int pixels_per_latent(lua_State* L) {
  return push_integer(L, check<models::Model>(L, 1).pixels_per_latent());
}

int size_multiple(lua_State* L) {
  return push_integer(L, check<models::Model>(L, 1).size_multiple_px());
}

int embeds_guidance(lua_State* L) {
  lua_pushboolean(L, check<models::Model>(L, 1).embeds_guidance());
  return 1;
}

// model:encode_image(pixels [, noise])   pixels [B, 3, H, W] in [-1, 1] -> latents [B, C, h, w]
int encode_image(lua_State* L) {
  const at::NoGradGuard guard;
  const Tensor noise = lua_isnoneornil(L, 3) ? Tensor() : check_tensor(L, 3);
  return push_tensor(L, check<models::Model>(L, 1).encode_image(check_tensor(L, 2), noise));
}

int decode_image(lua_State* L) {
  const at::NoGradGuard guard;
  return push_tensor(L, check<models::Model>(L, 1).decode_image(check_tensor(L, 2)));
}

// model:encode_text({"a photo"} [, {"t5"}]) -> Text, of these encoders or of all
int encode_text(lua_State* L) {
  const at::NoGradGuard guard;
  const std::vector<std::string> encoders =
      lua_isnoneornil(L, 3) ? std::vector<std::string>{} : check_strings(L, 3);
  auto text = std::make_shared<models::TextEmbedding>(
      check<models::Model>(L, 1).encode_text(check_strings(L, 2), encoders));
  return push_handle(L, std::move(text));
}

// model:predict(noisy, sigma, text [, guidance]) -> prediction; differentiable
int predict(lua_State* L) {
  const Tensor& sigma = check_tensor(L, 3);
  const Tensor guidance = lua_isnoneornil(L, 5) ? at::ones_like(sigma) : check_tensor(L, 5);
  return push_tensor(
      L, check<models::Model>(L, 1).predict(check_tensor(L, 2), sigma,
                                            check<models::TextEmbedding>(L, 4), guidance));
}

// model:layers("transformer") -> names of the layers that a network may adapt
int layers(lua_State* L) {
  std::vector<std::string> names;
  for (const auto& each : check<models::Model>(L, 1).layers(check_string(L, 2))) {
    names.push_back(each.layer->name);
  }
  push_strings(L, names);
  return 1;
}

// model:weights("transformer") -> {name = tensor}
int weights(lua_State* L) {
  return push_named_tensors(L, check<models::Model>(L, 1).weights(check_string(L, 2)));
}

int text_encoders(lua_State* L) {
  push_strings(L, check<models::Model>(L, 1).text_encoders());
  return 1;
}

int change_key(lua_State* L) {
  push_string(L, check<models::Model>(L, 1).change_key(check_string(L, 2)));
  return 1;
}

// model:bytes("transformer") -> bytes of its weights; 0 while it is not loaded
int bytes(lua_State* L) {
  models::Model& model = check<models::Model>(L, 1);
  const std::string component = check_string(L, 2);
  int64_t sum = 0;
  if (!model.is_loaded(component)) { return push_integer(L, sum); }
  for (const auto& [name, tensor] : model.weights(component)) {
    sum += static_cast<int64_t>(tensor.nbytes());
  }
  return push_integer(L, sum);
}

// model:parameters("transformer") -> numbers that it is made of; loads it
int parameters(lua_State* L) {
  int64_t count = 0;
  for (const auto& [name, tensor] : check<models::Model>(L, 1).weights(check_string(L, 2))) {
    count += tensor.numel();
  }
  return push_integer(L, count);
}

int load(lua_State* L) {
  return push_integer(L, check<models::Model>(L, 1).load(check_string(L, 2)));
}

int is_loaded(lua_State* L) {
  lua_pushboolean(L, check<models::Model>(L, 1).is_loaded(check_string(L, 2)));
  return 1;
}

int release(lua_State* L) {
  check<models::Model>(L, 1).release(check_string(L, 2));
  return 0;
}

Tensor part(const std::map<std::string, Tensor>& parts, const std::string& encoder) {
  const auto at = parts.find(encoder);
  return at == parts.end() ? Tensor() : at->second;
}

int text_embedding(lua_State* L) {
  return push_tensor(L, part(check<models::TextEmbedding>(L, 1).text, check_string(L, 2)));
}

int text_pooled(lua_State* L) {
  return push_tensor(L, part(check<models::TextEmbedding>(L, 1).pooled, check_string(L, 2)));
}

int text_tokens(lua_State* L) {
  return push_tensor(L, part(check<models::TextEmbedding>(L, 1).tokens, check_string(L, 2)));
}

const luaL_Reg functions[] = {{"open", guarded<open>}, {nullptr, nullptr}};

const luaL_Reg methods[] = {{"family", guarded<family>},
                            {"fingerprint", guarded<fingerprint>},
                            {"latent_channels", guarded<latent_channels>},
                            {"pixels_per_latent", guarded<pixels_per_latent>},
                            {"size_multiple", guarded<size_multiple>},
                            {"embeds_guidance", guarded<embeds_guidance>},
                            {"encode_image", guarded<encode_image>},
                            {"decode_image", guarded<decode_image>},
                            {"encode_text", guarded<encode_text>},
                            {"predict", guarded<predict>},
                            {"layers", guarded<layers>},
                            {"weights", guarded<weights>},
                            {"text_encoders", guarded<text_encoders>},
                            {"change_key", guarded<change_key>},
                            {"load", guarded<load>},
                            {"bytes", guarded<bytes>},
                            {"parameters", guarded<parameters>},
                            {"is_loaded", guarded<is_loaded>},
                            {"release", guarded<release>},
                            {nullptr, nullptr}};

const luaL_Reg text_methods[] = {{"embedding", guarded<text_embedding>},
                                 {"pooled", guarded<text_pooled>},
                                 {"tokens", guarded<text_tokens>},
                                 {nullptr, nullptr}};

}  // namespace

void open_model(lua_State* L) {
  open_class<models::Model>(L, methods);
  open_class<models::TextEmbedding>(L, text_methods);
  add_module(L, "model", functions);
}

}  // namespace lorarun::bind
