---@meta lorarun.render

lorarun.render = {}

---@class lorarun.RenderOptions
---@field width integer?      1024
---@field height integer?     1024
---@field steps integer?      28
---@field guidance number?    3.5
---@field seed integer?       42
---@field sampler string?     "euler"
---@field negative string?    what the picture says of itself; acts with true_cfg > 1
---@field true_cfg number?    1; above it negative_text is needed
---@field negative_text lorarun.Text?   the negative prompt's embedding

--- Renders a text; `index` (from 1) chooses the start noise. Gives the picture and its latents.
---@param model lorarun.Model
---@param text lorarun.Text
---@param index integer
---@param opts? lorarun.RenderOptions
---@return lorarun.Tensor picture, lorarun.Tensor latents
function lorarun.render.picture(model, text, index, opts) end

--- Gives the latents [C, h, w] of a picture, without the VAE.
---@param model lorarun.Model
---@param text lorarun.Text
---@param index integer
---@param opts? lorarun.RenderOptions
---@return lorarun.Tensor
function lorarun.render.sample(model, text, index, opts) end

--- Gives the picture [3, H, W] of latents [C, h, w]; in tiles where the device has no room for the whole.
---@param model lorarun.Model
---@param latents lorarun.Tensor
---@param opts? { tiles: boolean }   tiles = true: in tiles in any case
---@return lorarun.Tensor
function lorarun.render.decode(model, latents, opts) end

--- Gives the `parameters` text of a picture, as A1111 writes it.
---@param prompt string
---@param opts lorarun.RenderOptions
---@param model string   name of the base model
---@return string
function lorarun.render.parameters(prompt, opts, model) end
