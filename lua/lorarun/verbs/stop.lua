--- `lorarun stop RUN`: ends a running run after the step at hand, saved; its recipe resumes it.

return require("lorarun.live_verb").new("stop", "stop", function(answer, run)
  return ("%s stops at step %d and saves"):format(run, answer.step)
end)
