--- Freezes a group of parameters when a metric gets worse: the rest trains on.
--
--   freeze_on_overfit { group = "clip_l", metric = "heldout_loss", patience = 2 }

local patience = require "lorarun.patience"

local freeze_on_overfit = {}

freeze_on_overfit.options = {
  group = { type = "text", required = true, values = { "transformer", "text_encoder", "clip_l", "t5" },
    doc = "what is frozen" },
  metric = { type = "text", default = "heldout_loss", doc = "what must improve", registry = "metric" },
  patience = { type = "integer", default = 2, min = 1, doc = "evaluations without an improvement" },
  min_delta = { type = "number", default = 0, min = 0, doc = "a smaller change is no improvement" },
}

--- Builds the policy. A group that was frozen stays frozen.
function freeze_on_overfit.new(options)
  return {
    evaluated = function(state, run)
      patience.look(state, run.evaluation, options)
      if state.frozen or not patience.is_over(state, options.patience) then return nil end
      state.frozen = true
      return { say = ("freezes %s: %s"):format(options.group, patience.text(state, options)) }
    end,
    knobs = function(state)
      if state.frozen then return { [options.group] = { train = false } } end
    end,
  }
end

return freeze_on_overfit
