--- The pictures that a run drew, as a table: a row a prompt, a column a step.
--
-- Rows are known by the prompt that each picture carries (png_text.lua), so prompts that a reload changed never stand
-- under a wrong name.

local png_text = require "lorarun.report.png_text"

local samples = {}

local system = lorarun.system

local MOST_COLUMNS = 5

local function steps_of(folder, last)
  local steps = {}
  for _, name in ipairs(system.list(folder)) do
    local step = tonumber(name:match("^(%d+)$"))
    if step and step <= last then steps[#steps + 1] = step end
  end
  table.sort(steps)
  return steps
end

--- Gives at most `most` of the list: first, last, and evenly between.
local function spread(list, most)
  if #list <= most then return list end
  local chosen = {}
  for i = 1, most do chosen[i] = list[math.floor((i - 1) * (#list - 1) / (most - 1) + 1.5)] end
  return chosen
end

--- Pictures of a step by their prompts: { { key, prompt, path }, … }; the same prompt twice is two keys.
local function pictures_of(folder, step)
  local found, counts = {}, {}
  local own = ("%s/%06d"):format(folder, step)
  for _, name in ipairs(system.list(own)) do
    if name:match("^%d+%.png$") then
      local path = own .. "/" .. name
      local prompt = png_text.prompt_of(path) or name
      counts[prompt] = (counts[prompt] or 0) + 1
      found[#found + 1] = { key = counts[prompt] .. " " .. prompt, prompt = prompt, path = path }
    end
  end
  return found
end

--- Gives { steps = {0, …}, drawn = number of all steps drawn, rows = { { prompt, paths = {[step] = path} }, … } }, or nothing.
--- The rows are those of the last step.
---@param run_folder string
---@param last integer         later steps were given up
---@param most_columns? integer
function samples.of(run_folder, last, most_columns)
  local folder = run_folder .. "/samples"
  if not system.is_folder(folder) then return nil end
  local all = steps_of(folder, last)
  if #all == 0 then return nil end
  local found = { steps = spread(all, most_columns or MOST_COLUMNS), drawn = #all, rows = {} }
  local by_key = {}
  for _, one in ipairs(pictures_of(folder, all[#all])) do
    local row = { prompt = one.prompt, paths = {} }
    found.rows[#found.rows + 1], by_key[one.key] = row, row
  end
  for _, step in ipairs(found.steps) do
    for _, one in ipairs(pictures_of(folder, step)) do
      if by_key[one.key] then by_key[one.key].paths[step] = one.path end
    end
  end
  return #found.rows > 0 and found or nil
end

samples.spread = spread

return samples
