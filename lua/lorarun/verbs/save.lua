--- `lorarun save RUN`: writes a checkpoint of a running run after the step at hand.

return require("lorarun.live_verb").new("save", "save", function(answer) return answer.path end)
