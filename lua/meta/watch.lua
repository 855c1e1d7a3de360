---@meta lorarun.watch

--- Looks after files: what was saved since the last look.
---@class lorarun.Watcher
local Watcher = {}

lorarun.watch = {}

--- Watches files, however editors save them; needs no thread and no waiting.
---@param files string[]
---@return lorarun.Watcher
function lorarun.watch.new(files) end

--- Gives the files whose content changed and that were quiet for 200 ms since, or nothing; a file that is gone
--- counts as changed once.
---@return string[]?
function Watcher:changed() end

--- Watches these files from now on; what is known of those that stay is kept.
---@param files string[]
function Watcher:set(files) end

--- Ends the watch now.
function Watcher:free() end
