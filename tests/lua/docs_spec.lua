--- The recipes in docs/*.md run: each is opened and planned.
--
--   ```lua with `return recipe`         a whole recipe
--   ```lua after `-- in a recipe`       settings, put into a small recipe
--   ```plan                             lines that the plan of the recipe above it holds

local plan = require "lorarun.plan"
local plan_text = require "lorarun.plan.text"
local recipe = require "lorarun.recipe"

local system = lorarun.system

local AROUND = [[return recipe {
  steps = 500, model = flux { path = "base" }, network = lora { rank = 4 }, data = { images { dir = "photos" } },
  %s
}]]

--- Gives { language, text } of every block.
local function blocks_of(text)
  local blocks, language, lines = {}, nil, {}
  for line in (text .. "\n"):gmatch("(.-)\n") do
    local fence = line:match("^```(%w*)")
    if fence and language then
      blocks[#blocks + 1] = { language = language, text = table.concat(lines, "\n") }
      language, lines = nil, {}
    elseif fence then
      language = fence
    elseif language then
      lines[#lines + 1] = line
    end
  end
  return blocks
end

local function recipe_in(block)
  if block.language ~= "lua" then return nil end
  if block.text:match("^%-%- in a recipe\n") then return AROUND:format(block.text) end
  return block.text:find("return recipe", 1, true) and block.text or nil
end

local function text_of_plan(source)
  local path = os.tmpname() .. ".lua"
  system.write(path, source)
  local good, opened = pcall(recipe.open, { recipe = path })
  os.remove(path)
  if not good then error(tostring(opened) .. "\n" .. source, 0) end
  plan.dry_run(opened.policy, opened.settings, {}, 0, opened.settings.steps)
  local p = plan.of(opened)
  return plan_text.of(p, { groups = plan.groups(p), width = 80 }), p
end

local function check_page(t, page)
  local last
  for _, block in ipairs(blocks_of(system.read(page))) do
    local source = recipe_in(block)
    if source then
      local p
      last, p = text_of_plan(source)
      t.equal(p.problems, {})
    end
    for line in (block.language == "plan" and block.text .. "\n" or ""):gmatch("(.-)\n") do
      if not last:find(line, 1, true) then error("the plan does not hold '" .. line .. "', but:\n" .. last, 0) end
    end
  end
  return last
end

test("the recipes of docs/policies.md are sound, and their plans are as printed", function(t)
  t.ok(check_page(t, system.share() .. "/docs/policies.md"))
end)

test("the recipes of the other pages are sound", function(t)
  for _, name in ipairs(system.list(system.share() .. "/docs")) do
    if name:match("%.md$") and name ~= "policies.md" then check_page(t, system.share() .. "/docs/" .. name) end
  end
end)

test("the program's own recipes are sound", function(t)
  for _, name in ipairs { "flux_character", "flux_style" } do
    local opened = recipe.open { recipe = name }
    t.equal(plan.of(opened, { steps = 1000 }).problems, {})
  end
end)
