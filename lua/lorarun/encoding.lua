--- Latents and captions before the first step: what the cache lacks is encoded, and a signal stops it.

local system = lorarun.system

local encoding = {}

--- Encodes a data set and more captions; gives the counts. What was encoded before a signal stays in the cache.
function encoding.all(run, dataset, captions)
  local counts = lorarun.data.encode(dataset, run.model, run.cache, captions or {}, system.signal)
  local signal, exit_code = system.signal()
  if signal then
    lorarun.fail { what = ("stopped by %s while pictures and captions were encoded, before the first step"):format(signal),
      where = run.cache_folder, fix = "the same command goes on with the encoding", exit_code = exit_code }
  end
  return counts
end

return encoding
