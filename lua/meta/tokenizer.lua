---@meta lorarun.tokenizer

--- Vocabularies: made from sentences, read from a pipeline folder, and the ids that they give.
lorarun.tokenizer = {}

--- Makes a CLIP vocabulary (byte-pair encoding) out of sentences: vocab.json, merges.txt, tokenizer_config.json and
--- special_tokens_map.json in `folder`; gives its size, `size` or less.
---@param sentences string[]
---@param size integer
---@param folder string
---@return integer
function lorarun.tokenizer.train_clip(sentences, size, folder) end

--- Makes a T5 vocabulary (SentencePiece's unigram model) out of sentences: spiece.model and tokenizer_config.json in `folder`;
--- gives its size, `size` or less.  With fold_case, "A Fox" is read as "a fox".
---@param sentences string[]
---@param size integer
---@param folder string
---@param opts? { max_length: integer, fold_case: boolean }
---@return integer
function lorarun.tokenizer.train_t5(sentences, size, folder, opts) end

--- Opens a folder with CLIP's vocab.json and merges.txt.
---@param folder string
---@return lorarun.Tokenizer
function lorarun.tokenizer.open_clip(folder) end

--- Opens a folder with T5's spiece.model.
---@param folder string
---@return lorarun.Tokenizer
function lorarun.tokenizer.open_t5(folder) end

--- Text to ids and back.
---@class lorarun.Tokenizer
local Tokenizer = {}

--- Gives the ids of a text with the special tokens around it, neither padded nor cut.
---@param text string
---@return integer[]
function Tokenizer:encode(text) end

--- Gives the text of ids, without the special tokens.
---@param ids integer[]
---@return string
function Tokenizer:decode(ids) end

--- Gives the size of the vocabulary: ids are below it.
---@return integer
function Tokenizer:size() end

--- Frees the vocabulary now.
function Tokenizer:free() end
