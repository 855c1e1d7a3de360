---@meta lorarun.loader

--- Folders of pictures with captions.
---@class lorarun.Dataset
local Dataset = {}

--- Latents and text embeddings on disk.
---@class lorarun.Cache
local Cache = {}

--- Batches in keyed order.
---@class lorarun.Loader
local Loader = {}

--- What one optimizer step works on.
---@class lorarun.Batch
local Batch = {}

lorarun.data = {}

--- Gives the bytes of decoded pictures that encoding holds in the host's memory at most.
---@return integer
function lorarun.data.decoding_bytes() end

--- Scans the folders of data sets; sides of buckets are multiples of `size_multiple`.
---@param sets table[]            as `images { … }` in a recipe
---@param size_multiple integer
---@param index_file? string       remembers content hashes between starts
---@return lorarun.Dataset
function lorarun.data.open(sets, size_multiple, index_file) end

--- Opens the cache of a folder for this model.
---@param folder string
---@param model lorarun.Model
---@return lorarun.Cache
function lorarun.data.cache(folder, model) end

--- Encodes what the cache lacks, then releases VAE and text encoders.
---@param dataset lorarun.Dataset
---@param model lorarun.Model
---@param cache lorarun.Cache
---@param captions? string[]   more captions to encode: prompts
---@param stops? fun(): any   asked after each entry; true leaves the rest, and what was encoded stays in the cache
---@return { latents_encoded: integer, latents_found: integer, captions_encoded: integer, captions_found: integer, stopped: boolean }
function lorarun.data.encode(dataset, model, cache, captions, stops) end

--- Opens a loader over an encoded data set.
---@param dataset lorarun.Dataset
---@param cache lorarun.Cache
---@param opts? { batch: integer, accumulate: integer, seed: integer }
---@return lorarun.Loader
function lorarun.data.loader(dataset, cache, opts) end

--- Gives the report for people: counts, buckets, missing captions, broken pictures.
---@return string
function Dataset:report() end

--- Gives the report as a table.
---@return table
function Dataset:facts() end

--- Gives the hash of all contents, captions and settings.
---@return string
function Dataset:hash() end

--- Takes pictures out of the data set, chosen by the seed, and gives them as one of their own. Call it before a
--- loader is opened.
---@param pictures integer
---@param seed integer
---@return lorarun.Dataset
function Dataset:hold_out(pictures, seed) end

--- Gives an item as the VAE sees it: [1, 3, H, W] in [-1, 1], at its bucket's size.
---@param i integer   from 1 to size()
---@return lorarun.Tensor
function Dataset:pixels(i) end

--- Gives the number of items, repeats and resolutions counted.
---@return integer
function Dataset:size() end

--- Drops this handle.
function Dataset:free() end

--- Gives the embedding of a caption as the model makes it now: read where it was encoded, else encoded.
---@param caption string
---@return lorarun.Text
function Cache:text(caption) end

--- Gives the texts as the model encodes them now, in the order of the captions; each encoder loads once for all.
---@param captions string[]
---@return lorarun.Text[]
function Cache:texts(captions) end

--- Gives the text encoders that run in each training step, because they train.
---@return string[]
function Cache:live() end

--- From here on batches carry no embeddings of this encoder: the step runs it on the captions.
---@param encoder string
function Cache:set_live(encoder) end

--- From here on batches carry what the encoder gives with its weights as they are; see encode().
---@param encoder string
function Cache:set_cached(encoder) end

--- Encodes what a cached encoder lacks of the data set's captions and `captions`, then releases it.
---@param dataset lorarun.Dataset
---@param encoder string
---@param captions? string[]   more captions to encode: prompts
---@return integer   captions encoded
function Cache:encode(dataset, encoder, captions) end

--- Drops this handle.
function Cache:free() end

--- Gives the batch of an optimizer step; steps are asked for in order, from 1.
---@param step integer
---@param opts? { caption_dropout: number, accumulate: integer, weights: number[] }   of this step; weights by data set
---@return lorarun.Batch
function Loader:next(step, opts) end

--- Gives a batch of these items of the data set for measuring: no caption dropout, the latents' means. The position stays.
---@param items integer[]   from 1
---@return lorarun.Batch
function Loader:fixed(items) end

--- Gives the optimizer steps of one epoch.
---@return integer
function Loader:steps_per_epoch() end

--- Gives the position, for a checkpoint.
---@return table
function Loader:cursor() end

--- Goes to a position.
---@param cursor table
function Loader:seek(cursor) end

--- Drops this handle.
function Loader:free() end

--- Gives the number of pictures in all micro-batches.
---@return integer
function Batch:size() end

--- Gives the epoch, from 0.
---@return integer
function Batch:epoch() end

--- Gives the pictures' file names.
---@return string[]
function Batch:items() end

--- Gives the captions after dropout.
---@return string[]
function Batch:captions() end

--- Gives the size of the first micro-batch's bucket.
---@return integer width, integer height
function Batch:bucket() end

--- Gives the latents of a micro-batch, [B, C, h, w].
---@param micro? integer   from 1
---@return lorarun.Tensor
function Batch:latents(micro) end

--- Gives the text of a micro-batch.
---@param micro? integer   from 1
---@return lorarun.Text
function Batch:text(micro) end

--- Frees the batch now.
function Batch:free() end
