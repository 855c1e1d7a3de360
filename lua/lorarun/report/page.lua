--- The report of a run as one page: pictures first, then what was trained on what, curves, changes, and how to go on.
--
-- Every text in it was written by people or by a recipe, and is escaped; pictures are in the page itself (pictures.lua).

local commands = require "lorarun.report.commands"
local curves = require "lorarun.report.curves"
local device = require "lorarun.device"
local pictures = require "lorarun.report.pictures"
local samples = require "lorarun.report.samples"
local start = require "lorarun.start"
local svg_plot = require "lorarun.svg_plot"
local training_set = require "lorarun.report.training_set"
local web_page = require "lorarun.web_page"
local words = require "lorarun.report.words"

local page = {}

local escape = web_page.escape
local grouped, bytes_text, duration = words.grouped, words.bytes_text, words.duration

local STYLE = svg_plot.STYLE .. [[
.state { font-size: .8rem; font-weight: 500; border: 1px solid var(--line); border-radius: 1rem; padding: .1rem .6rem; margin-left: .5rem;
  vertical-align: middle; white-space: nowrap; color: var(--soft) }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem; margin: 1.2rem 0 }
.cards div { background: var(--panel); border-radius: .5rem; padding: .5rem .8rem }
.cards b { display: block; font-weight: 600; font-variant-numeric: tabular-nums } .cards span { font-size: .8rem; color: var(--soft) }
.sheet { display: grid; gap: .35rem .5rem; overflow-x: auto; align-items: start; margin-top: .6rem }
.sheet .prompt { grid-column: 1 / -1; margin-top: .5rem; font-size: .9rem; position: sticky; left: 0 }
.sheet .head { font-size: .8rem; color: var(--soft) }
.sheet img, .photos img { display: block; width: 100%; border-radius: .35rem; background: var(--panel) }
.photos { display: grid; grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); gap: .6rem; margin-top: .6rem }
.photos figure { margin: 0 } .photos figcaption { font-size: .75rem; line-height: 1.35; color: var(--soft); margin-top: .2rem }
.photos figure.set { grid-column: 1 / -1; font-size: .9rem }
details { margin: .3rem 0 } summary { cursor: pointer; color: var(--soft) }
pre { background: var(--panel); border-radius: .5rem; padding: .6rem .8rem; overflow-x: auto; font-size: .8rem; line-height: 1.45;
  margin: .2rem 0 .7rem; overflow-wrap: normal }
.how p { font-size: .9rem; margin-top: .6rem } .how pre { white-space: pre-wrap; overflow-wrap: anywhere }
footer { margin: 3rem 0 1rem; font-size: .8rem; color: var(--soft) }
]]

local SHOWN_PX = 256

local function element(name, text) return ("<%s>%s</%s>"):format(name, escape(text), name) end

local function heading(text) return element("h2", text) end

--- The last two parts of the base's path: "quickstart/base".
local function base_of(settings) return settings.model.path:match("([^/]+/[^/]+)/*$") or settings.model.path end

local function kind_text(kind) return kind == "lora" and "LoRA" or kind end

local function subtitle(facts)
  local s, parts = facts.settings, {}
  if s then parts[1] = ("%s on %s"):format(kind_text(s.network.kind), base_of(s)) end
  parts[#parts + 1] = facts.began and tostring(facts.began):sub(1, 16):gsub("T", " ") .. " UTC" or nil
  return ('<p class="soft">%s</p>'):format(escape(table.concat(parts, " · ")))
end

local function head(facts)
  local lines = { ('<h1>%s<span class="state">%s</span></h1>'):format(escape(facts.name), escape(facts.status)), subtitle(facts) }
  if facts.why then lines[3] = ('<div class="warn">%s</div>'):format(escape(facts.why)) end
  return table.concat(lines, "\n")
end

local function cards(facts)
  local out = {}
  local function add(value, label) out[#out + 1] = ("<div><b>%s</b><span>%s</span></div>"):format(escape(value), escape(label)) end
  add(facts.steps and facts.step < facts.steps and ("%s of %s"):format(grouped(facts.step), grouped(facts.steps))
    or grouped(facts.step), "steps")
  if facts.seconds > 0 then
    add(duration(facts.seconds), ("training, %.3g s a step"):format(facts.seconds / math.max(1, #facts.loss)))
  end
  local first, last = curves.tenths(facts.loss)
  if first then add(("%.4g → %.4g"):format(first, last), "loss, first and last tenth") end
  for _, name in ipairs(facts.evaluations and facts.evaluations.names or {}) do
    local best = facts.evaluations.best[name]
    if best then add(("%.4g"):format(best.value), ("best %s, at step %d"):format(name:gsub("_", " "), best.step)) end
  end
  if facts.lora then add(bytes_text(facts.lora.bytes), "file of step " .. facts.lora_step) end
  return '<div class="cards">' .. table.concat(out) .. "</div>"
end

--- The address of a file of the run, from the page's own folder.
local function address(facts, path)
  local inside = path:sub(1, #facts.folder + 1) == facts.folder .. "/" and path:sub(#facts.folder + 2)
  return inside and (inside:gsub("[^%w/._-]", function(c) return ("%%%02X"):format(c:byte()) end)) or nil
end

local function picture(facts, store, path, told)
  local source = path and (store:uri(path, SHOWN_PX) or address(facts, path))
  if not source then return '<div class="soft">–</div>' end
  return ('<img src="%s" alt="%s" title="%s" loading="lazy">'):format(source, escape(told), escape(told))
end

local function step_label(steps, i)
  local label = ("step %s"):format(grouped(steps[i]))
  if i == 1 and steps[i] == 0 then return label .. ", before" end
  return i == #steps and i > 1 and label .. ", after" or label
end

--- What a prompt lacks that every training picture has: such prompts show what the training did to the rest.
local function control_text(facts, prompt)
  for _, set in ipairs(facts.settings and facts.settings.data or {}) do
    if set.trigger == nil or set.trigger == "" or prompt:find(set.trigger, 1, true) then return "" end
  end
  local first = facts.settings and facts.settings.data[1]
  return first and (' <span class="soft">· control, without “%s”</span>'):format(escape(first.trigger)) or ""
end

local function sheet(facts, store)
  local found = samples.of(facts.folder, facts.step)
  if not found then return "" end
  local columns, cells = #found.steps, {}
  for i = 1, columns do cells[i] = ('<div class="head">%s</div>'):format(escape(step_label(found.steps, i))) end
  for _, row in ipairs(found.rows) do
    cells[#cells + 1] = ('<div class="prompt">%s%s</div>'):format(escape(row.prompt), control_text(facts, row.prompt))
    for i, step in ipairs(found.steps) do
      cells[#cells + 1] = picture(facts, store, row.paths[step], ("%s: %s"):format(step_label(found.steps, i), row.prompt))
    end
  end
  local more = found.drawn > columns and (" %d of the %d steps that were drawn."):format(columns, found.drawn) or ""
  return ('<h2>Before and after%s</h2><p class="soft">The same prompts from the same noise each time.%s</p>')
    :format(columns > 2 and ", and between" or "", more)
    .. ('<div class="sheet" style="grid-template-columns:repeat(%d,minmax(4.6rem,14rem))">'):format(columns)
    .. table.concat(cells, "\n") .. "</div>"
end

local function rows(list)
  local out = {}
  for i, pair in ipairs(list) do out[i] = ("<tr><th>%s</th><td>%s</td></tr>"):format(escape(pair[1]), escape(pair[2])) end
  return '<div class="wide"><table>' .. table.concat(out, "\n") .. "</table></div>"
end

local function network_text(facts)
  local n = facts.settings.network
  local rank = n.rank and n.kind ~= "full" and (" of rank %d, alpha %g"):format(n.rank, n.alpha or n.rank) or ""
  local encoders = n.text_encoders and #n.text_encoders > 0 and ", also on " .. table.concat(n.text_encoders, ", ") or ""
  return kind_text(n.kind) .. rank .. encoders .. (facts.parameters and (": %s parameters"):format(grouped(facts.parameters)) or "")
end

local function what(facts)
  local s = facts.settings
  if not s then return heading "What was trained" .. '<p class="soft">The recipe no longer opens, so its settings are not shown.</p>' end
  local list = { { "base", ("%s (%s, %s)"):format(base_of(s), s.model.kind, s.model.dtype) }, { "network", network_text(facts) } }
  list[3] = { "batch", ("%d%s"):format(s.batch, s.accumulate > 1 and (", gathered over %d"):format(s.accumulate) or "") }
  list[4] = { "optimizer", ("%s, lr %g, schedule %s"):format(s.optimizer.kind, s.optimizer.lr, s.schedule.kind) }
  if s.ema and s.ema > 0 then list[5] = { "averaged weights", ("decay %g"):format(s.ema) } end
  return heading "What was trained" .. rows(list)
end

local function photos(facts, store)
  local sets = training_set.of(facts)
  if #sets == 0 then return "" end
  local out = { heading "On which pictures", '<div class="photos">' }
  for _, set in ipairs(sets) do
    out[#out + 1] = ('<figure class="set">%s</figure>'):format(escape(set.title))
    for _, one in ipairs(set.pictures) do
      out[#out + 1] = ("<figure>%s<figcaption>%s</figcaption></figure>"):format(picture(facts, store, one.path, one.name),
        escape(one.caption))
    end
  end
  out[#out + 1] = "</div>"
  return table.concat(out, "\n")
end

local function evaluation_rows(found)
  local out = { "<tr><th>step</th>" }
  for _, name in ipairs(found.names) do out[#out + 1] = element("th", (name:gsub("_", " "))) end
  out[#out + 1] = "</tr>"
  for _, one in ipairs(found.steps) do
    out[#out + 1] = ("<tr><td class=\"n\">%d</td>"):format(one.step)
    for _, name in ipairs(found.names) do
      local value, best = one.values[name], found.best[name]
      local text = value and ("%.5g"):format(value) or ""
      out[#out + 1] = "<td>" .. (best and best.step == one.step and element("b", text .. "  best") or escape(text)) .. "</td>"
    end
    out[#out + 1] = "</tr>"
  end
  return '<div class="wide"><table>' .. table.concat(out) .. "</table></div>"
end

local function evaluations(facts)
  local found = facts.evaluations
  if not found then return "" end
  return heading "Measured on pictures it never trained on" .. curves.evaluations(facts)
    .. ("<details><summary>%d measurements</summary>%s</details>"):format(#found.steps, evaluation_rows(found))
end

local MOST_LINES = 200

local function change_text(change)
  if not change.lines then return escape(change.what) end
  local lines = {}
  for i = 1, math.min(MOST_LINES, #change.lines) do
    lines[i] = ("%7d  %s"):format(change.lines[i].step, (change.lines[i].what:gsub("%s+", " ")))
  end
  if #change.lines > MOST_LINES then lines[#lines + 1] = ("… %d more, in journal.jsonl"):format(#change.lines - MOST_LINES) end
  return ("%s<details><summary>%d lines</summary><pre>%s</pre></details>"):format(escape(change.what), #change.lines,
    escape(table.concat(lines, "\n")))
end

local function changes(facts)
  if #facts.changes == 0 then return "" end
  local out = {}
  for i, change in ipairs(facts.changes) do
    local steps = change.to and ("%d – %d"):format(change.step, change.to) or ("%d"):format(change.step)
    out[i] = ('<tr><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td><td>%s</td></tr>'):format(steps,
      escape(change.event), escape(change.origin or ""), change_text(change))
  end
  return heading "What changed, and when" .. '<div class="wide"><table><tr><th>step</th><th>what</th><th>by</th><th></th></tr>'
    .. table.concat(out, "\n") .. "</table></div>"
end

local function how(facts)
  local out = {}
  for i, one in ipairs(commands.of(facts)) do
    out[i] = ("<p>%s</p><pre>%s</pre>"):format(escape(one.what), escape(one.command))
  end
  return heading "How to go on" .. '<div class="how">' .. table.concat(out, "\n") .. "</div>"
end

local function run_rows(facts)
  local m, list = facts.machine, {}
  local function add(name, value) if value ~= nil and value ~= "" then list[#list + 1] = { name, value } end end
  add("seed", facts.seed)
  add("device", facts.device and device.label(facts.device, facts.card))
  add("model", facts.model and start.model_text(facts.model))
  add("machine", m.cpu and ("%s, %d cores, %d threads"):format(m.cpu, m.cores or 0, m.threads or 0))
  add("peak memory of the process", facts.peak_bytes and bytes_text(facts.peak_bytes))
  add("versions", m.lorarun and ("lorarun %s, LibTorch %s"):format(m.lorarun, m.torch or "?"))
  add("recipe", facts.recipe_path)
  add("its hash", facts.recipe_hash and facts.recipe_hash:sub(1, 16))
  add("folder", lorarun.system.absolute(facts.folder))
  return heading "The run" .. rows(list)
end

local function recipe(facts)
  if not facts.text then return "" end
  return "<details><summary>the recipe, as it was in force last</summary><pre>" .. escape(facts.text) .. "</pre></details>"
end

--- Gives the page.
---@param facts table   of facts.of
---@param limit_bytes? integer   for all pictures in it
---@return string
function page.of(facts, limit_bytes)
  local store = pictures.new(limit_bytes)
  return web_page.of { title = ("%s: report"):format(facts.name), style = STYLE, body = {
    head(facts), cards(facts), sheet(facts, store), what(facts), photos(facts, store), curves.loss(facts), curves.rates(facts),
    evaluations(facts), changes(facts), how(facts), run_rows(facts), recipe(facts),
    ('<footer>Written by lorarun from %s; `lorarun report` writes it again. This page asks for nothing from the network.</footer>')
      :format("journal.jsonl, metrics.jsonl and samples/"),
  } }
end

return page
