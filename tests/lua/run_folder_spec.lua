local run_folder = require "lorarun.run_folder"

local old = { ["network.rank"] = 8, seed = 3 }

local function with(key, value)
  local new = { ["network.rank"] = 8, seed = 3 }
  new[key] = value
  return new
end

test("a run goes on under a version that has a new setting at its default", function(t)
  t.equal(run_folder.first_difference(old, with("objective.kind", "denoise")), nil)
  t.equal(run_folder.first_difference(old, with("accumulate", 1)), nil)
end)

test("a new setting at another value is a difference", function(t)
  t.equal(run_folder.first_difference(old, with("objective.kind", "autoencode")), "objective.kind")
  t.equal(run_folder.first_difference(old, with("accumulate", 2)), "accumulate")
end)

test("a setting that changed is a difference, also back to its default", function(t)
  t.equal(run_folder.first_difference(old, with("network.rank", 16)), "network.rank")
end)
