--- What is bound, what the editor knows and what the docs say are the same names.

local docs = require "lorarun.docs"
local system = lorarun.system

local function described_names()
  local names, folder = {}, system.share() .. "/lua/meta"
  for _, file in ipairs(system.list(folder)) do
    if file ~= "recipe.lua" then
      for name in system.read(folder .. "/" .. file):gmatch("\nfunction ([%w_.:]+)%(") do
        names[#names + 1] = (name:gsub("^lorarun%.", ""))
      end
    end
  end
  return names
end

local function missing(from, names)
  local known, lost = {}, {}
  for _, name in ipairs(names) do known[name] = true end
  for _, name in ipairs(from) do
    if not known[name] then lost[#lost + 1] = name end
  end
  return table.concat(lost, ", ")
end

test("every bound name is described in lua/meta", function(t)
  t.equal(missing(lorarun.bound_names(), described_names()), "")
end)

test("lua/meta describes nothing that is not bound", function(t)
  t.equal(missing(described_names(), lorarun.bound_names()), "")
end)

test("no name is described twice", function(t)
  local seen = {}
  for _, name in ipairs(described_names()) do
    t.ok(not seen[name], name)
    seen[name] = true
  end
end)

test("docs and editor types are current: lorarun --write-docs changes nothing", function(t)
  for path, text in pairs(docs.all()) do
    local file = system.share() .. "/" .. path
    t.ok(system.exists(file) and system.read(file) == text, path .. " is stale: run `lorarun --write-docs`")
  end
end)
