--- Curves over steps as inline SVG, readable on a phone: the drawing stretches with the page, words and strokes do not.
--
--   local frame = svg_plot.frame { first = 1, last = 1000, low = 0, high = 2e-3, name = "learning rate" }
--   svg_plot.draw(frame, { svg_plot.line(frame, points, { colour = svg_plot.colour(1), title = "clip_l" }) })
--
-- Points are { { step, value }, … } in the order of their steps. The drawing is 1000 x 1000 units whatever its size on
-- the page; labels are text beside it.

local web_page = require "lorarun.web_page"

local svg_plot = {}

local escape = web_page.escape

local SIDE, MOST_POINTS = 1000, 900

--- What pages with plots add to their style.
svg_plot.STYLE = [[
.plot { position: relative; margin: .7rem .2rem 1.7rem 4.8rem }
.plot svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible }
.plot svg * { vector-effect: non-scaling-stroke; stroke-linejoin: round }
.plot span { position: absolute; font-size: .75rem; line-height: 1; color: var(--soft); white-space: nowrap }
.plot .y { right: 100%; margin-right: .5rem; transform: translateY(-50%) }
.plot .x { top: 100%; margin-top: .45rem; transform: translateX(-50%) }
.plot.row { margin-top: .35rem; margin-bottom: .35rem }
.plot .x.first { transform: none } .plot .x.last { transform: translateX(-100%) }
@media (max-width: 600px) { .plot { margin-left: 4.5rem } .plot span { font-size: .68rem } }
]]

local COLOURS = 6

--- Gives the i-th colour of curves.
function svg_plot.colour(i) return ("var(--c%d)"):format((i - 1) % COLOURS + 1) end

--- The distance of marks that people read easily: 1, 2 or 5 times a power of ten.
local function round_distance(rough)
  local power = 10 ^ math.floor(math.log(rough, 10) + 1e-9)
  for _, factor in ipairs { 1, 2, 5 } do
    if factor * power >= rough * 0.999 then return factor * power end
  end
  return 10 * power
end

--- A frame of steps and values; `high` is raised to the next mark.
---@param options { first: integer, last: integer, low: number?, high: number?, height_rem: number?, name: string? }
function svg_plot.frame(options)
  local low, high = options.low or 0, options.high or 1
  if high <= low then high = low + (low ~= 0 and math.abs(low) or 1) end
  local distance = round_distance((high - low) / 4)
  low, high = math.floor(low / distance + 1e-9) * distance, math.ceil(high / distance - 1e-9) * distance
  return { first = options.first, last = options.last, low = low, high = high, distance = distance,
    height_rem = options.height_rem or 13, name = options.name or "" }
end

local function x_of(frame, step) return SIDE * (step - frame.first) / math.max(1, frame.last - frame.first) end

local function y_of(frame, value)
  return SIDE * (1 - math.max(0, math.min(1, (value - frame.low) / (frame.high - frame.low))))
end

--- A change so much larger than those around it that it is a jump, drawn as one.
local function is_jump(before, change, after, range)
  return math.abs(change) > range / 100 and math.abs(change) > 2 * math.abs(before) and math.abs(change) > 2 * math.abs(after)
end

--- Gives the points without those that a straight line shows as well: jumps and corners stay, smooth parts are thinned.
function svg_plot.thin(frame, points)
  local kept, every, range = {}, math.max(1, math.floor(#points / MOST_POINTS)), frame.high - frame.low
  local function change(i) return points[i] and points[i - 1] and points[i][2] - points[i - 1][2] or 0 end
  for i, point in ipairs(points) do
    local here, after = change(i), change(i + 1)
    if is_jump(change(i - 1), here, after, range) then kept[#kept + 1] = { point[1], points[i - 1][2] } end
    if i == 1 or i == #points or i % every == 0 or math.abs(after - here) > range / 2000 then kept[#kept + 1] = point end
  end
  return kept
end

--- Gives at most two points, lowest and highest, for each stretch of a noisy curve: it looks as all points do.
function svg_plot.envelope(points)
  local every = math.ceil(#points / MOST_POINTS)
  if every <= 2 then return points end
  local kept = {}
  for from = 1, #points, every do
    local low, high = points[from], points[from]
    for i = from, math.min(#points, from + every - 1) do
      if points[i][2] < low[2] then low = points[i] end
      if points[i][2] > high[2] then high = points[i] end
    end
    local first, second = low, high
    if high[1] < low[1] then first, second = high, low end
    kept[#kept + 1] = first
    if second ~= first then kept[#kept + 1] = second end
  end
  return kept
end

--- Gives a curve.
---@param look { colour: string, title: string?, width: number?, opacity: number? }
function svg_plot.line(frame, points, look)
  local texts = {}
  for i, point in ipairs(points) do texts[i] = ("%.1f,%.1f"):format(x_of(frame, point[1]), y_of(frame, point[2])) end
  return ('<polyline fill="none" stroke="%s" stroke-width="%g" opacity="%g" points="%s"><title>%s</title></polyline>')
    :format(look.colour, look.width or 2, look.opacity or 1, table.concat(texts, " "), escape(look.title or ""))
end

--- Gives a dot at a point.
function svg_plot.dot(frame, point, look)
  local x, y = x_of(frame, point[1]), y_of(frame, point[2])
  return ('<path d="M%.1f %.1fh.01" stroke="%s" stroke-width="%g" stroke-linecap="round"><title>%s</title></path>'):format(x, y,
    look.colour, look.width or 8, escape(look.title or ""))
end

--- Gives a line from the top to the bottom at a step.
function svg_plot.mark(frame, step, look)
  local x = x_of(frame, step)
  return ('<path d="M%.1f 0V%d" stroke="%s" stroke-width="1.5" stroke-dasharray="4 3"><title>%s</title></path>'):format(x, SIDE,
    look.colour, escape(look.title or ""))
end

--- Gives a bar over steps: the whole height of the frame.
function svg_plot.bar(frame, from, to, look)
  local x = x_of(frame, from)
  return ('<rect x="%.1f" y="0" width="%.1f" height="%d" fill="%s"><title>%s</title></rect>'):format(x,
    math.max(1, x_of(frame, to) - x), SIDE, look.colour, escape(look.title or ""))
end

local function number(value) return (("%.4g"):format(value):gsub("e([+-])0*", "e%1")) end

local function grid(frame)
  local out = {}
  local count = math.floor((frame.high - frame.low) / frame.distance + 0.5)
  for i = 0, count do
    local y = SIDE * (1 - i / count)
    out[#out + 1] = ('<path d="M0 %.1fH%d" stroke="var(--line)"/>'):format(y, SIDE)
  end
  return table.concat(out)
end

local function value_labels(frame)
  local out, count = {}, math.floor((frame.high - frame.low) / frame.distance + 0.5)
  for i = 0, count do
    local value = frame.low + i * frame.distance
    if math.abs(value) < frame.distance / 1e6 then value = 0 end
    out[#out + 1] = ('<span class="y" style="top:%.2f%%">%s</span>'):format(100 * (1 - i / count), number(value))
  end
  return table.concat(out)
end

local function step_labels(frame)
  local out = {}
  local distance = math.max(1, round_distance((frame.last - frame.first + 1) / 8))
  local function add(step, kind, text)
    out[#out + 1] = ('<span class="x %s" style="left:%.2f%%">%s</span>'):format(kind, x_of(frame, step) / SIDE * 100, text)
  end
  add(frame.first, "first", "step " .. frame.first)
  for step = (math.floor(frame.first / distance) + 1) * distance, frame.last - distance * 0.6, distance do
    if x_of(frame, step) > SIDE * 0.14 then add(step, "", ("%d"):format(step)) end
  end
  if frame.last > frame.first then add(frame.last, "last", ("%d"):format(frame.last)) end
  return table.concat(out)
end

local function figure(class, frame, parts, labels)
  local head = ('<svg viewBox="0 0 %d %d" preserveAspectRatio="none" role="img" aria-label="%s">'):format(SIDE, SIDE, escape(frame.name))
  return ('<div class="%s" style="height:%grem">%s%s</svg>%s</div>'):format(class, frame.height_rem, head,
    table.concat(parts, "\n"), labels)
end

--- Gives a drawing with its axes.
---@param parts string[]   of line, dot, mark, bar
function svg_plot.draw(frame, parts)
  return figure("plot", frame, { grid(frame), unpack(parts) }, value_labels(frame) .. step_labels(frame))
end

--- Gives a low drawing without axes, named at its left.
---@param look { boxed: boolean? }   a box around it, or a line through its middle
function svg_plot.row(frame, label, parts, look)
  local ground = look and look.boxed and ('<rect width="%d" height="%d" fill="none" stroke="var(--line)"/>'):format(SIDE, SIDE)
    or ('<path d="M0 %dH%d" stroke="var(--line)"/>'):format(SIDE / 2, SIDE)
  return figure("plot row", frame, { ground, unpack(parts) }, ('<span class="y" style="top:50%%">%s</span>'):format(escape(label)))
end

--- Gives what the colours mean.
---@param names string[]
---@param colours? string[]
function svg_plot.legend(names, colours)
  local out = {}
  for i, name in ipairs(names) do
    out[i] = ('<span><span class="key" style="background:%s"></span>%s</span>'):format(colours and colours[i] or svg_plot.colour(i),
      escape(name))
  end
  return '<div class="legend">' .. table.concat(out) .. "</div>"
end

return svg_plot
