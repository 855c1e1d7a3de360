--- The words after a verb.

local recipe = require "lorarun.recipe"
local verbs = require "lorarun.verbs"

local verb = verbs.with_recipe_flags { usage = "plan RECIPE [--html FILE]", valued = { "html" } }

test("words are taken apart into plain ones, switches, values and lists", function(t)
  local words = { "r.lua", "--json", "--html", "p.html", "--set", "a=1", "--set", "b=2" }
  t.equal(verbs.parse(verb, words), { "r.lua", json = true, html = "p.html", set = { "a=1", "b=2" } })
end)

test("an unknown flag names the nearest", function(t)
  t.fails(function() verbs.parse({ usage = "log RUN", valued = { "event" } }, { "--evnt", "x" }) end, "did you mean '--event'?")
  t.fails(function() verbs.parse(verb, { "--html" }) end, "--html needs a value")
end)

test("a flag that a recipe verb does not know may be a param of the recipe", function(t)
  local arguments = verbs.parse(verb, { "r.lua", "--rank", "32", "--fast", "--rate=2", "--html", "x" })
  t.equal(arguments.flags, { { "rank", "32" }, { "fast", "true" }, { "rate", "2" } })
  t.equal({ arguments[1], arguments.html }, { "r.lua", "x" })
  local options = verbs.recipe_options(verbs.parse(verb, { "flux_character", "--htm", "x" }))
  t.fails(function() recipe.open(options) end, "did you mean '--html'?")
end)

test("recipe flags become the options of a recipe", function(t)
  local options = verbs.recipe_options(verbs.parse(verb, { "r.lua", "--steps", "10", "--set", "ema=0.9", "--data", "photos" }))
  t.equal(options, { recipe = "r.lua", steps = 10, set = { { "ema", "0.9" }, { "data.dir", "photos" } } })
  t.fails(function() verbs.recipe_options { steps = "ten" } end, "--steps needs a whole number, not 'ten'")
  t.fails(function() verbs.recipe_options { set = { "ema" } } end, "--set needs KEY=VALUE")
end)
