local plot = require "lorarun.terminal_plot"

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
  return lines
end

test("one rising series is a rising line of braille dots between labelled axes", function(t)
  t.equal(plot.draw({ { name = "lr", y = { 1, 2, 3, 4 } } }, { width = 11, height = 4 }),
    "lr\n" ..
    "4 ┤      ⡠⠊\n" ..
    "3 ┤    ⡠⠊\n" ..
    "  │  ⡠⠊\n" ..
    "1 ┤⡠⠊\n" ..
    "  └────────\n" ..
    "   1      4")
end)

test("several series have a letter each and a legend", function(t)
  local lines = lines_of(plot.draw({ { name = "a", y = { 0, 1 } }, { name = "b", y = { 1, 0 } } }, { width = 20, height = 5 }))
  t.equal(lines[#lines], "* a   + b")
  t.ok(lines[1]:find("+", 1, true) and lines[1]:find("*", 1, true))
end)

test("a curve of a hundred thousand points is as wide as one of ten", function(t)
  local y = {}
  for i = 1, 100000 do y[i] = math.sin(i / 9000) end
  for _, line in ipairs(lines_of(plot.draw({ { y = y } }, { width = 60, height = 10 }))) do
    t.ok(#line:gsub("[\128-\191]", "") <= 60, line)
  end
end)

test("what is no number is left out, and nothing is said so", function(t)
  t.equal(plot.draw({ { y = {} } }, { title = "loss" }), "loss\nnothing to plot yet")
  t.equal(plot.draw({ { y = { 0 / 0, 1 / 0 } } }), "nothing to plot yet")
  t.equal(plot.draw({ { y = { -1, 0 } } }, { log = true }), "nothing to plot yet")
end)

test("a flat curve lies in the middle", function(t)
  local lines = lines_of(plot.draw({ { y = { 2, 2, 2 } } }, { width = 12, height = 3 }))
  t.ok(lines[1]:find("3 ┤", 1, true) and lines[3]:find("1 ┤", 1, true))
  t.ok(lines[2]:find("2 ┤", 1, true))
end)

test("the labels of a logarithmic plot are the values themselves", function(t)
  local text = plot.draw({ { y = { 0.001, 1, 1000 } } }, { log = true, height = 3, width = 20 })
  t.ok(text:find("1000 ┤", 1, true) and text:find("0.001 ┤", 1, true))
end)
