--- Stops the run when it no longer gets better; everything is saved and the exit code is 3.
--
--   early_stop { metric = "heldout_loss", patience = 3, min_delta = 0.001 }   3 evaluations without an improvement
--   early_stop { plateau = true, slope = 0.01 }     the mean loss falls by less than 1 % per 100 steps

local patience = require "lorarun.patience"

local early_stop = {}

early_stop.options = {
  metric = { type = "text", default = "heldout_loss", doc = "what must improve", registry = "metric" },
  patience = { type = "integer", min = 1,
    doc = "evaluations without an improvement; with plateau: steps (3; 100)" },
  min_delta = { type = "number", default = 0, min = 0, doc = "a smaller change is no improvement" },
  plateau = { type = "flag", default = false, doc = "look at the slope of the training loss, not at a metric" },
  slope = { type = "number", default = 0.01, min = 0, doc = "fall of the mean loss per 100 steps that still counts" },
}

local WINDOW = 100

local function is_flat(run, slope)
  return run.step >= WINDOW and run.loss_slope and run.loss_slope > -slope * run.mean_loss
end

--- Watches the slope of the last 100 losses.
local function on_plateau(options)
  local most = options.patience or 100
  return {
    stepped = function(state, run) state.flat = is_flat(run, options.slope) and (state.flat or 0) + 1 or 0 end,
    knobs = function(state, run)
      if (state.flat or 0) < most then return nil end
      return { stop = ("early_stop: the loss is flat for %d steps: %.2g per 100 steps at a mean of %.4g"):format(state.flat,
        run.loss_slope, run.mean_loss) }
    end,
  }
end

--- Watches a metric.
local function on_metric(options)
  local most = options.patience or 3
  return {
    evaluated = function(state, run) patience.look(state, run.evaluation, options) end,
    knobs = function(state)
      if patience.is_over(state, most) then return { stop = "early_stop: " .. patience.text(state, options) } end
    end,
  }
end

--- Builds the policy.
function early_stop.new(options) return options.plateau and on_plateau(options) or on_metric(options) end

return early_stop
