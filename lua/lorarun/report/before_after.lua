--- samples/before_after.png: the prompts of a run before, while and after it trained, on one sheet.

local samples = require "lorarun.report.samples"

local before_after = {}

local MOST_PX, MOST_LETTERS = 256, 44

local function cells_of(found)
  local cells = {}
  for _, row in ipairs(found.rows) do
    for _, step in ipairs(found.steps) do
      cells[#cells + 1] = row.paths[step] and lorarun.image.load(row.paths[step]) or lorarun.tensor.zeros { 3, 16, 16 }
    end
  end
  return cells
end

local function prompts_of(found)
  local labels = {}
  for i, row in ipairs(found.rows) do
    labels[i] = #row.prompt <= MOST_LETTERS and row.prompt or row.prompt:sub(1, MOST_LETTERS - 3) .. "..."
  end
  return labels
end

local function labels_of(steps)
  local labels = {}
  for i, step in ipairs(steps) do labels[i] = "step " .. step end
  return labels
end

--- Draws the sheet of a run folder that has pictures of two steps or more; gives its path, or nothing.
---@param folder string
---@param name string   of the run
---@param last integer
function before_after.draw(folder, name, last)
  local found = samples.of(folder, last)
  if not found or #found.steps < 2 then return nil end
  local path = folder .. "/samples/before_after.png"
  lorarun.scope(function()
    lorarun.image.save(path, lorarun.image.sheet(cells_of(found), #found.steps, { title = name, row_labels = prompts_of(found),
      column_labels = labels_of(found.steps), cell = MOST_PX }))
  end)
  return path
end

return before_after
