--- What the REPL tells about a run: numbers of the steps, tensors of the network, journal, plan, curves, help.
--
-- Everything here reads and computes on copies; nothing touches a random stream or a tensor that trains.

local journal = require "lorarun.journal"
local knobs = require "lorarun.knobs"
local schema = require "lorarun.schema"
local spellings = require "lorarun.spellings"
local tables = require "lorarun.tables"
local terminal_plot = require "lorarun.terminal_plot"

local facts = {}

local system = lorarun.system

local MOST_JOURNAL, MOST_MODULES, MOST_PLANNED = 200, 40, 20000

--- Gives {[module] = { up = tensor, down = tensor }} of the adapters.
local function modules_of(run)
  local modules = {}
  for name, tensor in pairs(run.network:parameters()) do
    local module, part = name:match("^(.+)%.([%w_]+)$")
    if module then
      modules[module] = modules[module] or {}
      modules[module][part] = tensor
    end
  end
  return modules
end

local function norm_of(tensor) return tensor:detach():to("float32"):norm():item() end

local function matching(modules, pattern)
  local names = {}
  for name in pairs(modules) do
    if not pattern or name:find(pattern, 1, true) then names[#names + 1] = name end
  end
  table.sort(names)
  if #names == 0 then
    local close = system.nearest(pattern, facts.module_names(modules))
    error(("no module has '%s' in its name%s"):format(pattern, close and ": did you mean '" .. close .. "'?" or ""), 0)
  end
  return names
end

function facts.module_names(modules)
  local names = tables.sorted_keys(modules)
  return names
end

--- Gives {[module] = { up, down, delta }}: Frobenius norms; delta is the norm of up @ down.
local function norms(run, pattern)
  local modules, all = modules_of(run), {}
  for _, name in ipairs(matching(modules, pattern)) do
    local parts, entry = modules[name], {}
    for part, tensor in pairs(parts) do entry[part] = norm_of(tensor) end
    if parts.up and parts.down then
      local square = 0
      for _, value in ipairs(lorarun.live.singular_values(parts.up, parts.down)) do square = square + value * value end
      entry.delta = math.sqrt(square)
    end
    all[name] = entry
  end
  return all
end

--- Gives {[module] = singular values of up @ down, greatest first}.
local function spectra(run, pattern)
  local modules, all = modules_of(run), {}
  local names = matching(modules, pattern)
  for i = 1, math.min(#names, MOST_MODULES) do
    local parts = modules[names[i]]
    if parts.up and parts.down then all[names[i]] = lorarun.live.singular_values(parts.up, parts.down) end
  end
  return all
end

--- "transformer/transformer_blocks.3.attn.to_q" is of block "transformer_blocks.3".
local function block_of(module) return module:match("([%w_]+%.%d+)") or module end

--- The weights of the last checkpoint, as they were saved.
local function saved_weights(run)
  local path = ("%s/checkpoints/%s-%06d.state/tensors.safetensors"):format(run.folder, run.name, run.saved or 0)
  if not system.exists(path) then error("there is no checkpoint yet to compare with", 0) end
  return lorarun.tensor.load(path)
end

--- Gives { since = step, sizes = {[block] = norm of what changed since the last checkpoint} }.
local function updates(run)
  local squares, sizes = {}, {}
  lorarun.scope(function()
    local saved = saved_weights(run)
    for name, tensor in pairs(run.network:parameters()) do
      local block, before = block_of(name), saved["adapter/" .. name]
      if before then
        local change = tensor:detach():to("cpu"):to("float32") - before
        squares[block] = (squares[block] or 0) + norm_of(change) ^ 2
      end
    end
  end)
  for block, square in pairs(squares) do sizes[block] = math.sqrt(square) end
  return { since = run.saved, sizes = sizes }
end

local function network_facts(run, asked)
  return {
    parameters = run.network:count(),
    modules = run.network:targets(),
    norms = asked(function(pattern) return norms(run, pattern) end),
    spectra = asked(function(pattern) return spectra(run, pattern) end),
    updates = asked(function() return updates(run) end),
  }
end

--- Gives what `run` is at the REPL: the facts that hooks see, the settings, the network.
---@param asked fun(f: function): function   makes a function that may take its time
function facts.run(run, asked)
  local seen = knobs.snapshot(run, math.min(run.step + 1, run.steps), run.knobs)
  seen.step, seen.progress = run.step, run.step / run.steps
  seen.name, seen.folder, seen.device, seen.saved = run.name, system.absolute(run.folder), run.device, run.saved
  seen.status = run.paused and "paused" or "running"
  seen.settings, seen.pictures = run.settings, run.pictures
  seen.network = network_facts(run, asked)
  return seen
end

--- Gives the knobs of the last step; before the first, those of the recipe without its hook.
function facts.knobs(run) return run.knobs or knobs.below(run, run.step + 1) end

--- Gives the last lines of the journal.
function facts.journal(run)
  local texts = {}
  for line in system.read(run.folder .. "/journal.jsonl"):gmatch("[^\n]+") do texts[#texts + 1] = line end
  local lines = {}
  for i = math.max(1, #texts - MOST_JOURNAL + 1), #texts do
    local whole, line = pcall(system.decode, texts[i])
    if whole then lines[#lines + 1] = line end
  end
  return lines
end

--- Says journal lines in words.
function facts.journal_text(lines)
  local texts = {}
  for i, line in ipairs(lines) do
    texts[i] = ("%7d  %-10s %-7s %s"):format(line.step or 0, line.event or "?", line.origin or "", journal.say(line))
  end
  return table.concat(texts, "\n")
end

local function change_text(change)
  local plan = require "lorarun.plan"
  return ("%7d  %-24s %s -> %s%s"):format(change.step, change.key, plan.show(change.old), plan.show(change.new),
    change.last and (" … " .. plan.show(change.last) .. " at " .. change.to) or "")
end

--- Says what the rest of the run will do.
function facts.plan(run)
  if run.step >= run.steps then return "the run is at its last step" end
  if run.steps - run.step > MOST_PLANNED then
    return ("%d steps are left, too many to plan while the run waits: `lorarun plan` does it beside the run")
      :format(run.steps - run.step)
  end
  local made = require("lorarun.plan").of(run, { from = run.step })
  local lines = {}
  for _, change in ipairs(made.changes) do lines[#lines + 1] = change_text(change) end
  for _, event in ipairs(made.events) do
    lines[#lines + 1] = ("%7s  %s: %d times, next at %s"):format("", event.what, event.count, tostring(event.steps[1]))
  end
  return #lines > 0 and table.concat(lines, "\n") or "nothing changes in the rest of the run"
end

--- Draws the loss of all steps so far, smoothed: { width, height, log, smooth = steps }.
function facts.loss_plot(run, options)
  options = options or {}
  local xs, ys, mean = {}, {}, nil
  local gain = 1 / math.max(1, options.smooth or math.max(1, math.floor(run.step / 50)))
  for line in system.read(run.folder .. "/metrics.jsonl"):gmatch("[^\n]+") do
    local loss, step = tonumber(line:match('"loss":([%d%.eE+-]+)')), tonumber(line:match('"step":(%d+)'))
    if loss and step then
      mean = mean and mean + gain * (loss - mean) or loss
      xs[#xs + 1], ys[#ys + 1] = step, mean
    end
  end
  return terminal_plot.draw({ { x = xs, y = ys } }, { width = options.width, height = options.height, log = options.log,
    title = ("loss, mean of about %d steps; step %d of %d"):format(math.floor(1 / gain + 0.5), run.step, run.steps) })
end

local TOPICS = {
  run = "run.step .steps .progress .epoch .loss .mean_loss .grad_norm .settings .network … : facts of the run, read-only",
  state = "state: the policy's own data, as on.step keeps it; read-only",
  knobs = "knobs: what held in the last step: knobs.lr, knobs.timesteps, knobs.transformer, …",
  tweaks = "tweaks: the changes in force that came from tweaks; `:tweak lr=3e-5 --for 500`, `:untweak 1`",
  journal = "journal: its last lines; journal(50), journal[1], #journal",
  plan = "plan(): what changes in the rest of the run",
  loss = "loss { width = 72, height = 12, log = true, smooth = 20 }: the loss so far as a curve",
  network = 'run.network.norms("attn"), .spectra("attn"), .updates(), .modules, .parameters: tensors of the adapters',
  print = "print(…): shows values; a line that is an expression shows its value by itself",
  pairs = "pairs(t), ipairs(t): walk a table, in the order of its keys",
  copy = "copy(t): a table of your own, which may be changed",
  write = ":write allows everything between two steps, with `trainer`, `network`, `model`, `lorarun`; :read goes back",
}

local function setting_text(s)
  return ("%s (%s%s): %s%s"):format(s.name, s.type, s.unit and ", " .. s.unit or "", s.doc,
    s.live and "; may change while training" or "")
end

--- The comment above `function NAME(` in the editor's files.
local function api_text(name)
  local folder = system.share() .. "/lua/meta"
  for _, file in ipairs(system.list(folder)) do
    local about = {}
    for line in (system.read(folder .. "/" .. file) .. "\n"):gmatch("(.-)\n") do
      local said, signature = line:match("^%-%-%-%s?(.*)$"), line:match("^function (.+) end$")
      if said then
        about[#about + 1] = said
      else
        local called = signature and signature:match("^[%w_.:]+")
        if called and (called == name or called:gsub("^lorarun%.", "") == name or called:match("[%w_]+$") == name) then
          return signature .. "\n  " .. table.concat(about, "\n  ")
        end
        about = {}
      end
    end
  end
end

--- Gives the help text of a name: of the REPL, a knob, a setting, or a function of the API.
function facts.help(topic)
  if not topic then
    local names, lines = {}, {}
    for name in pairs(TOPICS) do names[#names + 1] = name end
    table.sort(names)
    for i, name in ipairs(names) do lines[i] = "  " .. TOPICS[name] end
    lines[#lines + 1] = "  :tweak lr=3e-5 --for 500 changes a knob; :tweaks lists, :untweak 1 takes back"
    lines[#lines + 1] = "  :pause :continue :save :render :stop :status :plan :write :read"
    lines[#lines + 1] = "  :quit or Ctrl-D leaves, and the run goes on; :stop ends the run with everything saved"
    lines[#lines + 1] = '  help("lr"), help("timesteps.kind"), help("Trainer:step"): knobs, settings, functions'
    return table.concat(lines, "\n")
  end
  local name = topic:gsub("^:", ""):gsub("%(%)$", "")
  if TOPICS[name] then return TOPICS[name] end
  local setting = schema.find_knob(name) or schema.find(spellings.schema_name(name) or name)
  if setting then return setting_text(setting) end
  local function_text = api_text(name)
  if function_text then return function_text end
  local known = schema.knob_names()
  for known_topic in pairs(TOPICS) do known[#known + 1] = known_topic end
  local close = system.nearest(name, known)
  return ("nothing is known of '%s'%s"):format(topic, close and ": did you mean '" .. close .. "'?" or "")
end

return facts
