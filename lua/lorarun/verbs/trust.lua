--- `lorarun trust list|forget …`: shows which scripts may use the full API, and takes that back.

local trust = require "lorarun.trust"

local verb = { usage = "trust list [--json] | trust forget HASH|PATH|--all", switches = { "json", "all" } }

local function sorted_hashes(entries)
  local hashes = {}
  for hash in pairs(entries) do hashes[#hashes + 1] = hash end
  table.sort(hashes, function(a, b)
    if entries[a].time ~= entries[b].time then return entries[a].time < entries[b].time end
    return a < b
  end)
  return hashes
end

local function list(arguments)
  local entries, rows = trust.all(), {}
  for _, hash in ipairs(sorted_hashes(entries)) do
    rows[#rows + 1] = { hash = hash, path = entries[hash].path, time = entries[hash].time }
  end
  if arguments.json then
    print(lorarun.system.encode { file = trust.path(), trusted = rows })
    return 0
  end
  for _, row in ipairs(rows) do print(("%s  %s  %s"):format(row.hash:sub(1, 12), row.time:sub(1, 19), row.path)) end
  if #rows == 0 then print("no script is trusted") end
  return 0
end

local function forget(arguments)
  if not arguments.all and not arguments[2] then
    lorarun.fail { what = "which script?", where = "the command line", fix = "usage: lorarun " .. verb.usage }
  end
  local count = trust.forget(arguments.all or arguments[2])
  print(("%d forgotten"):format(count))
  return 0
end

function verb.run(arguments)
  if arguments[1] == "list" and not arguments[2] then return list(arguments) end
  if arguments[1] == "forget" then return forget(arguments) end
  lorarun.fail { what = "trust needs list or forget", where = "the command line", fix = "usage: lorarun " .. verb.usage }
end

return verb
