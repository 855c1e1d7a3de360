--- What people see while a run works, on standard error.
--
-- On a terminal one line that stays:
--   step 120/600  20 %  loss 0.3456  1 min 30 s left  0.192 s a step  lr 1e-04  RAM 1.3 GiB
--   VRAM at most 9.1 of 23.6 GiB  next: save at 250
-- elsewhere a plain line now and then. What a narrow terminal has no room for is left out from the right, whole words.

local memory_size = require "lorarun.memory_size"
local pace = require "lorarun.pace"

local progress = {}
progress.__index = progress

local system = lorarun.system

local PLAIN_EVERY_S, PLAIN_PARTS, REDRAW_S = 30, 20, 0.1
local GIBIBYTE = 2 ^ 30

--- Follows a run of `steps` steps that starts after `step`.
function progress.new(step, steps)
  local self = setmetatable({ first = step, steps = steps, started = system.seconds(), pace = pace.new() }, progress)
  self.width = system.terminal()
  self.last_drawn, self.mean_loss = 0, nil
  return self
end

--- The clock starts here, after what is drawn before the first step; while a run is paused it is put forward.
function progress:start() self.started = system.seconds() end

--- Gives the seconds that a step takes now, or nothing before there were two.
function progress:seconds_per_step() return self.pace:seconds_per_step() end

local function time_texts(self, run, stats)
  local seconds = self:seconds_per_step()
  local left = seconds and system.duration(seconds * (self.steps - run.step)) .. " left" or ""
  return left, ("%.3g s a step"):format(seconds or stats.step_s)
end

local function memory_texts(run)
  local card = lorarun.device_memory.of(run.device)
  local host = "RAM " .. memory_size(lorarun.memory().process_bytes)
  return host, card and ("VRAM at most %.1f of %.1f GiB"):format(card.peak / GIBIBYTE, card.total / GIBIBYTE) or ""
end

local function parts_of(self, run, stats)
  local left, each = time_texts(self, run, stats)
  local host, card = memory_texts(run)
  return { ("step %d/%d"):format(run.step, self.steps), ("%d %%"):format(math.floor(100 * run.step / self.steps)),
    ("loss %.4f"):format(self.mean_loss), left, each, ("lr %.2g"):format(stats.lr.transformer or run.knobs.lr), host, card,
    run.next_event and "next: " .. run.next_event or "" }
end

--- Gives the line of a step, no longer than `width` where there is one.
---@param parts string[]
---@param width integer?
function progress.line(parts, width)
  local line = parts[1]
  for i = 2, #parts do
    local longer = parts[i] ~= "" and line .. "  " .. parts[i] or line
    if width and #longer >= width then break end
    line = longer
  end
  return width and line:sub(1, width - 1) or line
end

local function is_due(self, step, now)
  if self.width then return now - self.last_drawn >= REDRAW_S or step == self.steps end
  local part = math.max(1, math.floor(self.steps / PLAIN_PARTS))
  return step == self.first + 1 or step % part == 0 or step == self.steps or now - self.last_drawn >= PLAIN_EVERY_S
end

--- Shows the state after a step.
function progress:step(run, stats)
  self.mean_loss = self.mean_loss and (0.9 * self.mean_loss + 0.1 * stats.loss) or stats.loss
  local now = system.seconds()
  self.pace:note(run.step, now - self.started)
  if not is_due(self, run.step, now) then return end
  self.last_drawn = now
  local line = progress.line(parts_of(self, run, stats), self.width)
  if self.width then
    io.stderr:write("\r", line, "\27[K")
    self.open = true
  else
    io.stderr:write(line, "\n")
  end
  io.stderr:flush()
end

--- Says something on a line of its own.
function progress:say(text)
  if self.open then io.stderr:write("\n") end
  self.open = false
  io.stderr:write(text, "\n")
  io.stderr:flush()
end

return progress
