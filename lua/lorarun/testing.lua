--- Lua specs: `lorarun --test FILES…`.
--
--   test("a sentence about behaviour", function(t) t.equal(1 + 1, 2) end)
--
-- Each test prints "ok N - name" or "not ok N - name" with the reason; the last
-- line counts them.

local tables = require "lorarun.tables"

local testing = {}

local function show(value)
  if type(value) == "string" then return string.format("%q", value) end
  return tostring(value)
end

local function text_of(value)
  if type(value) == "table" and not getmetatable(value) then return lorarun.system.encode(value) end
  return show(value)
end

--- What a test may ask for.
local checks = {}

function checks.ok(value, message) if not value then error(message or "expected something true", 2) end end

--- Fails unless both are equal; tables by their contents.
function checks.equal(got, expected)
  if not tables.same(got, expected) then error("got " .. text_of(got) .. ", expected " .. text_of(expected), 2) end
end

--- Fails unless |got - expected| <= tolerance.
function checks.near(got, expected, tolerance)
  local distance = math.abs(got - expected)
  if distance ~= distance or distance > (tolerance or 1e-6) then
    error("got " .. show(got) .. ", expected " .. show(expected) .. " within " .. (tolerance or 1e-6), 2)
  end
end

--- Fails unless f raises an error whose text holds `part`; gives the error.
function checks.fails(f, part)
  local passed, problem = pcall(f)
  if passed then error("expected an error", 2) end
  if part and not tostring(problem):find(part, 1, true) then
    error("the error is " .. show(tostring(problem)) .. ", expected it to hold " .. show(part), 2)
  end
  return problem
end

local function run_one(state, name, body)
  state.count = state.count + 1
  local passed, problem = xpcall(function() body(checks) end, function(e)
    return tostring(e) .. "\n" .. debug.traceback("", 2)
  end)
  if passed then
    print(("ok %d - %s"):format(state.count, name))
  else
    state.failed = state.failed + 1
    print(("not ok %d - %s\n  %s"):format(state.count, name, (problem:gsub("\n", "\n  "))))
  end
end

--- Runs spec files; gives the exit code.
---@param files string[]
---@return integer
function testing.run(files)
  local state = { count = 0, failed = 0 }
  _G.test = function(name, body) run_one(state, name, body) end
  for _, file in ipairs(files) do
    local chunk, problem = loadfile(file)
    if not chunk then error(problem, 0) end
    chunk()
  end
  print(("%d passed, %d failed"):format(state.count - state.failed, state.failed))
  return state.failed == 0 and 0 or 1
end

return testing
