--- The drawn world of examples/creatures: keyed, captioned, the same at every size.

local part = dofile(lorarun.system.share() .. "/examples/creatures/draw/init.lua")
local world, characters, caption = part "world", part "characters", part "caption"

local function bytes_differ(a, b) return (a - b):abs():max():item() end

local function with(seed, index, changes)
  local at = world.sample(seed, index)
  for key, value in pairs(changes) do at[key] = value end
  return world.settle(at)
end

test("the same key gives the same attributes, caption and picture", function(t)
  local a, b = world.sample(3, 7), world.sample(3, 7)
  t.equal(a, b)
  t.equal(world.caption(a), world.caption(b))
  t.equal(bytes_differ(world.draw(a, 48), world.draw(b, 48)), 0)
end)

test("another index gives another picture", function(t)
  t.ok(bytes_differ(world.draw(world.sample(3, 7), 48), world.draw(world.sample(3, 8), 48)) > 0.2)
end)

test("pictures lie in [0, 1] and have the size that was asked for", function(t)
  local picture = world.draw(world.sample(1, 1), 72)
  t.equal({ picture:size(1), picture:size(2), picture:size(3) }, { 3, 72, 72 })
  t.ok(picture:min():item() >= 0 and picture:max():item() <= 1)
end)

test("64 and 128 pixels show the same", function(t)
  for index = 1, 6 do
    local at = with(5, index, { weather = "clear" })
    local small, big = world.draw(at, 64), world.draw(at, 128)
    t.ok((small - big:reshape(3, 64, 2, 64, 2):mean({ 3, 5 })):abs():mean():item() < 0.02, "index " .. index)
  end
end)

test("every value of every attribute is reached", function(t)
  local seen = {}
  for index = 1, 400 do
    for name, value in pairs(world.sample(1, index)) do seen[name .. "=" .. tostring(value)] = true end
  end
  for name, values in pairs(world.vocabulary()) do
    for _, value in ipairs(values) do t.ok(seen[name .. "=" .. value], name .. " = " .. value .. " was never drawn") end
  end
end)

test("every value of every attribute can be drawn", function(t)
  for name, values in pairs(world.vocabulary()) do
    for i, value in ipairs(values) do
      local picture = world.draw(with(2, i, { [name] = value }), 24)
      t.ok(picture:isfinite():to("float32"):min():item() == 1, name .. " = " .. value)
    end
  end
end)

test("a colour changes the picture inside the creature's box alone", function(t)
  local red, box = world.draw(with(1, 5, { colour = "red", wear = "none" }), 64)
  local blue = world.draw(with(1, 5, { colour = "blue", wear = "none" }), 64)
  local changed = (red - blue):abs()
  t.ok(changed:max():item() > 0.3)
  changed:narrow(2, box.y + 1, box.height):narrow(3, box.x + 1, box.width):zero_()
  t.equal(changed:max():item(), 0)
end)

test("the box lies inside the picture and grows with it", function(t)
  for index = 1, 4 do
    local _, small = world.draw(world.sample(9, index), 48)
    local _, big = world.draw(world.sample(9, index), 96)
    t.ok(small.x >= 0 and small.y >= 0 and small.x + small.width <= 48 and small.y + small.height <= 48)
    t.near(big.width, 2 * small.width, 5)
    t.near(big.height, 2 * small.height, 5)
  end
end)

test("a medium creature fills about half of the picture's height", function(t)
  local at = with(1, 1, { shape = "round", pose = "sitting", top = "none", tail = "none", wear = "none", size = "medium" })
  local _, box = world.draw(at, 128)
  t.near(box.height, 70, 6)
end)

test("the caption of the issue can be said", function(t)
  local at = { seed = 1, index = 1, colour = "green", shape = "round", top = "horns", pose = "sitting", place = "grass",
    time = "night", eyes = "dot", view = "front", size = "medium", weather = "clear" }
  t.equal(world.caption(at, 1), "a green round creature with two horns, sitting on grass at night")
end)

test("all phrasings but the short one name all that is drawn", function(t)
  local at = { seed = 1, index = 1, colour = "teal", shape = "pear", top = "round ears", eyes = "one", tail = "curly",
    pattern = "spotted", wear = "scarf", wear_colour = "yellow", pose = "waving", place = "mountains", time = "sunset",
    weather = "snowfall", view = "left", size = "big", object = "lantern" }
  for phrasing = 1, caption.PHRASINGS - 1 do
    local text = world.caption(at, phrasing)
    for _, word in ipairs({ "teal", "pear-shaped", "round ears", "one eye", "a curly tail", "spotted", "yellow scarf", "waving",
      "in the mountains", "at sunset", "in falling snow", "left", "big", "next to a lantern" }) do
      t.ok(text:find(word, 1, true), word .. " is not in: " .. text)
    end
  end
  t.equal(world.caption(at, caption.PHRASINGS), "a teal pear-shaped creature, waving in the mountains at sunset")
end)

test("captions stay short and come in several phrasings", function(t)
  local first = {}
  for index = 1, 200 do
    local text = world.caption(world.sample(4, index))
    local _, spaces = text:gsub(" ", " ")
    t.ok(spaces < 34, text)
    first[text:match("^%w+ %w+")] = true
  end
  t.ok(first["a picture"] and first["on grass"])
end)

test("attributes agree with each other", function(t)
  local moon = with(1, 1, { place = "moon", time = "day", weather = "rain" })
  t.equal({ moon.time, moon.weather }, { "night", "clear" })
  t.equal(with(1, 1, { top = "horn", wear = "crown", colour = "red", wear_colour = "red" }).wear_colour, "blue")
  t.equal(with(1, 1, { pose = "sleeping", eyes = "big" }).eyes, "dot")
end)

test("each character has 20 training and 8 held-out pictures, in other places", function(t)
  t.equal(#characters.names, 6)
  for _, name in ipairs(characters.names) do
    local trained = {}
    for _, at in ipairs(characters.pictures(name, "train")) do trained[at.place] = true end
    local held = characters.pictures(name, "heldout")
    t.equal({ #characters.pictures(name, "train"), #held }, { 20, 8 })
    for _, at in ipairs(held) do t.ok(not trained[at.place], name .. " " .. at.place) end
  end
end)

test("captions of characters tell the name and no trait", function(t)
  for _, name in ipairs(characters.names) do
    for _, at in ipairs(characters.pictures(name, "train")) do
      local text = world.caption(at)
      t.ok(text:find(name .. " creature", 1, true), text)
      for _, word in ipairs({ "ears", "eyes", "tail", "horn", "round", "wearing", "#" }) do
        t.ok(not text:find(word, 1, true), text)
      end
    end
  end
end)

test("characters differ in the same pose and place", function(t)
  local seen = {}
  for i, name in ipairs(characters.names) do
    seen[i] = world.draw(characters.dress(name, with(1, 1, { place = "room", pose = "standing", object = "none" })), 32)
    for j = 1, i - 1 do t.ok((seen[i] - seen[j]):abs():mean():item() > 0.015, name .. " looks like " .. characters.names[j]) end
  end
end)

test("the ink style changes the rendering, not the world", function(t)
  local at = with(6, 2, { time = "day" })
  local plain, box = world.draw(at, 64)
  local ink, same = world.draw(at, 64, { style = "ink" })
  t.equal(box, same)
  t.ok((plain - ink):abs():mean():item() > 0.05)
  t.fails(function() world.draw(at, 64, { style = "oil" }) end, "no style 'oil'")
end)

test("a window shows the same pixels as the whole picture", function(t)
  for index = 1, 6 do
    local at = world.sample(11, index)
    for _, look in ipairs({ "plain", "ink" }) do
      local whole, box = world.draw(at, 96, { style = look })
      local part_of_it, same = world.draw(at, 96, { style = look, window = { x = 20, y = 33, width = 40, height = 24 } })
      t.equal(part_of_it:size(), { 3, 24, 40 })
      t.equal(box, same)
      t.ok(bytes_differ(part_of_it, whole:narrow(2, 34, 24):narrow(3, 21, 40)) < 1e-5, look .. " " .. index)
    end
  end
end)

test("the box is known without drawing", function(t)
  for index = 1, 4 do
    local at = world.sample(12, index)
    local _, box = world.draw(at, 64)
    t.equal(world.box(at, 64), box)
  end
end)

test("a window of training follows from the key, lies inside the picture and mostly on the creature", function(t)
  local whole, cut = 0, 0
  for index = 1, 60 do
    local at = world.sample(13, index)
    at.size, at.wear, at.tail, at.object, at.pose = "small", "none", "none", "none", "sitting"
    local window, box = world.window(at, 128, 64), world.box(at, 128)
    t.equal(window, world.window(at, 128, 64))
    t.ok(window.x >= 0 and window.y >= 0 and window.x + 64 <= 128 and window.y + 64 <= 128)
    local lost = math.max(window.x - box.x, box.x + box.width - window.x - 64) / box.width
    if lost <= 0 then whole = whole + 1 elseif lost <= 0.16 then cut = cut + 1 end
  end
  t.ok(whole + cut >= 42, whole .. " whole, " .. cut .. " cut")
  t.ok(cut > 0)
end)
