--- `lorarun replay RUN`: trains a run again from recipe, journal and seed, and compares it with what was recorded.
--
--   recipe texts + events in force + seed --loop--> steps, decisions, checkpoints --against--> runs/RUN
--
-- The run is made again in a temporary folder by the same loop; a watcher stands between the loop and its
-- records and compares each line on its way. On a CPU everything is equal to the bit. On a GPU sums vary from run
-- to run: there the recorded decisions hold, and losses must lie within a band.

local journal = require "lorarun.journal"
local loop = require "lorarun.loop"
local player = require "lorarun.player"
local progress = require "lorarun.progress"
local records = require "lorarun.records"
local run_folder = require "lorarun.run_folder"
local tables = require "lorarun.tables"
local train = require "lorarun.train"

local replay = {}

local system = lorarun.system

local BAND = 0.05 -- of the loss, on devices whose sums vary

local NOT_COMPARED = { seconds = true, images_per_second = true, attempt = true }
local VARIES_ON_A_GPU = { loss = true, grad_norm = true }

local function is_near(a, b, band)
  if type(a) ~= "number" or type(b) ~= "number" then return a == b end
  return math.abs(a - b) <= band * math.max(math.abs(a), math.abs(b))
end

--- As it stands in a file: what is not finite is lost there.
local function as_written(line) return system.decode(system.encode(line)) end

--- Gives the first key whose value differs between two lines of metrics, or nothing.
function replay.difference(recorded, line, band)
  for _, key in ipairs(tables.sorted_keys(recorded)) do
    local tolerant = band and (VARIES_ON_A_GPU[key] or key:find("loss", 1, true) or key:find("norm", 1, true))
    local equal = NOT_COMPARED[key] or tables.same(recorded[key], line[key])
    if not equal and tolerant then equal = type(recorded[key]) ~= "number" or is_near(recorded[key], line[key], band) end
    if not equal then return key end
  end
end

--- Stands between the loop and its records.
local watcher = {}
watcher.__index = function(self, name)
  return watcher[name] or function(_, ...) return self.files[name](self.files, ...) end
end

local function note(self, difference)
  if self.report.first_difference then return end
  self.report.first_difference = difference
  self.player.is_over = true
end

--- Decisions that were recorded for a step and did not come again.
local function note_lost_decisions(self, step)
  local missing = next(self.decisions[step] or {})
  if missing then
    note(self, { step = step, key = "decision of " .. missing, recorded = self.decisions[step][missing] })
  end
end

function watcher:metrics(line)
  self.files:metrics(line)
  local recorded, report = self.recorded[line.step], self.report
  if not recorded or self.player:will_undo(line.step) then return end
  report.compared = report.compared + 1
  local written = as_written(line)
  local key = replay.difference(recorded, written, report.band)
  if key then return note(self, { step = line.step, key = key, recorded = recorded[key], replayed = written[key] }) end
  note_lost_decisions(self, line.step - 1) -- ready policies decide after their step's line
  if not report.first_difference then report.equal = report.equal + 1 end
end

local function check_decision(self, line)
  if self.report.band and line.key ~= "on.step" then return end -- its text holds measured numbers
  local expected = (self.decisions[line.step] or {})[line.key]
  if expected ~= line.new then
    return note(self, { step = line.step, key = "decision of " .. line.key, recorded = expected, replayed = line.new })
  end
  self.decisions[line.step][line.key] = nil
  self.report.decisions = self.report.decisions + 1
end

local PARTS = { ".safetensors", ".raw.safetensors", ".state/tensors.safetensors" }

--- Compares the bytes of a checkpoint with the recorded one, when both are still there.
local function check_bytes(self, step)
  local stem = ("/checkpoints/%s-%06d"):format(self.name, step)
  local then_, now = self.recorded_folder .. stem, self.folder .. stem
  if not self.recorded_checkpoints[step] or not system.exists(then_ .. PARTS[1]) then return end
  self.report.checkpoints = self.report.checkpoints + 1
  for _, part in ipairs(PARTS) do
    local exists = system.exists(then_ .. part)
    if exists ~= system.exists(now .. part) or exists and system.sha256_file(then_ .. part) ~= system.sha256_file(now .. part) then
      return note(self, { step = step, key = "bytes of " .. then_:match("[^/]+$") .. part, recorded = "other bytes" })
    end
  end
  self.report.equal_checkpoints = self.report.equal_checkpoints + 1
end

--- Compares what an evaluation measured.
local function check_evaluation(self, line)
  local recorded, found = self.evaluations[line.step], journal.metrics_of(as_written(line))
  for _, key in ipairs(tables.sorted_keys(recorded or {})) do
    if recorded[key] ~= found[key] then
      return note(self, { step = line.step, key = key, recorded = recorded[key], replayed = found[key] })
    end
  end
  self.report.evaluations = self.report.evaluations + (recorded and 1 or 0)
end

function watcher:journal(line)
  self.files:journal(line)
  if line.event == "evaluate" and not self.report.band and not self.player:will_undo(line.step) then
    check_evaluation(self, line)
  end
  if line.event == "decision" and not self.player:will_undo(line.step) then check_decision(self, line) end
  if line.event == "checkpoint" and not self.report.band and not self.player:will_undo(line.step) then
    check_bytes(self, line.step)
  end
end

local function decisions_of(events, band)
  local by_step = {}
  for _, event in ipairs(events) do
    if event.event == "decision" and not (band and event.key ~= "on.step") then
      by_step[event.step] = by_step[event.step] or {}
      by_step[event.step][event.key] = event.new
    elseif event.event == "rollback" then
      for step in pairs(by_step) do by_step[step] = step <= event.to and by_step[step] or nil end
    end
  end
  return by_step
end

local function steps_of(events, kind, after)
  local steps = {}
  for _, event in ipairs(journal.of_kind(events, kind)) do
    if event.step > after then steps[event.step] = true end
  end
  return steps
end

--- Puts a watcher before the records of a run, also before those that it opens when it goes back.
local function watch(run, source, report)
  local shared = { report = report, player = run.player, name = run.name, folder = run.folder, recorded = source.metrics,
    recorded_folder = source.folder, decisions = decisions_of(source.events, report.band),
    evaluations = journal.evaluations(source.events),
    recorded_checkpoints = steps_of(source.events, "checkpoint", source.first_step) }
  local function opened(step, attempt)
    local fresh, eye = records.open(run.folder, step, attempt), {}
    for key, value in pairs(shared) do eye[key] = value end
    eye.files = fresh.files
    fresh.files = setmetatable(eye, watcher)
    return fresh
  end
  run.player.open_records = function() return opened(run.step, #run.rollbacks + 1) end
  run.records = opened(0, 1)
end

--- The metrics of a fork's parents up to where it left them, when they are still there.
local function add_parents_metrics(metrics, events)
  local first = events[1]
  if first.event ~= "fork" or not first.parent_folder or not system.exists(first.parent_folder .. "/metrics.jsonl") then return end
  for step, line in pairs((journal.metrics(first.parent_folder))) do
    if step <= first.step then metrics[step] = metrics[step] or line end
  end
end

--- What a run folder recorded: { folder, events from step 0 on, metrics, last, first_step, name }.
function replay.source(folder)
  local events, torn = journal.read(folder)
  local metrics, last, torn_metrics = journal.metrics(folder)
  journal.tell_torn(folder, torn + torn_metrics)
  events = journal.in_force(events)
  local opening = events[1]
  if not opening or not journal.opening(events) then
    lorarun.fail { what = "the journal does not say how this run began", where = folder .. "/journal.jsonl" }
  end
  if last == 0 and opening.event ~= "fork" then
    lorarun.fail { what = "the run has no step yet", where = folder .. "/metrics.jsonl", fix = "train it first" }
  end
  add_parents_metrics(metrics, events)
  return { folder = folder, name = run_folder.manifest(folder).name, metrics = metrics, last = math.max(last, opening.step),
    events = journal.history(events), first_step = opening.step }
end

--- Refuses when the pictures are others than when the run was recorded.
function replay.check_data(run, source)
  local recorded = source.events[1].data_hash or run_folder.manifest(source.folder).data.hash
  if recorded == run.data_hash then return end
  lorarun.fail { what = "pictures or captions changed since the run was recorded", where = source.folder,
    fix = "put them back: the same batches cannot be made without them" }
end

--- Opens a run from its recorded beginning, in another folder.
---@param source table   of replay.source
---@param runs string    where the folder goes
---@param to integer     the last step
---@param band number?   losses within it are equal, and the recorded decisions hold, as on a GPU
function replay.open(source, runs, to, band)
  local opening = journal.opening({ source.events[1] })
  local run = train.new(player.options(source.folder, opening, { name = source.name, runs = runs }))
  run.cache_folder = source.folder:match("^(.*)/[^/]+$") .. "/.cache"
  run.settings.render = nil
  train.open_data(run)
  replay.check_data(run, source)
  train.open_loader(run)
  train.open_trainer(run)
  local later = { unpack(source.events, 2) }
  run.player = player.new(later, { folder = source.folder, to = to, feeds_answers = band ~= nil or run.device ~= "cpu" })
  run.player.opening = opening
  run.player:take_policy(run)
  return run
end

local function last_step(source, to)
  if not to then return source.last end
  if to >= 1 and to <= source.last then return to end
  lorarun.fail { what = ("step %d of a run that stands at step %d"):format(to, source.last), where = "--to",
    fix = "give a step from 1 to " .. source.last }
end

local function train_again(run, source, report)
  system.make_folder(run.folder .. "/checkpoints")
  run.progress = progress.new(0, run.player.to)
  watch(run, source, report)
  run.records:event(0, "start", { recipe = run.recipe.hash, steps = run.steps })
  if run.settings.evaluate then loop.evaluate(run) end
  run.progress:start()
  return loop.run(run)
end

--- Lines typed in a writing REPL change tensors past every record: a replay cannot have them.
local function count_written(events, to)
  local count = 0
  for _, event in ipairs(journal.of_kind(events, "write")) do
    if event.step < to and event.what ~= "allowed for a session" then count = count + 1 end
  end
  return count
end

--- Trains a recorded run again.
---@param folder string    of the run
---@param options { to: integer?, keep: string?, band: number? }
---@return table report    { run, steps, compared, equal, decisions, checkpoints, equal_checkpoints, band, first_difference }
function replay.run(folder, options)
  local source = replay.source(system.absolute(folder))
  local to = last_step(source, options.to)
  local runs = options.keep or system.temporary_folder()
  local report = { run = source.name, steps = to, compared = 0, equal = 0, decisions = 0, evaluations = 0, checkpoints = 0,
    equal_checkpoints = 0, written_lines = count_written(source.events, to) }
  local done, problem = pcall(function()
    local run = replay.open(source, runs, to, options.band)
    report.device = run.device
    report.band = options.band or (run.device ~= "cpu" and BAND or nil)
    report.exit_code = train_again(run, source, report)
    report.reached = run.step
  end)
  if not options.keep then system.remove(runs) end
  if not done then error(problem, 0) end
  return report
end

return replay
