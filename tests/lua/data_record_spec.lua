--- Which pictures and captions changed since a run began.

local data_record = require "lorarun.data_record"

local system = lorarun.system

local function with_run(f)
  local folder = system.temporary_folder()
  system.make_folder(folder .. "/photos")
  local run = { folder = folder, cache_folder = folder, settings = { data = { { dir = folder .. "/photos" } } } }
  system.write(folder .. "/photos/1.png", "picture")
  system.write(folder .. "/photos/1.txt", "a red thing")
  system.write(folder .. "/index.json", system.encode { [folder .. "/photos/1.png"] = { 7, 1, ("a"):rep(64) } })
  local done, problem = pcall(f, run, folder .. "/photos")
  system.remove(folder)
  if not done then error(problem, 0) end
end

test("an edited caption is named", function(t)
  with_run(function(run, photos)
    data_record.keep(run)
    t.equal(data_record.changes(run), {})
    system.write(photos .. "/1.txt", "a blue thing")
    t.equal(data_record.changes(run), { photos .. "/1.txt changed" })
    data_record.keep(run) -- the beginning stays what it was
    t.equal(data_record.text(run), photos .. "/1.txt changed")
  end)
end)

test("pictures that are new, gone or others are named", function(t)
  with_run(function(run, photos)
    data_record.keep(run)
    system.write(photos .. "/2.png", "another")
    system.remove(photos .. "/1.txt")
    system.write(run.folder .. "/index.json", system.encode { [photos .. "/1.png"] = { 7, 2, ("b"):rep(64) },
      [photos .. "/2.png"] = { 7, 2, ("c"):rep(64) } })
    t.equal(data_record.changes(run), { photos .. "/1.png changed", photos .. "/1.txt is gone", photos .. "/2.png is new" })
  end)
end)

test("many changes are counted, and a run without a record has none to name", function(t)
  with_run(function(run, photos)
    t.equal({ data_record.text(run), data_record.changes(run) }, { "", nil })
    data_record.keep(run)
    for i = 2, 6 do system.write(photos .. "/" .. i .. ".txt", "x") end
    t.ok(data_record.text(run):find("3.txt is new, " .. photos .. "/4.txt is new, and 2 more", 1, true), data_record.text(run))
    system.write(run.folder .. "/data.json", "{ torn")
    t.equal(data_record.text(run), "")
  end)
end)
