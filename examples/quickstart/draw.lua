--- Draws the pictures of the quickstart and writes their captions.
--
--   run     ./lorarun --trust examples/quickstart/draw.lua [FOLDER]
--   leaves  FOLDER/meadow_sitting.png, FOLDER/meadow_sitting.txt, …   (photos/ next to this file)
--
-- draw/canvas.lua has shapes and paint, draw/fox.lua the character, draw/scenes.lua the places.
-- The trigger word is not in the captions: the recipe adds it.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local out = arg[1] or here .. "/photos"

local function part(name, ...) return assert(loadfile(here .. "/draw/" .. name .. ".lua"))(...) end

local canvas = part("canvas")
local scenes = part("scenes", canvas, part("fox", canvas))

lorarun.system.make_folder(out)
for _, scene in ipairs(scenes) do
  lorarun.scope(function()
    local page = canvas.new(scene.width, scene.height)
    scene.paint(page)
    lorarun.image.save(out .. "/" .. scene.name .. ".png", page:finish())
    lorarun.system.write(out .. "/" .. scene.name .. ".txt", scene.caption .. "\n")
  end)
end
print(#scenes .. " pictures in " .. out)
