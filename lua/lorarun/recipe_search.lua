--- Where a recipe is: `lorarun flux_character` finds recipes/flux_character.lua of the program.
--
--   a path             as it is; a folder stands for its recipe.lua
--   a bare word        NAME.lua or NAME/recipe.lua in the folders of LORARUN_RECIPES (":" between them), then in
--                      the program's own recipes/

local recipe_search = {}

local system = lorarun.system

local function folders()
  local list = {}
  for folder in (os.getenv "LORARUN_RECIPES" or ""):gmatch("[^:]+") do list[#list + 1] = folder end
  list[#list + 1] = system.share() .. "/recipes"
  return list
end

local function recipe_in(folder)
  local path = folder .. "/recipe.lua"
  return system.exists(path) and path or nil
end

local function find_shared(word)
  for _, folder in ipairs(folders()) do
    local path = folder .. "/" .. word
    if system.exists(path .. ".lua") then return path .. ".lua" end
    if system.is_folder(path) and recipe_in(path) then return recipe_in(path) end
  end
end

--- Gives the names of the recipes that a bare word can mean.
---@return string[]
function recipe_search.names()
  local names = {}
  for _, folder in ipairs(folders()) do
    for _, entry in ipairs(system.is_folder(folder) and system.list(folder) or {}) do
      local stem = entry:match("^(.+)%.lua$") or (recipe_in(folder .. "/" .. entry) and entry)
      names[#names + 1] = stem
    end
  end
  return names
end

--- Gives the path that a word of the command line means; the word itself when nothing is found.
---@param word string
---@return string
function recipe_search.find(word)
  if system.is_folder(word) then return recipe_in(word) or word end
  if system.exists(word) or not word:match("^[%w_%-]+$") then return word end
  return find_shared(word) or word
end

--- Says with exit code 0 whether a word means a recipe.
---@param request { word: string }
---@return integer
function recipe_search.check(request)
  return system.exists(recipe_search.find(request.word)) and 0 or 1
end

return recipe_search
