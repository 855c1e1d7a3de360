--- A running run answers: `status`, `tweak`, `pause`, `stop`, `attach`, … from other terminals.
--
--   live.open(run)            before the first step: opens the socket, or says why there is none
--   live.drain(run)           at each step boundary: answers what waits; gives nothing, or
--                             { exit_code, status, fields } when the run shall stop here
--   live.close(run, status)   after the last step: says farewell
--
-- Requests come to a thread and wait there (runtime/live/server.h); they are answered here and only here, between two
-- steps. What only reads leaves no trace; what changes the run is a line of the journal with origin "repl" or "tweak".
-- While paused the run waits for requests and signals and computes nothing.

local repl = require "lorarun.repl"
local start = require "lorarun.start"
local tables = require "lorarun.tables"
local tweaks = require "lorarun.tweaks"

local live = {}

local system = lorarun.system

local PAUSED_WAIT_S, READING_S = 0.1, 0.1 -- how often a paused run looks for signals; time for requests at a boundary
local ANSWER_S = 600

--- Gives what `status` shows.
function live.snapshot(run)
  local knobs, last = run.knobs or {}, run.last or {}
  local seconds = run.progress:seconds_per_step()
  return {
    name = run.name, folder = system.absolute(run.folder), status = run.paused and "paused" or "running",
    step = run.step, steps = run.steps, progress = run.step / run.steps, epoch = run.epoch, seed = run.settings.seed,
    loss = run.loss or last.loss, mean_loss = run.mean_loss or last.mean_loss, lr = knobs.lr, device = run.device,
    card = run.card, model = start.model_of(run.settings),
    tweaks = #(run.tweaks or {}), saved = run.saved, started = run.live.started,
    seconds_per_step = seconds, seconds_left = seconds and seconds * (run.steps - run.step) or nil,
  }
end

--- Opens the socket. A run that cannot have one trains all the same.
function live.open(run)
  run.live = { started = system.now(), sessions = {} }
  local opened, server = pcall(lorarun.live.serve, run.folder)
  if not opened then
    run.progress:say("warning: " .. tostring(server) .. "\n  the run goes on; it cannot be reached from other terminals")
    return
  end
  run.live.server = server
  server:snapshot(live.snapshot(run))
end

--- Says farewell to all clients and closes the socket.
---@param status string?   how the run ended: complete, stopped, interrupted, failed
function live.close(run, status)
  if not run.live or not run.live.server then return end
  run.live.server:close { status = status or "ended", step = run.step }
  run.live.server = nil
end

local ops = {}

local function origin_of(request) return request.origin == "repl" and "repl" or "tweak" end

local function tell(run, text) run.progress:say(text) end

local function check_steps(request, name)
  local value = request[name]
  if value == nil or (type(value) == "number" and value >= 1 and value == math.floor(value)) then return end
  lorarun.fail { what = name .. " is " .. tostring(value) .. "; it counts whole steps from 1", where = "the tweak" }
end

--- Sets knobs above what the recipe decides; all of them, or none when one is wrong.
function ops.tweak(run, request)
  if type(request.wishes) ~= "table" or #request.wishes == 0 then
    lorarun.fail { what = "the tweak changes nothing", where = "the request", fix = 'wishes = [{"key": "lr", "value": 3e-5}]' }
  end
  check_steps(request, "from")
  check_steps(request, "for_steps")
  for _, wish in ipairs(request.wishes) do
    if type(wish.key) ~= "string" or wish.value == nil then
      lorarun.fail { what = "a tweak needs a key and a finite value", where = "the request" }
    end
    tweaks.knobs(wish)
  end
  local added = {}
  for _, wish in ipairs(request.wishes) do
    local tweak = tweaks.add(run, { key = wish.key, value = wish.value, from = request.from, for_steps = request.for_steps },
      origin_of(request))
    added[#added + 1] = tweak
    tell(run, "tweak " .. live.tweak_text(tweak))
  end
  return { tweaks = added, step = run.step }
end

function ops.tweaks(run) return { tweaks = run.tweaks or {}, step = run.step } end

function ops.untweak(run, request)
  local removed = tweaks.remove(run, request.tweak, origin_of(request))
  tell(run, ("tweak %d is taken back: %s"):format(removed.id, removed.key))
  return { tweak = removed, step = run.step }
end

function ops.pause(run, request)
  if not run.paused then
    run.paused = system.seconds()
    run.records:event(run.step, "pause", { origin = origin_of(request) })
    tell(run, ("paused at step %d; `lorarun resume %s` goes on"):format(run.step, run.name))
  end
  return { step = run.step, status = "paused" }
end

--- The clock of the estimate does not run while the run is paused.
local function end_pause(run)
  local paused_s = system.seconds() - run.paused
  run.paused = nil
  if run.progress.started then run.progress.started = run.progress.started + paused_s end
end

ops["continue"] = function(run, request)
  if run.paused then
    end_pause(run)
    run.records:event(run.step, "continue", { origin = origin_of(request) })
    tell(run, ("goes on at step %d"):format(run.step))
  end
  return { step = run.step, status = "running" }
end

function ops.stop(run, request)
  run.live.stop = { exit_code = 0, status = "stopped", fields = { origin = origin_of(request), what = "stopped" } }
  return { step = run.step, status = "stopped" }
end

function ops.save(run)
  require("lorarun.loop").save(run)
  return { step = run.step, path = ("%s/checkpoints/%s-%06d.safetensors"):format(run.folder, run.name, run.step) }
end

function ops.render(run)
  if not run.settings.render then
    lorarun.fail { what = "the recipe renders no pictures", where = run.recipe.path,
      fix = 'add render = { prompts = { "a photo of …" } }' }
  end
  require("lorarun.render").draw(run, run.step)
  return { step = run.step, folder = ("%s/samples/%06d"):format(run.folder, run.step) }
end

--- Takes the recipe's file, or a text, into force at this boundary.
function ops.reload(run, request)
  local outcome = require("lorarun.reload").now(run, request.text, "edit")
  if not outcome.accepted then
    lorarun.fail { what = outcome.what, where = outcome.where or run.recipe.path, fix = outcome.fix }
  end
  return { step = run.step, text = outcome.text }
end

function ops.eval(run, request) return repl.evaluate(run, request, live.perform) end

function ops.complete(run, request) return repl.complete(run, request) end

--- Performs one request; raises an error that says what, where and how to fix.
function live.perform(run, request)
  local op = ops[request.op]
  if op then return op(run, request) or {} end
  local names = tables.sorted_keys(ops)
  lorarun.fail { what = "there is no request '" .. request.op .. "'", where = "the live socket of " .. run.name,
    fix = "requests: status, " .. table.concat(names, ", ") }
end

local function error_of(problem)
  if type(problem) ~= "table" then return { what = tostring(problem) } end
  return { what = problem.what or tostring(problem), where = problem.where, fix = problem.fix }
end

local function answer(run, request)
  local done, result = pcall(live.perform, run, request)
  local reply = done and result or { ok = false, error = error_of(result) }
  local sent, problem = pcall(run.live.server.reply, run.live.server, request, reply)
  if not sent then run.live.server:reply(request, { ok = false, error = error_of(problem) }) end
end

--- Answers what waits, for `seconds` at most.
local function answer_waiting(run, seconds)
  local server, until_s = run.live.server, system.seconds() + seconds
  repeat
    local request = server:take()
    if not request then return end
    answer(run, request)
  until run.live.stop or system.seconds() > until_s
end

local function wait_while_paused(run)
  local server = run.live.server
  server:snapshot(live.snapshot(run))
  while run.paused and not run.live.stop do
    local signal, exit_code = system.signal()
    if signal then
      end_pause(run)
      return { exit_code = exit_code, status = "interrupted", fields = { origin = "signal", what = signal } }
    end
    if server:wait(PAUSED_WAIT_S) then answer_waiting(run, READING_S) end
  end
end

--- Answers what waits at a step boundary; here the run pauses.
---@return table? wish   { exit_code, status, fields of the journal's stop } when the run shall stop here
function live.drain(run)
  if not run.live or not run.live.server then return nil end
  run.live.server:snapshot(live.snapshot(run))
  answer_waiting(run, READING_S)
  return run.paused and wait_while_paused(run) or run.live.stop
end

-- What the verbs of other terminals need.

--- Says a tweak in words: "1: lr = 3e-05 from step 120 to 620".
function live.tweak_text(tweak)
  local value = type(tweak.value) == "table" and system.encode(tweak.value) or tostring(tweak.value)
  local last = tweak.to and (" to " .. tweak.to) or " to the end"
  return ("%d: %s = %s from step %d%s"):format(tweak.id, tweak.key, value, tweak.from, last)
end

local function value_of(text)
  local number = tonumber(text)
  if number and (number ~= number or math.abs(number) == math.huge) then
    lorarun.fail { what = text .. " is no finite number", where = "the command line" }
  end
  if number then return number end
  if text == "true" or text == "false" then return text == "true" end
  if text:match("^[%[{]") then return system.decode(text, "the value") end
  return text
end

--- Takes "text_encoder.lr=5e-6" apart: { key = "text_encoder.lr", value = 5e-6 }.
function live.wish(word)
  local key, value = word:match("^([^=]+)=(.+)$")
  if not key then
    lorarun.fail { what = "a tweak needs KEY=VALUE, not '" .. word .. "'", where = "the command line",
      fix = "for example lr=3e-5 or text_encoder.lr=5e-6" }
  end
  return { key = key, value = value_of(value) }
end

--- Asks the run of a folder and gives its answer; what it refuses is raised as an error.
function live.ask(folder, request)
  local reply = lorarun.live.call(folder, request, ANSWER_S)
  if reply.ok then return reply end
  local problem = reply.error or {}
  lorarun.fail { what = problem.what or "the run refused", where = problem.where, fix = problem.fix }
end

return live
