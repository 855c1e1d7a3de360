--- Pages of one file: the look that plans, comparisons and reports share, and the escaping of everything people wrote.
--
-- A page is light or dark as the reader's system is, asks for nothing from the network and runs no script; its policy
-- line forbids both, whatever a caption holds.

local web_page = {}

local STYLE = [[
:root { color-scheme: light dark; --ink: #1c2430; --soft: #68717d; --line: #d9dee5; --paper: #fff; --panel: #f5f7fa;
  --warn: #fff4e0; --edge: #e8a33d;
  --c1: #2563eb; --c2: #d9480f; --c3: #0f7b5f; --c4: #8b3fc4; --c5: #b8860b; --c6: #c2185b }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ee; --soft: #98a2ae; --line: #333b46; --paper: #14181d; --panel: #1c2229; --warn: #33270f; --edge: #b5791e;
    --c1: #6ea2ff; --c2: #ff8a57; --c3: #45c39b; --c4: #c38bf2; --c5: #e0b64a; --c6: #f06ba0 }
}
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100% }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 960px; margin: 2rem auto; padding: 0 1rem; overflow-wrap: break-word }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 } h2 { font-size: 1.05rem; margin: 2rem 0 .4rem }
p { margin: .3rem 0 } .soft { color: var(--soft) }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
th { color: var(--soft); font-weight: 500 }
td.n { white-space: nowrap } .wide { overflow-x: auto }
.warn { background: var(--warn); border-left: 4px solid var(--edge); padding: .4rem .8rem; margin: .4rem 0 }
.key { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin: 0 .3rem 0 0; vertical-align: -1px }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1rem; font-size: .85rem }
img { max-width: 100% }
]]

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

--- Gives a value as text that cannot become markup, in an element or in a quoted attribute.
function web_page.escape(value) return (tostring(value):gsub("[&<>\"']", ESCAPES)) end

local POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data: file: 'self'"

--- Gives a whole page.
---@param page { title: string, style: string?, body: string[] }   `body` is markup, `title` is not
---@return string
function web_page.of(page)
  return table.concat({
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    ('<meta http-equiv="Content-Security-Policy" content="%s">'):format(POLICY),
    ("<title>%s</title>"):format(web_page.escape(page.title)),
    ("<style>\n%s%s</style>"):format(STYLE, page.style or ""),
    table.concat(page.body, "\n"),
    "</html>",
  }, "\n") .. "\n"
end

return web_page
