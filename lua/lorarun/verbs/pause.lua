--- `lorarun pause RUN`: holds a running run after the step at hand; it keeps its memory and answers.

return require("lorarun.live_verb").new("pause", "pause", function(answer, run)
  return ("%s is paused at step %d; `lorarun resume %s` goes on"):format(run, answer.step, run)
end)
