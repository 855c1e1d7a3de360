---@meta lorarun.model

--- A base model of any family. Components load when they are first needed.
---@class lorarun.Model
local Model = {}

--- Captions as the denoiser takes them.
---@class lorarun.Text
local Text = {}

lorarun.model = {}

--- Opens a diffusers folder; the folder says its family when `family` is absent.
---@param path string
---@param opts? { family: string, dtype: string, vae_dtype: string, text_dtype: string, device: string, recompute: boolean }
---@return lorarun.Model
function lorarun.model.open(path, opts) end

--- Gives the family's name: "flux".
---@return string
function Model:family() end

--- Gives the content hash of a component's frozen weights ("vae", "t5", "text").
---@param component string
---@return string
function Model:fingerprint(component) end

--- Gives the channels of a latent.
---@return integer
function Model:latent_channels() end

--- Gives the pixels that one latent place stands for, per side.
---@return integer
function Model:pixels_per_latent() end

--- Gives what sides of pictures must be multiples of.
---@return integer
function Model:size_multiple() end

--- Says whether the denoiser takes a guidance value.
---@return boolean
function Model:embeds_guidance() end

--- Encodes pixels [B, 3, H, W] in [-1, 1] to latents [B, C, h, w]: the mean, or with `noise` a sample.
---@param pixels lorarun.Tensor
---@param noise? lorarun.Tensor
---@return lorarun.Tensor
function Model:encode_image(pixels, noise) end

--- Decodes latents [B, C, h, w] to pixels [B, 3, H, W] in [-1, 1].
---@param latents lorarun.Tensor
---@return lorarun.Tensor
function Model:decode_image(latents) end

--- Runs the named text encoders, all of them when none is named.
---@param captions string|string[]
---@param encoders? string[]
---@return lorarun.Text
function Model:encode_text(captions, encoders) end

--- Predicts from noisy latents [B, C, h, w] at noise times sigma [B]; differentiable.
---@param noisy lorarun.Tensor
---@param sigma lorarun.Tensor
---@param text lorarun.Text
---@param guidance? lorarun.Tensor   [B]; 1 when absent
---@return lorarun.Tensor
function Model:predict(noisy, sigma, text, guidance) end

--- Gives the names of the linear layers that a network may adapt.
---@param component string
---@return string[]
function Model:layers(component) end

--- Gives all weights of a component by name.
---@param component string
---@return table<string, lorarun.Tensor>
function Model:weights(component) end

--- Gives the names of the text encoders: {"clip_l", "t5"}.
---@return string[]
function Model:text_encoders() end

--- Gives what the adapters of a text encoder change now, as a hash; "" while they change nothing.
---@param encoder string
---@return string
function Model:change_key(encoder) end

--- Loads a text encoder, if it is not there, and gives the bytes of its weights.
---@param encoder string
---@return integer
function Model:load(encoder) end

--- Says whether a component is in memory.
---@param component string
---@return boolean
function Model:is_loaded(component) end

--- Gives the bytes of a component's weights; 0 while it is not loaded.
---@param component string
---@return integer
function Model:bytes(component) end

--- Gives how many numbers a component is made of; loads it. With device = "meta" no weights are read.
---@param component string
---@return integer
function Model:parameters(component) end

--- Frees the weights of "vae", a text encoder, or "text" (all of them); they load again when needed, adapters in place.
---@param component string
function Model:release(component) end

--- Drops this handle; the memory goes when nothing else uses the model.
function Model:free() end

--- Gives the sequence of an encoder ("t5"): [B, S, D], or nil.
---@param encoder string
---@return lorarun.Tensor?
function Text:embedding(encoder) end

--- Gives the pooled vector of an encoder ("clip_l"): [B, P], or nil.
---@param encoder string
---@return lorarun.Tensor?
function Text:pooled(encoder) end

--- Gives the token ids of an encoder: [B, S], or nil.
---@param encoder string
---@return lorarun.Tensor?
function Text:tokens(encoder) end

--- Drops this handle.
function Text:free() end
