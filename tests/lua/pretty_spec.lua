local pretty = require "lorarun.pretty"

test("tables show their keys in order, lists first", function(t)
  t.equal(pretty.show { b = 1, a = "x", 10, 20 }, '{ 10, 20, a = "x", b = 1 }')
  t.equal(pretty.show {}, "{}")
  t.equal(pretty.show { ["text_encoder.lr"] = 1, ["end"] = 2 }, '{ ["end"] = 2, ["text_encoder.lr"] = 1 }')
end)

test("numbers have the digits that people need", function(t)
  t.equal(pretty.show(3e-5), "3e-05")
  t.equal(pretty.show(0.1 + 0.2), "0.3")
  t.equal(pretty.show(7000), "7000")
  t.equal(pretty.show { 0 / 0 }, "{ nan }")
end)

test("what is deeper than three levels, or itself, is marked", function(t)
  t.equal(pretty.show { a = { b = { c = { d = 1 } } } }, "{ a = { b = { c = { … } } } }")
  local loop = { name = "x" }
  loop.again = loop
  t.equal(pretty.show(loop), '{ again = { … itself }, name = "x" }')
end)

test("the fifty-first item and those after it are counted", function(t)
  local list = {}
  for i = 1, 1000 do list[i] = i end
  t.ok(pretty.show(list):find("50,\n  … 950 more\n}", 1, true))
end)

test("what does not fit into a line has a line for each item", function(t)
  t.equal(pretty.show { a = ("x"):rep(60), b = ("y"):rep(60) },
    '{\n  a = "' .. ("x"):rep(60) .. '",\n  b = "' .. ("y"):rep(60) .. '"\n}')
end)

test("texts stand without quotes, inside tables with them", function(t)
  t.equal(pretty.show "two\nlines", "two\nlines")
  t.equal(pretty.show { "two\nlines" }, '{ "two\\nlines" }')
end)

test("a tensor shows shape, type, place and statistics", function(t)
  t.equal(pretty.show(lorarun.tensor.from { { 1, 2 }, { 3, -6 } }),
    "Tensor[2, 2] float32 cpu  mean 0  std 4.082  max |x| 6")
end)
