--- Times for people: the clock on their wall. Files keep UTC, "2026-11-28T11:42:21.546Z".

local local_time = {}

--- Days from 1970-01-01 to a date (civil calendar, years from March on).
local function days(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  return 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    + math.floor((153 * (month - 3) + 2) / 5) + day - 719469
end

--- Gives the seconds since 1970 of a time in UTC; nothing when it is none.
---@param text string?
---@return number?
function local_time.seconds(text)
  local year, month, day, hour, minute, second = tostring(text):match("^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)")
  if not year then return nil end
  return ((days(tonumber(year), tonumber(month), tonumber(day)) * 24 + hour) * 60 + minute) * 60 + second
end

--- Gives a time in UTC as "2026-11-28 12:42:21" of this place; the text as it is when it is no time.
---@param text string?
---@return string
function local_time.text(text)
  local seconds = local_time.seconds(text)
  return seconds and os.date("%Y-%m-%d %H:%M:%S", seconds) or tostring(text or "")
end

--- Gives the zone that local_time.text speaks of: "CET" or "UTC".
---@param text string?   a time in UTC; now when absent
---@return string
function local_time.zone(text) return os.date("%Z", local_time.seconds(text) or os.time()) end

return local_time
