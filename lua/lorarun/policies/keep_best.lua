--- Keeps the checkpoints of the best evaluations, whatever save.keep prunes.
--
--   keep_best { metric = "heldout_loss", keep = 3 }
--
-- A step that joins the best is saved there and then; checkpoints/best.safetensors is the very best one, and
-- best.json names them all.

local metrics = require "lorarun.metrics"

local keep_best = {}

keep_best.options = {
  metric = { type = "text", default = "heldout_loss", doc = "what is compared", registry = "metric" },
  keep = { type = "integer", default = 3, min = 1, doc = "checkpoints kept" },
}

local function place_of(list, value, metric)
  for i, one in ipairs(list) do
    if metrics.improves(metric, value, one.value, 0) then return i end
  end
  return #list + 1
end

--- Builds the policy. The step that training begins at is no result and is never kept.
function keep_best.new(options)
  return {
    evaluated = function(state, run)
      local evaluation = run.evaluation
      local value = evaluation and evaluation[options.metric]
      if not value or evaluation.step == 0 or state.step == evaluation.step then return nil end
      state.step, state.kept = evaluation.step, state.kept or {}
      local place = place_of(state.kept, value, options.metric)
      if place > options.keep then return nil end
      table.insert(state.kept, place, { step = evaluation.step, value = value })
      while #state.kept > options.keep do table.remove(state.kept) end
      return { keep = { metric = options.metric, place = place, kept = state.kept } }
    end,
  }
end

return keep_best
