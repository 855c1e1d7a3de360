--- The words after a verb.

local verbs = require "lorarun.verbs"

local verb = verbs.with_recipe_flags { usage = "plan RECIPE [--html FILE]", valued = { "html" } }

test("words are taken apart into plain ones, switches, values and lists", function(t)
  local words = { "r.lua", "--json", "--html", "p.html", "--set", "a=1", "--set", "b=2" }
  t.equal(verbs.parse(verb, words), { "r.lua", json = true, html = "p.html", set = { "a=1", "b=2" } })
end)

test("an unknown flag names the nearest", function(t)
  t.fails(function() verbs.parse(verb, { "--htm", "x" }) end, "did you mean '--html'?")
  t.fails(function() verbs.parse(verb, { "--html" }) end, "--html needs a value")
end)

test("recipe flags become the options of a recipe", function(t)
  local options = verbs.recipe_options(verbs.parse(verb, { "r.lua", "--steps", "10", "--set", "ema=0.9", "--data", "photos" }))
  t.equal(options, { recipe = "r.lua", steps = 10, set = { { "ema", "0.9" }, { "data.dir", "photos" } } })
  t.fails(function() verbs.recipe_options { steps = "ten" } end, "--steps needs a whole number, not 'ten'")
  t.fails(function() verbs.recipe_options { set = { "ema" } } end, "--set needs KEY=VALUE")
end)
