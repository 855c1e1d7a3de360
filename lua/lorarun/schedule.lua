--- Schedules: a factor of the learning rate out of the progress of a span.
--
--   factor(progress)    progress in [0, 1]: 0 at the first step, 1 just after the last
--   span                the run, a phase, or a part of a chain
--
-- lua/lorarun/schedule/NAME.lua is `NAME { … }`: it gives new(options, build) and a table of its options; `items`
-- says what stands in it without a name.
-- Every schedule also takes, beside its own options,
--
--   warmup   part of the span in which the factor rises from 0; the law follows over what is left
--   scale    factor on all of it
--   part     inside chain { … }: its share of the span
--   lr       in a phase: the rate that the factor applies to
--
-- This file runs in the sandbox of recipes too, so it uses nothing of the program before `schedule.names`.

local schedule = {}

--- Options of every schedule; a law of the same name in its own table goes first.
schedule.common = {
  warmup = { type = "number", min = 0, max = 1, unit = "fraction", default = 0,
    doc = "part of the span in which the rate rises from 0" },
  scale = { type = "number", min = 0, default = 1, doc = "factor on the whole schedule" },
  part = { type = "number", min = 0, max = 1, unit = "fraction", doc = "inside chain: share of the span" },
  lr = { type = "number", min = 0, doc = "in a phase: the rate that the schedule starts from" },
}

local function with_defaults(law, spec)
  local options = {}
  for name, option in next, schedule.common do options[name] = option.default end
  for name, option in next, law.options do options[name] = option.default end
  options.items = {}
  for name, value in next, spec do
    if type(name) == "number" then options.items[name] = value else options[name] = value end
  end
  return options
end

local function warmed(factor, warmup)
  return function(progress)
    if progress < warmup then return progress / warmup * factor(0) end
    if warmup >= 1 then return factor(0) end
    return factor((progress - warmup) / (1 - warmup))
  end
end

local function scaled(factor, scale)
  return function(progress) return scale * factor(progress) end
end

--- Gives build(spec), which makes { kind = "cosine", floor = 0.1 } a function of the progress.
---@param laws table<string, table>   modules by name
function schedule.builder(laws)
  local function build(spec)
    if type(spec) == "function" then return spec end
    if type(spec) ~= "table" or not laws[spec.kind] then error("a schedule is expected: cosine { … }", 2) end
    local law = laws[spec.kind]
    local options = with_defaults(law, spec)
    local factor = law.new(options, build)
    if options.warmup > 0 and not law.warms_up then factor = warmed(factor, options.warmup) end
    if options.scale ~= 1 then factor = scaled(factor, options.scale) end
    return factor
  end
  return build
end

--- Gives the table that recipes know as `schedule`: schedule.cosine.new { … }, schedule.new(cosine { … }).
function schedule.library(laws)
  local build = schedule.builder(laws)
  local library = { new = build }
  for name in next, laws do
    library[name] = {
      new = function(options)
        local spec = {}
        for key, value in next, options or {} do spec[key] = value end
        spec.kind = name
        return build(spec)
      end,
    }
  end
  return library
end

local function folder() return lorarun.system.share() .. "/lua/lorarun/schedule" end

--- Gives the names of all laws: the files of the folder.
function schedule.names()
  local names = {}
  for _, file in ipairs(lorarun.system.list(folder())) do names[#names + 1] = file:match("^([%w_]+)%.lua$") end
  return names
end

--- Gives the module of a law.
function schedule.law(name) return require("lorarun.schedule." .. name) end

local function named_rows(options)
  local rows = {}
  for name, option in pairs(options) do
    local row = { name = name }
    for key, value in pairs(option) do row[key] = value end
    rows[#rows + 1] = row
  end
  table.sort(rows, function(a, b) return tostring(a.name) < tostring(b.name) end)
  return rows
end

--- Gives the options of a law as rows with name, type, default, doc; without a law those of all.
---@param name string?
---@return { name: string, type: string, default: any, doc: string }[]
function schedule.options(name) return named_rows(name and schedule.law(name).options or schedule.common) end

--- Gives the texts that the sandbox loads: this file as "schedule", the laws by their names.
function schedule.texts()
  local texts = { schedule = lorarun.system.read(lorarun.system.share() .. "/lua/lorarun/schedule.lua") }
  for _, name in ipairs(schedule.names()) do texts[name] = lorarun.system.read(folder() .. "/" .. name .. ".lua") end
  return texts
end

local built, build_one -- functions by spec, and what builds them

--- Gives the function of a spec; the same table is built once.
---@param spec table                       { kind = "cosine", … }
---@return fun(progress: number): number
function schedule.new(spec)
  if not build_one then
    built = setmetatable({}, { __mode = "k" })
    build_one = schedule.builder(setmetatable({}, { __index = function(_, name) return schedule.law(name) end }))
  end
  built[spec] = built[spec] or build_one(spec)
  return built[spec]
end

return schedule
