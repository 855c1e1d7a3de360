--- How often a metric has failed to improve.
--
--   value    0.40  0.35  0.36  0.351  0.34
--   best     0.40  0.35  0.35  0.35   0.34
--   misses     0     0     1     2      0
--
-- A function over plain data: the state is { best, best_step, misses, step }, saved with the run.

local metrics = require "lorarun.metrics"

local patience = {}

--- Takes the run's newest evaluation in; an evaluation that was seen before changes nothing.
---@param state table
---@param evaluation table?   run.evaluation
---@param options { metric: string, min_delta: number }
function patience.look(state, evaluation, options)
  local value = evaluation and evaluation[options.metric]
  if not value or state.step == evaluation.step then return end
  state.step, state.value = evaluation.step, value
  if state.best == nil or metrics.improves(options.metric, value, state.best, options.min_delta) then
    state.best, state.best_step, state.misses = value, evaluation.step, 0
  else
    state.misses = state.misses + 1
  end
end

--- True when the metric has failed `most` times in a row.
function patience.is_over(state, most) return (state.misses or 0) >= most end

--- "heldout_loss has not improved for 3 evaluations: 0.4 at step 90, best 0.35 at step 60"
function patience.text(state, options)
  return ("%s has not improved for %d evaluations: %.4g at step %d, best %.4g at step %d"):format(options.metric,
    state.misses, state.value, state.step, state.best, state.best_step)
end

return patience
