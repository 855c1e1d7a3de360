---@meta lorarun.system

--- Files, clock and signals: what the loop needs of the machine.
lorarun.system = {}

--- Reads a whole file.
---@param path string
---@return string
function lorarun.system.read(path) end

--- Writes a file, whole or not at all.
---@param path string
---@param text string
function lorarun.system.write(path, text) end

--- Makes a folder and its parents.
---@param path string
function lorarun.system.make_folder(path) end

--- Copies one file, whole or not at all.
---@param from string
---@param to string
function lorarun.system.copy(from, to) end

--- Removes a file, or a folder with everything in it.
---@param path string
function lorarun.system.remove(path) end

--- Makes a new, empty folder for things that are removed at the end.
---@return string
function lorarun.system.temporary_folder() end

--- Says whether a file or folder is there.
---@param path string
---@return boolean
function lorarun.system.exists(path) end

--- Says whether it is a folder.
---@param path string
---@return boolean
function lorarun.system.is_folder(path) end

--- Gives the names in a folder, sorted.
---@param folder string
---@return string[]
function lorarun.system.list(folder) end

--- Gives the absolute path.
---@param path string
---@return string
function lorarun.system.absolute(path) end

--- Gives the absolute path without symbolic links, or nothing when there is no such file.
---@param path string
---@return string?
function lorarun.system.real(path) end

--- Gives the SHA-256 of a text, 64 digits.
---@param text string
---@return string
function lorarun.system.sha256(text) end

--- Gives the SHA-256 of a file's bytes, 64 digits.
---@param path string
---@return string
function lorarun.system.sha256_file(path) end

--- Gives the value of a JSON text.
---@param text string
---@param place? string
---@return any
function lorarun.system.decode(text, place) end

--- Gives one line of JSON.
---@param value any
---@return string
function lorarun.system.encode(value) end

--- Gives JSON over several lines.
---@param value any
---@return string
function lorarun.system.encode_pretty(value) end

--- Gives the time as text, UTC.
---@return string
function lorarun.system.now() end

--- Gives seconds of a steady clock.
---@return number
function lorarun.system.seconds() end

--- Gives seconds since the process began.
---@return number
function lorarun.system.since_start() end

--- Gives "3 min 20 s".
---@param seconds number
---@return string
function lorarun.system.duration(seconds) end

--- Gives name and exit code of a pending SIGINT or SIGTERM, or nothing.
---@return string?
function lorarun.system.signal() end

--- From now on SIGINT and SIGTERM leave a note for signal() instead of ending the process.
function lorarun.system.catch_signals() end

--- Says something on standard error; level "info" or "warn".
---@param text string
---@param level? string
function lorarun.system.log(text, level) end

--- Gives the terminal's width, or nothing when standard error is none.
---@return integer?
function lorarun.system.terminal() end

--- Gives the known name that a misspelt one probably stands for.
---@param word string
---@param known string[]
---@return string?
function lorarun.system.nearest(word, known) end

--- Gives the folder of the program's Lua files.
---@return string
function lorarun.system.share() end

--- Takes a lock until the process ends; gives true, or the id of the process that holds it.
---@param path string
---@return true|string
function lorarun.system.lock(path) end

--- Gives what figures depend on: versions, the processor, cores and threads.
---@return { lorarun: string, torch: string, cpu: string, cpu_capability: string, cores: integer, threads: integer }
function lorarun.system.machine() end

--- Gives how many threads tensor operations used so far, and sets them to `count` when it is given.
--- Raises an error when `count` is not from 1 to 1024.
---@param count? integer
---@return integer
function lorarun.system.compute_threads(count) end
