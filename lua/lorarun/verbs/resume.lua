--- `lorarun resume RUN`: lets a paused run go on.

return require("lorarun.live_verb").new("resume", "continue", function(answer, run)
  return ("%s goes on at step %d"):format(run, answer.step)
end)
