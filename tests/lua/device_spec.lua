--- Devices as people read them, and the first lines of a training.

local device = require "lorarun.device"
local start = require "lorarun.start"

local system = lorarun.system

test("a device is named with its card, where it has one of another name", function(t)
  t.equal(device.label("cuda:1", "NVIDIA L4"), "cuda:1 (NVIDIA L4)")
  t.equal(device.label("pretend", "pretend"), "pretend")
  t.equal(device.label "cpu", "cpu")
end)

local function run_of(more)
  local run = { name = "anna", folder = "runs/anna", device = "cuda", card = "NVIDIA L4",
    settings = { model = { path = system.absolute "models/dev", kind = "flux", dtype = "bf16" } } }
  for key, value in pairs(more or {}) do run[key] = value end
  return run
end

test("a training begins with where it computes, what it trains on, where it lands and how to reach it", function(t)
  local lines = start.lines(run_of())
  t.equal({ lines[1], lines[2], lines[3] }, { "device      cuda (NVIDIA L4)", "model       models/dev (flux, bf16)",
    "run         runs/anna" })
  t.equal(lines[4]:match("lorarun attach anna$"), "lorarun attach anna")
end)

test("a run in another folder is reached by its folder", function(t)
  t.equal(start.lines(run_of { folder = "elsewhere/anna" })[4]:match("attach (%S+)$"), "elsewhere/anna")
end)

test("a run that is played again cannot be attached to", function(t) t.equal(#start.lines(run_of { player = {} }), 3) end)

test("a device opens by its name, with what is known of it", function(t)
  local facts = lorarun.device.open "cpu"
  t.equal({ facts.name, facts.kind, facts.card, facts.why_cpu }, { "cpu", "cpu", "", "" })
  t.fails(function() lorarun.device.open("gpu", "here") end, "no device named 'gpu'")
end)
