--- `lorarun render RUN`: draws the prompts of a running run after the step at hand.

return require("lorarun.live_verb").new("render", "render", function(answer) return answer.folder end)
