--- What people see while a run works, on standard error.
--
-- On a terminal one line that stays:
--   step 120/600  loss 0.3456  lr 1e-04  5.2 images/s  1.3 GB  1 min 30 s left  next: save at 250
-- elsewhere a plain line now and then.

local progress = {}
progress.__index = progress

local system = lorarun.system

local PLAIN_EVERY_S, PLAIN_PARTS, REDRAW_S = 30, 20, 0.1

--- Follows a run of `steps` steps that starts after `step`.
function progress.new(step, steps)
  local self = setmetatable({ first = step, steps = steps, started = system.seconds() }, progress)
  self.width = system.terminal()
  self.last_drawn, self.mean_loss = 0, nil
  return self
end

--- The clock of the estimate starts here, after what is drawn before the first step.
function progress:start() self.started = system.seconds() end

local function eta(self, step)
  local done = step - self.first
  if done < 1 then return "" end
  local left = (system.seconds() - self.started) / done * (self.steps - step)
  return system.duration(left) .. " left"
end

local function line_of(self, run, stats)
  local next_event = run.next_event and ("  next: " .. run.next_event) or ""
  local gigabytes = lorarun.memory().process_bytes / 2 ^ 30
  return ("step %d/%d  loss %.4f  lr %.2g  %.1f images/s  %.1f GB  %s%s"):format(run.step, self.steps,
    self.mean_loss, stats.lr.transformer or run.knobs.lr, stats.images_per_second, gigabytes, eta(self, run.step),
    next_event)
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
  if not is_due(self, run.step, now) then return end
  self.last_drawn = now
  local line = line_of(self, run, stats)
  if self.width then
    io.stderr:write("\r", line:sub(1, self.width - 1), "\27[K")
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
