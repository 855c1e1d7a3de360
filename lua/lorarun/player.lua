--- Puts the recorded changes of a run in force again, each at the step boundary where it came.
--
--   events in force (journal.in_force) --at step s--> tweaks, reloads, resumes with another recipe, checkpoints
--
-- The loop asks run.player at every step boundary instead of listening to people and watching files. What the
-- recipe decides it decides again; the player only sees to it that an answer that was lost then (a policy that
-- crashed) is lost again, and that on a device whose sums vary the recorded answer holds.

local candidate = require "lorarun.candidate"
local journal = require "lorarun.journal"
local recipe = require "lorarun.recipe"
local given = require "lorarun.given"
local tweaks = require "lorarun.tweaks"

local player = {}
player.__index = player

--- Says whether a line of the journal is a hook's answer that was lost.
local function is_lost_answer(event) return event.event == "warn" and event.key == "on.step" end

--- Opens a recorded recipe text: the one in `opening`, from the texts of `folder`.
---@param opening { recipe: string, path: string, given: table? }
---@param more table?   options over it
function player.options(folder, opening, more)
  local options = given.options(opening.given, more)
  options.recipe = options.recipe or opening.path
  options.text = options.text or journal.recipe_text(folder, opening.recipe)
  return options
end

--- Options of train.run that go on with a run from its own folder alone, with the text that was in force last.
---@param more table   of the command line: set, steps, json
function player.own_options(folder, more)
  folder = lorarun.system.absolute(folder):gsub("/+$", "")
  local opening = journal.opening(journal.history(journal.in_force((journal.read(folder)))))
  if not opening then
    lorarun.fail { what = "the journal does not say how this run began", where = folder .. "/journal.jsonl" }
  end
  local options = player.options(folder, opening, { set = more.set, steps = more.steps, seed = more.seed, json = more.json })
  options.name, options.runs = folder:match("([^/]+)$"), folder:match("^(.*)/[^/]+$")
  return options
end

local function attempt_of(self) return self.rolled_back and self.rolled_back - self.rolled_back_before or 0 end

--- Takes the recorded answer of a step, when it was another than the one before it.
local function take_answer(self, step)
  local taken
  while self.answers[1] and (self.answers[1].attempt < attempt_of(self)
      or self.answers[1].attempt == attempt_of(self) and self.answers[1].step <= step) do
    taken = table.remove(self.answers, 1)
  end
  return taken and taken.attempt == attempt_of(self) and taken.text or nil
end

--- The policy as it answered then.
local function recorded_policy(self, run, policy)
  local function decide(_, hook, state, snapshot)
    local lost = self.lost[attempt_of(self) .. " " .. snapshot.step]
    if lost then error(lost, 0) end
    local answer, changed = policy:decide(hook, state, snapshot)
    if not self.feeds_answers then return answer, changed end
    local text = take_answer(self, snapshot.step) or run.last_answer
    return text and lorarun.system.decode(text) or answer, changed
  end
  return setmetatable({ decide = decide }, { __index = function(_, name)
    return function(_, ...) return policy[name](policy, ...) end
  end })
end

--- A player of events after the run's opening.
---@param events table[]   in force, in their order
---@param options { folder: string, to: integer, feeds_answers: boolean?, open_records: fun(run: table): table }
function player.new(events, options)
  local self = setmetatable({ events = {}, next = 1, lost = {}, answers = {}, folder = options.folder, to = options.to,
    feeds_answers = options.feeds_answers, open_records = options.open_records }, player)
  local attempt = 0
  for _, event in ipairs(events) do
    local is_rollback = event.event == "rollback"
    attempt = attempt + (is_rollback and 1 or 0)
    if player.ACTS[event.event] or is_rollback then table.insert(self.events, event) end
    if is_lost_answer(event) then self.lost[attempt .. " " .. event.step] = event.what end
    if event.event == "decision" and event.key == "on.step" then
      table.insert(self.answers, { step = event.step, text = event.new, attempt = attempt })
    end
  end
  return self
end

--- Lets the run's recipe answer as it did when it was recorded.
function player:take_policy(run) run.recipe.policy = recorded_policy(self, run, run.recipe.policy) end

--- Puts another recipe in the place of the run's; `state` is brought into its shape, as a reload does.
function player:switch(run, opening, steps)
  local opened = recipe.open(player.options(self.folder, opening, { name = run.name }))
  opened.settings.render = run.settings.render and opened.settings.render
  run.state = candidate.state(opened, run.state, run.settings.version)
  run.recipe, run.settings = opened, opened.settings
  run.steps = steps or opened.settings.steps or run.steps
  self.opening = opening
  self:take_policy(run)
end

local function switch_when_changed(self, run, event)
  self:switch(run, event, event.steps)
end

--- A reload; one that takes another back finds the state that stood before it.
local function play_reload(self, run, event)
  local now, before = self.opening, self.before_reload
  self.before_reload = { state = run.state, answer = run.answer }
  if event.origin == "rollback" and before then run.state, run.settings.version = before.state, nil end
  self:switch(run, { recipe = event.new, path = event.path or now.path, given = now.given }, event.steps)
  if event.origin == "rollback" and before then run.answer = before.answer end
  run.records:event(run.step, "reload", event)
end

--- What each kind of event does at its boundary.
player.ACTS = {
  tweak = function(_, run, event)
    local tweak = tweaks.add(run, { key = event.key, value = event.new, from = event.from, to = event.to }, event.origin)
    tweak.id, run.last_tweak = event.id, event.id
  end,
  untweak = function(_, run, event) tweaks.remove(run, event.id, event.origin) end,
  reload = play_reload,
  resume = switch_when_changed,
  fork = switch_when_changed,
  checkpoint = function(_, run)
    if run.saved ~= run.step then require("lorarun.loop").save(run) end
  end,
}

--- Leaves behind what the run has gone back over: a rollback is the recipe's own decision, made again.
local function pass_rollbacks(self, run)
  local done = #(run.rollbacks or {})
  if not self.rolled_back then self.rolled_back, self.rolled_back_before = done, done end
  while self.rolled_back < done do
    self.rolled_back = self.rolled_back + 1
    while self.events[self.next] and self.events[self.next].event ~= "rollback" do self.next = self.next + 1 end
    self.next = self.next + 1
  end
end

--- What a child takes over of its parent's later life.
local FOLLOWED = { tweak = true, untweak = true, reload = true, resume = true }

--- Lets a run take over, at their steps, the changes that another run got after the step where this one stands.
---@param events table[]   in force in the other run; texts are in the run's own folder
function player.follow(run, events, opening)
  local self = player.new({}, { folder = run.folder, to = run.steps })
  for _, event in ipairs(events) do
    if FOLLOWED[event.event] and event.step >= run.step then table.insert(self.events, event) end
    if is_lost_answer(event) then self.lost[event.step] = event.what end
  end
  self.opening = opening
  if next(self.lost) then self:take_policy(run) end
  if #self.events > 0 then run.follows = self end
end

--- Goes on following after a resume, when the run's own journal says that it follows.
function player.follow_again(run)
  local first = journal.read(run.folder)[1]
  if not first or not first.follows then return end
  player.follow(run, first.follows, { recipe = first.recipe, path = first.path, given = first.given })
end

--- Plays what came at the boundary where a following run stands.
function player:hear(run)
  while self.events[self.next] and self.events[self.next].step <= run.step do
    local event = self.events[self.next]
    self.next = self.next + 1
    player.ACTS[event.event](self, run, event)
  end
  if not self.events[self.next] then run.follows = nil end
end

--- Plays what came at the boundary where the run stands, as far as the place where it will go back itself; false
--- when the run is where it should be.
function player:boundary(run)
  pass_rollbacks(self, run)
  while self.events[self.next] and self.events[self.next].step <= run.step do
    local event = self.events[self.next]
    if event.event == "rollback" and not self.feeds_answers then break end
    self.next = self.next + 1
    if player.ACTS[event.event] then player.ACTS[event.event](self, run, event) end
  end
  return run.step < self.to and not self.is_over
end

--- The wish to go back that holds: the run's own, or the recorded one where the recorded decisions hold.
function player:rollback(run, wish)
  if not self.feeds_answers then return wish end
  for i = self.next, #self.events do
    local event = self.events[i]
    if event.event == "rollback" then
      return event.step == run.step and { policy = event.key, step = event.to, why = event.why } or nil
    end
  end
end

--- The records of a run that has gone back.
function player:records(run) return self.open_records(run) end

--- True when a later rollback takes this step back.
function player:will_undo(step)
  for i = self.next, #self.events do
    local event = self.events[i]
    if event.event == "rollback" and event.to < step then return true end
  end
  return false
end

return player
