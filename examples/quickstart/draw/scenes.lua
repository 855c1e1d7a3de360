--- The sixteen pictures: size, caption and how to paint each.
--
--   scene   { name, width, height, caption, paint(page) }; all lengths in pixels

local canvas, fox = ...
local tensor = lorarun.tensor

-- Numbers in [0, 1), the same at every run.
local function scatter(count, stream)
  return tensor.uniform({ count, 3 }, { seed = 7, stream = "draw/" .. stream }):to_table()
end

local function sky_light(page, x, y, r, colour, halo)
  page:glow(page.frame:circle(x, y, r), halo, r * 2.2, 0.7)
  page:paint(page.frame:circle(x, y, r), colour)
end

local function cloud(page, x, y, size, colour, opacity)
  local frame = page.frame:at(x, y, size)
  local puffs = canvas.union(frame:ellipse(0, 0, 1.6, 0.42), frame:circle(-0.55, -0.25, 0.5), frame:circle(0.3, -0.42, 0.62))
  page:paint(puffs, colour or "#ffffff", opacity or 0.9)
end

-- Rolling ground: its upper edge is height + swing * sin(x / length + phase).
local function hill(page, height, swing, length, phase, top, bottom)
  local edge = ((page.frame.x / length + phase):sin()) * swing + height
  local part = ((page.frame.y - height + swing) / (page.height - height + swing)):clamp(0, 1)
  page:paint(page.frame:below(edge), canvas.mix(top, bottom, part))
end

local function stars(page, count, height, stream)
  for _, at in ipairs(scatter(count, stream)) do
    page:paint(page.frame:circle(at[1] * page.width, at[2] * height, 0.45 + at[3] * 0.65), "#fff6d8", 0.55 + 0.45 * at[3])
  end
end

local function pine(page, x, foot, size, colour)
  local frame = page.frame:at(x, foot, size)
  page:paint(frame:box(0, -0.12, 0.09, 0.16), "#5b3d2c")
  local dark = canvas.mix(colour, "#0c2030", 0.25)
  for i = 0, 2 do
    local low, wide = -0.2 - i * 0.5, 0.62 - i * 0.13
    page:paint(frame:polygon({ -wide, low, wide, low, 0, low - 0.85 }, 0.05), canvas.mix(dark, colour, i / 2))
  end
end

local function round_tree(page, x, foot, size, crown)
  local frame = page.frame:at(x, foot, size)
  page:paint(frame:polygon({ -0.13, 0, 0.13, 0, 0.07, -1, -0.07, -1 }, 0.02), "#6b4630")
  local leaves = canvas.union(frame:circle(0, -1.45, 0.62), frame:circle(-0.48, -1.1, 0.44), frame:circle(0.48, -1.12, 0.46))
  page:paint(leaves, crown)
  page:paint(canvas.both(leaves, frame:circle(0.22, -1.62, 0.48)), canvas.mix(crown, "#fff0b0", 0.3))
end

local function flower(page, x, y, size, colour)
  local frame = page.frame:at(x, y, size)
  page:paint(frame:line(0, 0, 0, 1.9, 0.13), "#3f8a4a")
  for i = 0, 4 do
    local angle = i * 2 * math.pi / 5
    page:paint(frame:circle(0.55 * math.sin(angle), -0.55 * math.cos(angle), 0.42), colour)
  end
  page:paint(frame:circle(0, 0, 0.34), "#ffd257")
end

local PETALS = { "#ffffff", "#ff8fb0", "#c59bff", "#fff0a0", "#ff7f6b" }

local function flowers(page, count, top, bottom, size, stream)
  local places = scatter(count, stream)
  table.sort(places, function(a, b) return a[2] < b[2] end)
  for i, at in ipairs(places) do
    flower(page, at[1] * page.width, top + at[2] * (bottom - top), size * (0.7 + 0.6 * at[2]), PETALS[i % #PETALS + 1])
  end
end

local function falling(page, count, stream, paint_one)
  for i, at in ipairs(scatter(count, stream)) do paint_one(at[1] * page.width, at[2] * page.height, at[3], i) end
end

local function snow(page, count, stream)
  falling(page, count, stream, function(x, y, part)
    page:paint(page.frame:circle(x, y, 0.7 + part * 1.2), "#ffffff", 0.6 + 0.4 * part)
  end)
end

local function leaf(page, x, y, size, turn, colour)
  local frame = page.frame:at(x, y, size, turn)
  page:paint(canvas.both(frame:circle(-0.6, 0, 1), frame:circle(0.6, 0, 1)), colour)
  page:paint(frame:line(0, -0.6, 0, 1.1, 0.08), canvas.mix(colour, "#3a1c10", 0.4))
end

local function cactus(page, x, foot, size)
  local frame = page.frame:at(x, foot, size)
  local shape = canvas.union(frame:line(0, 0.1, 0, -1.7, 0.24), frame:line(-0.62, -0.75, -0.62, -1.15, 0.16),
    frame:line(-0.62, -0.7, 0, -0.62, 0.16), frame:line(0.62, -1.0, 0.62, -1.45, 0.16), frame:line(0.62, -0.95, 0, -0.85, 0.16))
  page:paint(shape - 0.05 * frame.scale, "#2c5c3c")
  page:paint(shape, "#5aa469")
  for _, offset in ipairs({ -0.1, 0.1 }) do page:paint(frame:line(offset, 0, offset, -1.7, 0.025), "#3f8552") end
  flower(page, x, foot - 1.98 * size, size * 0.17, "#ff8fb0")
end

local function waves(page, y, colour)
  for i = 0, 3 do
    local edge = ((page.frame.x / (5 + i) + i * 2.1):sin()) * 0.7 + (y + i * 5)
    local line = ((page.frame.y - edge):abs() - 0.5) * page.frame.scale
    page:paint(line, colour, 0.5)
  end
end

local function window(page, x, y, size, outside, land)
  local frame = page.frame:at(x, y, size)
  page:paint(frame:box(0, 0, 1.15, 1.3, 0.08), "#8a5a3c")
  page:paint(frame:box(0, 0, 1, 1.15), outside)
  page:paint(canvas.both(frame:ellipse(0.2, 1.2, 1.6, 0.7), frame:box(0, 0, 1, 1.15)), land)
  page:paint(canvas.union(frame:box(0, 0, 0.06, 1.15), frame:box(0, 0, 1, 0.06)), "#8a5a3c")
end

local function lamp(page, x, y, size)
  local frame = page.frame:at(x, y, size)
  page:glow(frame:circle(0, 0, 0.5), "#ffd98a", 34, 0.55)
  page:paint(frame:line(0, 0, 0, 3.4, 0.08), "#5b3d2c")
  page:paint(frame:polygon({ -0.45, -0.5, 0.45, -0.5, 0.8, 0.45, -0.8, 0.45 }, 0.06), "#ffe3a6")
end

local function meadow(page)
  page:fill({ "#6fc3f0", "#bfe6f7", "#eaf7e4" })
  sky_light(page, 24, 22, 10, "#fff3b0", "#fff7cf")
  cloud(page, 96, 24, 12)
  cloud(page, 60, 38, 7)
  hill(page, 74, 7, 26, 0.6, "#9ed36f", "#6bb35a")
  hill(page, 88, 4, 19, 2.4, "#7cc45c", "#4f9c4c")
end

local function night(page, count)
  page:fill({ "#131a3d", "#27346b", "#54569a" })
  stars(page, count, page.height * 0.7, "stars")
end

return {
  { name = "meadow_sitting", width = 128, height = 128,
    caption = "a fox sitting in a meadow under a blue sky",
    paint = function(page)
      meadow(page)
      flowers(page, 9, 92, 108, 2.4, "meadow")
      fox.sitting(page, page.frame:at(60, 56, 23))
      flowers(page, 5, 114, 122, 3.0, "meadow front")
    end,
  },
  { name = "meadow_close", width = 128, height = 128,
    caption = "a close-up of a fox smiling in a flower meadow",
    paint = function(page)
      meadow(page)
      flowers(page, 12, 86, 112, 3.2, "close")
      fox.sitting(page, page.frame:at(64, 70, 42), { eyes = "happy" })
      flowers(page, 7, 114, 121, 4.4, "close front")
    end,
  },
  { name = "forest_standing", width = 160, height = 128,
    caption = "a fox standing in a forest between tall pine trees",
    paint = function(page)
      page:fill({ "#d7efe0", "#b6dcc8", "#8fc0a4" })
      for i, x in ipairs({ 12, 40, 66, 98, 124, 150 }) do
        pine(page, x, 88 + i % 2 * 4, 36, i % 2 == 0 and "#7fb299" or "#6aa389")
      end
      hill(page, 92, 3, 22, 0, "#7fb06a", "#4e8450")
      pine(page, 8, 108, 52, "#3b7d5a")
      pine(page, 148, 106, 54, "#34734f")
      fox.standing(page, page.frame:at(62, 66, 21))
    end,
  },
  { name = "forest_path", width = 128, height = 160,
    caption = "a small fox on a forest path",
    paint = function(page)
      page:fill({ "#f5efcf", "#cfe3b4", "#9cc68c" })
      for i, x in ipairs({ 6, 30, 100, 124 }) do pine(page, x, 88 + i % 2 * 5, 46, "#7eaf83") end
      hill(page, 92, 2, 18, 1, "#86b768", "#477d46")
      page:paint(page.frame:polygon({ 56, 92, 70, 92, 112, 164, 10, 164 }, 2), "#e2c48f")
      pine(page, 16, 128, 70, "#3f8257")
      pine(page, 116, 132, 74, "#37764f")
      fox.sitting(page, page.frame:at(62, 104, 12), { look = -1 })
    end,
  },
  { name = "beach_sitting", width = 160, height = 128,
    caption = "a fox sitting on a beach by the sea",
    paint = function(page)
      page:fill({ "#7fd0f2", "#cdeefa", "#cdeefa" })
      sky_light(page, 132, 20, 9, "#fff3b0", "#fffbe0")
      cloud(page, 38, 22, 11)
      page:paint(page.frame:below(58), canvas.mix("#2f8fc4", "#6fd0d6", ((page.frame.y - 58) / 32):clamp(0, 1)))
      waves(page, 64, "#e8fbff")
      hill(page, 90, 3, 30, 0.5, "#f7e3b0", "#e7c585")
      page:paint(page.frame:at(126, 108, 6):ellipse(0, 0, 1.2, 0.9), "#ff9d8a")
      fox.sitting(page, page.frame:at(66, 56, 22), { look = 1 })
    end,
  },
  { name = "beach_sunset", width = 160, height = 128,
    caption = "a fox on a beach at sunset, looking to the right",
    paint = function(page)
      page:fill({ "#5b4a8a", "#d9728a", "#ffb36b", "#ffd98f" })
      sky_light(page, 118, 56, 13, "#fff0b5", "#ffd27a")
      cloud(page, 40, 24, 12, "#f7a8a0", 0.6)
      page:paint(page.frame:below(62), canvas.mix("#c7647f", "#5c4d8c", ((page.frame.y - 62) / 34):clamp(0, 1)))
      waves(page, 67, "#ffd9a0")
      hill(page, 94, 3, 28, 2, "#e0a878", "#b0745f")
      fox.sitting(page, page.frame:at(56, 60, 21, 0, true), { look = -1 })
    end,
  },
  { name = "snow_standing", width = 160, height = 128,
    caption = "a fox standing in the snow with a red scarf",
    paint = function(page)
      page:fill({ "#a9d3ee", "#dceefa", "#f4fafe" })
      hill(page, 72, 8, 24, 1, "#dbeaf6", "#c4d9ec")
      pine(page, 22, 86, 38, "#5f9a92")
      pine(page, 142, 90, 46, "#548f88")
      hill(page, 90, 4, 26, 3, "#ffffff", "#dfeaf5")
      fox.standing(page, page.frame:at(60, 66, 21), { scarf = "#d8383f" })
      snow(page, 26, "snow day")
    end,
  },
  { name = "snow_night", width = 128, height = 128,
    caption = "a fox in the snow at night, snow is falling",
    paint = function(page)
      night(page, 22)
      hill(page, 82, 6, 20, 0.4, "#aab6de", "#8390c4")
      pine(page, 14, 92, 44, "#2d4a6b")
      pine(page, 114, 94, 52, "#27425f")
      hill(page, 96, 3, 24, 2, "#dfe6f8", "#b4bfe2")
      fox.sitting(page, page.frame:at(62, 58, 22), { scarf = "#d8383f" })
      snow(page, 42, "snow night")
    end,
  },
  { name = "night_hill", width = 128, height = 160,
    caption = "a fox sitting on a hill at night under the moon and the stars",
    paint = function(page)
      night(page, 46)
      sky_light(page, 94, 34, 15, "#fff4cf", "#b9b4ea")
      page:paint(page.frame:circle(89, 30, 3.2), "#e9dcb4", 0.7)
      page:paint(page.frame:circle(99, 39, 2.2), "#e9dcb4", 0.7)
      page:paint(page.frame:ellipse(60, 182, 120, 58),
        canvas.mix("#3f5f86", "#22345c", ((page.frame.y - 124) / 36):clamp(0, 1)))
      fox.sitting(page, page.frame:at(52, 88, 18), { look = 1 })
    end,
  },
  { name = "night_close", width = 128, height = 128,
    caption = "a close-up of a sleepy fox at night",
    paint = function(page)
      night(page, 34)
      sky_light(page, 22, 22, 9, "#fff4cf", "#b9b4ea")
      fox.sitting(page, page.frame:at(64, 68, 43), { eyes = "sleepy" })
    end,
  },
  { name = "room_rug", width = 160, height = 128,
    caption = "a fox sitting on a rug in a room with a window",
    paint = function(page)
      page:fill({ "#f6d9b4", "#f0c79a" })
      window(page, 118, 40, 24, "#a8dcf5", "#7fbf6a")
      page:paint(page.frame:below(92), "#b67c4f")
      page:paint(page.frame:box(80, 92, 84, 1.4), "#8f5d3b")
      page:paint(page.frame:ellipse(68, 112, 56, 12), "#b8434c")
      page:paint(page.frame:ellipse(68, 112, 49, 9.4), "#e8b7a0")
      page:paint(page.frame:ellipse(68, 112, 44, 7.6), "#c9555a")
      fox.sitting(page, page.frame:at(62, 58, 22))
    end,
  },
  { name = "room_sleeping", width = 160, height = 128,
    caption = "a fox sleeping with closed eyes in a warm room",
    paint = function(page)
      page:fill({ "#8a5560", "#b9756a", "#c98a70" })
      window(page, 42, 36, 21, "#33406f", "#2c5a55")
      page:paint(page.frame:below(92), "#7a4a3a")
      lamp(page, 138, 34, 17)
      page:paint(page.frame:ellipse(80, 112, 70, 14), "#5f7fa8")
      page:paint(page.frame:ellipse(80, 109, 66, 11), "#86a9cf")
      fox.sleeping(page, page.frame:at(60, 78, 25))
    end,
  },
  { name = "autumn_leaves", width = 128, height = 128,
    caption = "a fox in autumn with falling leaves",
    paint = function(page)
      page:fill({ "#f9e3b8", "#fbd69a", "#f2bd7e" })
      round_tree(page, 18, 94, 34, "#e0743a")
      round_tree(page, 112, 92, 31, "#d9a13a")
      hill(page, 90, 4, 22, 1, "#d2a057", "#a8743c")
      fox.sitting(page, page.frame:at(62, 58, 22), { eyes = "happy" })
      local colours = { "#d9472f", "#f0a030", "#b8562a", "#e8c34a" }
      falling(page, 16, "leaves", function(x, y, part, i)
        leaf(page, x, y, 3 + part * 2, part * 6.3, colours[i % #colours + 1])
      end)
    end,
  },
  { name = "rain_puddle", width = 128, height = 128,
    caption = "a fox standing in the rain on a grey day",
    paint = function(page)
      page:fill({ "#8393a3", "#aab7c2", "#c3ccd2" })
      cloud(page, 30, 16, 20, "#6f7e8e", 0.9)
      cloud(page, 96, 12, 24, "#78889a", 0.9)
      hill(page, 88, 3, 24, 1, "#7f9a86", "#5a7564")
      page:paint(page.frame:ellipse(64, 116, 54, 7), "#a9c0d2")
      page:paint(page.frame:ellipse(54, 115, 26, 2.6), "#d3e2ec", 0.7)
      fox.standing(page, page.frame:at(42, 70, 20))
      falling(page, 38, "rain", function(x, y) page:paint(page.frame:line(x, y, x - 2, y + 7, 0.4), "#e6f1f8", 0.7) end)
    end,
  },
  { name = "desert_cactus", width = 160, height = 128,
    caption = "a fox in a desert beside a cactus",
    paint = function(page)
      page:fill({ "#f7b267", "#fbd28f", "#fdebc0" })
      sky_light(page, 30, 24, 11, "#fff6cf", "#ffe3a0")
      hill(page, 80, 9, 34, 2, "#e2a765", "#cf8a4e")
      hill(page, 94, 4, 24, 0, "#efc27f", "#d79c58")
      cactus(page, 128, 106, 26)
      fox.standing(page, page.frame:at(44, 70, 19))
    end,
  },
  { name = "lake_morning", width = 160, height = 128,
    caption = "a small fox by a lake on a misty morning",
    paint = function(page)
      page:fill({ "#f7d9d0", "#f3e6d8", "#dfe9e6" })
      sky_light(page, 112, 34, 9, "#fff7e0", "#ffe6c4")
      hill(page, 56, 9, 21, 0.4, "#b9c9cf", "#a6bcc4")
      hill(page, 64, 5, 15, 2, "#93b0ad", "#86a5a2")
      page:paint(page.frame:below(70), canvas.mix("#c4dbe3", "#8fb4c6", ((page.frame.y - 70) / 36):clamp(0, 1)))
      waves(page, 78, "#f2fafc")
      for i = 0, 2 do page:glow(page.frame:ellipse(30 + i * 50, 68 + i * 3, 34, 1.5), "#ffffff", 7, 0.55) end
      hill(page, 104, 3, 25, 1, "#8fb574", "#5f8f59")
      fox.sitting(page, page.frame:at(46, 80, 13), { look = 1 })
      round_tree(page, 140, 112, 30, "#7fa86a")
    end,
  },
}
