--- How well the embedder sees drawings that it never learned from.
--
--   heads      part of right classes over pictures of another seed, plain and softly blurred (as a VAE gives them back)
--   identity   part of the held-out pictures of the six named characters whose nearest centroid, of all six training
--              sets, is their own; and the same among 600 creatures of another seed by their two views

local part, pool = ...
local world, characters = part "world", part "characters"
local tensor, system = lorarun.tensor, lorarun.system
local judge = {}

local SEED, FAMILIES, SIZE_PX = 8, 150, 128

local function draw_all(list)
  local pictures = {}
  for i, at in ipairs(list) do pictures[i] = (world.draw(at, SIZE_PX)) end
  return tensor.stack(pictures, 1)
end

--- Halved and brought back: what a soft decoder leaves.
local function soft(pictures)
  local size = pictures:size(3)
  return pictures:interpolate({ size / 2, size / 2 }, { mode = "bilinear" }):interpolate({ size, size }, { mode = "bilinear" })
end

local function accuracy(heads, seen, labels)
  local right, count, rows = {}, {}, labels:to_table()
  for row, found in ipairs(seen) do
    for i, head in ipairs(heads) do
      local class = rows[row][i]
      if class > 0 then
        count[head.name] = (count[head.name] or 0) + 1
        right[head.name] = (right[head.name] or 0) + (found[head.name].value == head.values[class] and 1 or 0)
      end
    end
  end
  local parts = {}
  for name, n in pairs(count) do parts[name] = math.floor(1e4 * right[name] / n + 0.5) / 1e4 end
  return parts
end

local function unit_mean(rows)
  local mean = rows:mean(1, true)
  return mean / mean:norm()
end

--- Part of the held-out pictures that lie nearest to the training pictures of their own character.
local function characters_found(embedder)
  local centroids, right, count = {}, 0, 0
  for i, name in ipairs(characters.names) do
    centroids[i] = unit_mean(embedder.embed(draw_all(characters.pictures(name, "train"))))
  end
  local all = tensor.cat(centroids, 1):transpose()
  for i, name in ipairs(characters.names) do
    local found = embedder.embed(draw_all(characters.pictures(name, "heldout"))):matmul(all):argmax(2):to_table()
    for _, one in ipairs(found) do right, count = right + (one == i and 1 or 0), count + 1 end
  end
  return right / count
end

--- Part of the creatures whose second view is the nearest to their first, among all of them.
local function creatures_found(embeddings)
  local rows = embeddings:reshape(-1, 2, embeddings:size(2))
  local found = rows:select(2, 1):matmul(rows:select(2, 2):transpose()):argmax(2):to_table()
  local right = 0
  for i, one in ipairs(found) do right = right + (one == i and 1 or 0) end
  return right / #found
end

--- Gives { heads, heads_soft, characters, creatures }: parts of 1.
---@param embedder table
---@param folder string   where the held-out drawings are kept
function judge.figures(embedder, folder)
  local heads = pool.heads()
  local pictures, labels = pool.open(folder, SEED, FAMILIES, SIZE_PX)
  pictures = pictures:to("float32") / 255
  return {
    pictures = pictures:size(1), creatures = creatures_found(embedder.embed(pictures)), characters = characters_found(embedder),
    heads = accuracy(heads, embedder.classify(pictures), labels),
    heads_soft = accuracy(heads, embedder.classify(soft(pictures)), labels),
  }
end

--- Prints the figures.
function judge.say(figures)
  print(("held out: %d drawings   %-8s %8s"):format(figures.pictures, "plain", "soft"))
  for _, head in ipairs(pool.heads()) do
    print(("  %-20s %8.1f %% %8.1f %%"):format(head.name, 100 * figures.heads[head.name], 100 * figures.heads_soft[head.name]))
  end
  print(("  six characters found %8.1f %%\n  one creature of %d   %8.1f %%"):format(100 * figures.characters,
    figures.pictures / 2, 100 * figures.creatures))
  system.log("the embedder is judged")
end

return judge
