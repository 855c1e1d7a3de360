--- Settings that are allowed and hardly meant: asked about, never refused.
--
--   optimizer.lr = 1000            a typing mistake, or a rate of another optimizer
--   batch = 100 of 6 pictures      every batch holds pictures twice
--   prompts without the trigger    the sheets will not show what is learned
--
-- Each is { key, what, why, fix }: a warning of the run, a line of its journal, a row of its plan, as in inert.lua.

local pictures = require "lorarun.plan.pictures"

local questions = {}

local HIGH_LR, HIGH_RANK, HIGH_SIDE_PX = 0.1, 512, 4096

local function ask(list, key, what, fix) list[#list + 1] = { key = key, what = what, why = what, fix = fix } end

local function ask_rates(s, list)
  local optimizer = s.optimizer
  if optimizer.lr > HIGH_LR then
    local what = "optimizer.lr = %g is far above the usual: the weights will be noise after a few steps"
    ask(list, "optimizer.lr", what:format(optimizer.lr), "1e-5 to 1e-3 is usual for a LoRA")
  elseif (optimizer.weight_decay or 0) * optimizer.lr >= 1 then
    ask(list, "optimizer.weight_decay", ("weight_decay = %g takes the weights away in one step"):format(optimizer.weight_decay),
      "0 to 0.1 is usual")
  end
end

local function ask_network(s, list)
  local network = s.network
  if network.alpha == 0 then
    ask(list, "network.alpha", "network.alpha = 0 multiplies the whole change by 0", "alpha = rank, or leave it away")
  end
  if (network.rank or 0) > HIGH_RANK then
    ask(list, "network.rank", ("network.rank = %d makes a very large file"):format(network.rank), "4 to 128 is usual")
  end
end

local function ask_sizes(s, list)
  for i, set in ipairs(s.data) do
    for _, side in ipairs(set.resolution) do
      if side > set.max_size then
        ask(list, ("data[%d].resolution"):format(i),
          ("resolution = %d is above max_size = %d, so no picture gets that large"):format(side, set.max_size),
          "a lower resolution; 512 to 1024 is usual, or raise max_size too")
      end
    end
  end
  local largest = s.render and math.max(tonumber(s.render.size[1]) or 0, tonumber(s.render.size[2] or s.render.size[1]) or 0) or 0
  if largest > HIGH_SIDE_PX then
    ask(list, "render.size", ("render.size: a side of %d px is more than models draw"):format(largest), "{ 1024, 1024 } is usual")
  end
end

local function ask_batch(s, list)
  if s.batch * s.accumulate == 1 then return end
  local count = pictures.of_epoch(s)
  if count and count > 0 and s.batch > count then
    ask(list, "batch", ("batch = %d is more than the %d pictures of an epoch: each batch holds some twice"):format(s.batch, count),
      "a smaller batch, or more pictures")
  end
end

--- Whether a text holds a word as a word: "ann" is not in "planning".
function questions.has_word(text, word)
  local first, last = text:find(word, 1, true)
  while first do
    local before, after = text:sub(first - 1, first - 1), text:sub(last + 1, last + 1)
    if (first == 1 or not before:find("[%w\128-\255]")) and not after:find("[%w\128-\255]") then return true end
    first, last = text:find(word, first + 1, true)
  end
  return false
end

local function triggers_of(s)
  local words = {}
  for _, set in ipairs(s.data) do
    if set.trigger ~= "" and not set.prior then words[#words + 1] = set.trigger end
  end
  return words
end

local function ask_prompts(s, list)
  local words = triggers_of(s)
  if not s.render or #words == 0 then return end
  for _, prompt in ipairs(s.render.prompts) do
    for _, word in ipairs(words) do
      if questions.has_word(tostring(prompt), word) then return end
    end
  end
  ask(list, "render.prompts", ("no prompt names the trigger '%s', so no picture shows what is learned"):format(words[1]),
    ('write "%s" into at least one of them'):format(words[1]))
end

--- Gives what is worth a question in checked settings.
---@param settings table
---@return { key: string, what: string, why: string, fix: string }[]
function questions.of(settings)
  local list = {}
  ask_rates(settings, list)
  ask_network(settings, list)
  ask_sizes(settings, list)
  ask_batch(settings, list)
  ask_prompts(settings, list)
  return list
end

return questions
