--- Goes back to a checkpoint when the loss jumps or is not finite, and on from there with changed knobs.
--
--   roll_back { when = "loss_spike", factor = 3, to = "last", lr_factor = 0.5, most = 2 }
--
-- Each time every learning rate is multiplied by lr_factor once more, to the end of the run. `state.rolled_back`
-- is kept by the loop: how often this policy has gone back.

local roll_back = {}

local LOOKS_AT = { loss_spike = "loss", gradient_spike = "grad_norm" }

roll_back.options = {
  when = { type = "text", default = "loss_spike", values = { "gradient_spike", "loss_spike" },
    doc = "what jumps: the loss or the gradient's norm" },
  factor = { type = "number", default = 3, min = 1, doc = "a jump is this many times the mean so far" },
  after = { type = "integer", default = 20, min = 1, doc = "steps that the mean is taken of before anything counts" },
  to = { type = "text", default = "last", values = { "best", "last", "last checkpoint" },
    doc = "the newest checkpoint, or the best of keep_best" },
  lr_factor = { type = "number", default = 0.5, min = 0, max = 1, doc = "factor on every learning rate, each time" },
  most = { type = "integer", default = 2, min = 1, doc = "times that it goes back" },
  knobs = { type = "knobs", doc = "further knobs that hold after the first time: { clip = 0.5 }" },
}

local GROUPS = { "transformer", "clip_l", "t5" }

--- Every rate of the decided knobs times the factor.
local function slower(decided, factor)
  local layer = { lr = decided.lr and decided.lr * factor }
  for _, group in ipairs(GROUPS) do
    local own = decided[group] and decided[group].lr
    if own then layer[group] = { lr = own * factor } end
  end
  return layer
end

local function remember(state, value)
  state.count = (state.count or 0) + 1
  state.mean = state.mean and 0.95 * state.mean + 0.05 * value or value
end

--- Builds the policy.
function roll_back.new(options)
  local name = LOOKS_AT[options.when]
  return {
    stepped = function(state, run)
      local value = run[name]
      if not value then return nil end
      local jumped = (state.count or 0) >= options.after and value > options.factor * state.mean
      if not jumped or (state.rolled_back or 0) >= options.most then return remember(state, value) end
      return { roll_back = { to = options.to == "best" and "best" or "last",
        why = ("%s %.4g is more than %g times the mean %.4g"):format(name, value, options.factor, state.mean) } }
    end,
    failed = function(state, _, what)
      if not what:find("is not finite", 1, true) or (state.rolled_back or 0) >= options.most then return nil end
      return { roll_back = { to = options.to == "best" and "best" or "last", why = what:match("^(.-)[;\n]") or what } }
    end,
    knobs = function(state, _, decided)
      local times = state.rolled_back or 0
      if times == 0 then return nil end
      local layer = slower(decided, options.lr_factor ^ times)
      for key, value in pairs(options.knobs or {}) do layer[key] = value end
      return layer
    end,
  }
end

return roll_back
