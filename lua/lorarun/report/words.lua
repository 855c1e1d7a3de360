--- Numbers and paths as people read them in a report and in a terminal.

local words = {}

--- 1234567 -> "1,234,567"
function words.grouped(value)
  local text = ("%d"):format(value)
  return (text:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^(-?),", "%1"))
end

--- 1782579 -> "1.7 MB"
function words.bytes_text(bytes)
  if bytes < 2 ^ 20 then return ("%.0f kB"):format(bytes / 2 ^ 10) end
  return bytes < 2 ^ 30 and ("%.1f MB"):format(bytes / 2 ^ 20) or ("%.2f GB"):format(bytes / 2 ^ 30)
end

--- 4.25 -> "4.3 s", 200 -> "3 min 20 s"
function words.duration(seconds)
  return seconds < 10 and ("%.1f s"):format(seconds) or lorarun.system.duration(seconds)
end

--- The path as seen from where the program was started, when it lies below.
function words.near(path)
  local here = lorarun.system.absolute("."):gsub("/%.?$", "")
  local absolute = lorarun.system.absolute(path):gsub("/+$", "")
  return absolute:sub(1, #here + 1) == here .. "/" and absolute:sub(#here + 2) or absolute
end

--- The word by which other verbs find a run: its name in `runs`, else its folder.
function words.run_word(folder, name)
  local near = words.near(folder)
  return near == "runs/" .. name and name or near
end

return words
