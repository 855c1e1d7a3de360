--- What pictures are worth, out of their embeddings: is it the one, are they all the same, did others change, was
--- the prompt followed.
--
--   identity   how near pictures are to reference pictures of somebody
--   variety    how far the pictures of one prompt are from each other
--   leak       how far pictures that ask for something else went from where the base model has them
--   following  how many of the asked attributes a classifier finds
--   psnr       how well a picture was rebuilt, whole or in a box
--
-- Embeddings are unit rows [N, D] (lua/lorarun/embedder.lua), so nearness is the cosine, from -1 to 1.

local picture_metrics = {}

--- Gives the direction of the mean of unit rows, [1, D].
---@param rows lorarun.Tensor   [N, D]
---@return lorarun.Tensor
function picture_metrics.centroid(rows)
  local mean = rows:mean(1, true)
  return mean / (mean:norm() + 1e-12)
end

--- Gives the mean cosine to the centroid of the references, and the mean cosine to each picture's nearest reference.
--- The centroid asks "is it this one?", the nearest also rises where one training picture is copied.
---@param rows lorarun.Tensor         [N, D]
---@param references lorarun.Tensor   [M, D]
---@return { centroid: number, nearest: number }
function picture_metrics.identity(rows, references)
  local nearest = rows:matmul(references:transpose()):max(2)
  return {
    centroid = rows:matmul(picture_metrics.centroid(references):transpose()):mean():item(),
    nearest = nearest:mean():item(),
  }
end

--- Gives the mean of 1 - cosine over all pairs; 0 for pictures that are all alike, and for one alone.
---@param rows lorarun.Tensor   [N, D]
---@return number
function picture_metrics.variety(rows)
  local N = rows:size(1)
  if N < 2 then return 0 end
  local alike = rows:matmul(rows:transpose()):sum():item() - (rows * rows):sum():item()
  return 1 - alike / (N * (N - 1))
end

--- Variance of each column, [D].
local function variances(rows) return rows:std(1) ^ 2 end

--- Fréchet distance of two normal distributions without covariances between columns.
local function frechet(a, b)
  local apart = a:mean(1) - b:mean(1)
  local spread = variances(a):sqrt() - variances(b):sqrt()
  return ((apart * apart):sum() + (spread * spread):sum()):item()
end

--- Gives how far the pictures of control prompts went from the base's; row i of both comes from the same prompt and
--- the same start noise.
--
--   toward   rise of the mean cosine to the reference's centroid: the leak that one sees, somebody's traits in
--            pictures that did not ask for them; of one number a picture, so 24 pictures settle it to about 0.02
--   shift    squared length of the mean change, less what 24 pictures that change at random would show: around 0,
--            also below it, where nothing common changed
--   moved    mean 1 - cosine between a picture and its own counterpart: any change at all, common or not
--   frechet  Fréchet distance with diagonal covariances; the full one needs many more pictures than dimensions
--
-- `toward` and `shift` are the robust ones: both compare pairs, so what prompts and noise vary cancels, and neither
-- estimates a matrix. `frechet` compares the clouds as wholes and is never below the noise of two small samples.
---@param base lorarun.Tensor         [N, D]
---@param changed lorarun.Tensor      [N, D]
---@param references? lorarun.Tensor  [M, D]; `toward` is absent without
---@return { toward: number?, shift: number, moved: number, frechet: number }
function picture_metrics.leak(base, changed, references)
  local change = changed - base
  local N, common = base:size(1), change:mean(1)
  local by_chance = N > 1 and variances(change):sum():item() / N or 0
  local toward
  if references then
    toward = change:matmul(picture_metrics.centroid(references):transpose()):mean():item()
  end
  return {
    toward = toward,
    shift = (common * common):sum():item() - by_chance,
    moved = 1 - (base * changed):sum(2):mean():item(),
    frechet = N > 1 and frechet(base, changed) or (change * change):sum():item(),
  }
end

local function part_of(right, asked) return asked > 0 and right / asked or 0 end

--- Gives the part of the asked attributes that was found, in all and by attribute.
---@param asked table<string, string>[]      { colour = "green", place = "grass" } a picture
---@param found table<string, { value: string, probability: number }>[]   of embedder.classify
---@return { all: number, by: table<string, number> }
function picture_metrics.following(asked, found)
  local right, count, all_right, all = {}, {}, 0, 0
  for i, wanted in ipairs(asked) do
    for name, value in pairs(wanted) do
      local seen = found[i][name]
      if not seen then
        lorarun.fail { what = "the embedder does not classify '" .. name .. "'", where = "asked[" .. i .. "]",
          fix = "ask for attributes that classify() gives" }
      end
      local hit = seen.value == value and 1 or 0
      right[name], count[name] = (right[name] or 0) + hit, (count[name] or 0) + 1
      all_right, all = all_right + hit, all + 1
    end
  end
  local by = {}
  for name, asked_count in pairs(count) do by[name] = part_of(right[name], asked_count) end
  return { all = part_of(all_right, all), by = by }
end

--- Gives the peak signal-to-noise ratio in dB of pictures in [0, 1]; 100 where both are equal.
---@param picture lorarun.Tensor   [3, H, W]
---@param rebuilt lorarun.Tensor   [3, H, W]
---@param box? { x: integer, y: integer, width: integer, height: integer }   pixels from 0; the whole picture when absent
---@return number
function picture_metrics.psnr(picture, rebuilt, box)
  local error = (picture - rebuilt) ^ 2
  if box then error = error:narrow(2, box.y + 1, box.height):narrow(3, box.x + 1, box.width) end
  local mean = error:mean():item()
  return mean > 1e-10 and -10 * math.log10(mean) or 100
end

return picture_metrics
