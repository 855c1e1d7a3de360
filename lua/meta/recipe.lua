---@meta lorarun.recipe

-- Made by `lorarun --write-docs` from lua/lorarun/schema.lua.

---@class lorarun.recipe
---@field name string?   name of the run and of its folder; the recipe's file name when absent
---@field seed integer?   every random number of the run is a function of it
---@field steps integer?   optimizer steps in all
---@field epochs number?   instead of steps: times through the data
---@field device string?   cpu, cuda, cuda:1, or auto: the first card that works, else the CPU
---@field model lorarun.recipe.model   the base model: flux { path = … }
---@field network lorarun.recipe.network   what is trained: lora { rank = 16 }
---@field objective lorarun.recipe.objective?   what the weights learn: denoise, or autoencode { kl = 5e-4 } for the VAE
---@field data table[]   data sets: { images { dir = … } }
---@field batch integer?   pictures in a micro-batch
---@field accumulate integer?   micro-batches in a step
---@field clip number?   global norm of the gradient; 0 = off
---@field ema number?   decay of the averaged weights; 0 = off
---@field guidance number?   guidance value that the model is trained under
---@field optimizer lorarun.recipe.optimizer?   how weights move: adamw { lr = 1e-4 }
---@field schedule lorarun.recipe.schedule|string?   learning rate over the run: cosine { warmup = 0.05 }
---@field timesteps lorarun.recipe.timesteps?   law of the noise time
---@field loss lorarun.recipe.loss?   what is minimised
---@field save lorarun.recipe.save|false?   checkpoints
---@field render lorarun.recipe.render|false?   pictures drawn while training; absent, false or every = 0: none
---@field evaluate lorarun.recipe.evaluate|false?   measurements on held-out pictures while training; absent, false or every = 0: none
---@field policies table[]?   ready policies that look at the run: { early_stop { patience = 3 } }
---@field text_encoders lorarun.recipe.text_encoders?   when text encoders train: late_tune { from = 0.8, lr = 5e-6 }; absent: as everything else
---@field phases lorarun.Phase[]?   what holds in parts of the run: { phase { from = 0.8, lr = 3e-5 } }
---@field on lorarun.recipe.on?   functions that decide while the run goes
---@field version integer?   of the state that hooks keep: another one calls migrate
---@field migrate fun(state: lorarun.State, run: lorarun.Run): lorarun.Knobs??   function(state, from) that gives the state of an older version in the shape of this one

---@class lorarun.recipe.model
---@field path string   diffusers folder of the base model
---@field dtype string?   dtype of the denoiser's frozen weights
---@field vae_dtype string?   dtype of the VAE
---@field text_dtype string?   dtype of the text encoders; the denoiser's when absent
---@field recompute boolean?   recompute each block in backward: less memory, more time

---@class lorarun.recipe.network
---@field rank integer?   rank of each module
---@field alpha number?   scale of the change is alpha / rank; the rank when absent
---@field dropout number?   chance of dropping a row of the bottleneck
---@field targets table?   patterns of layers; empty: every linear of the blocks
---@field exclude table?   patterns of layers left out
---@field text_encoders table?   text encoders with adapters of their own: { "clip_l", "t5" }
---@field text_encoder_targets table?   patterns of their layers; empty: every linear
---@field text_encoder_rank integer?   rank there; the network's when absent
---@field text_encoder_alpha number?   alpha there; absent: as much per rank as in the network
---@field components table?   what trains beside text_encoders: { "transformer" } when absent, or { "vae" }
---@field start string?   base: go on from its weights; random: from keyed random numbers
---@field init table<string, number>?   factors on the random numbers by pattern: { ["proj_out"] = 0 }

---@class lorarun.recipe.objective
---@field l1 number?   weight of the mean distance to the picture; 1 when absent
---@field l2 number?   weight of the mean squared distance; 2 when absent
---@field gradient number?   weight of the distance between edges; 0.5 when absent
---@field scale number?   weight of rebuilding at half the size from half the latent; 0 when absent
---@field max number?   highest guidance value that is learned; 5 when absent
---@field anchor number?   part of the pictures that stay at guidance 1 as denoise has them; 0.5 when absent
---@field kl number?   weight of the latents' distance from a standard normal; 0.0005 when absent

---@class lorarun.recipe.data
---@field dir string   folder of pictures with .txt captions
---@field script string   draw.lua of lorarun's own examples or recipes that draws the pictures, once, into the cache
---@field count integer   pictures that it draws
---@field first integer?   index of the first of them; 0 when absent
---@field seed integer?   what they are a function of, with their index; 1 when absent
---@field size integer?   side of a picture; 128 when absent
---@field crop integer?   side of a window of it, drawn in its place; absent: the whole picture
---@field style string?   rendering style that the script knows; plain when absent
---@field trigger string?   word that stands for the subject
---@field class string?   what the subject is: person, style
---@field caption string?   caption of pictures without .txt; {trigger} and {class} are filled in
---@field caption_dropout number?   chance of an empty caption, per sample
---@field resolution integer|integer[]?   side of a square of the same area; a list trains on each
---@field repeats integer?   times each picture counts in an epoch
---@field weight number?   factor on the loss of these pictures
---@field prior boolean?   pictures of the class without the subject (regularisation)
---@field latents string?   mean or sample of the VAE's posterior
---@field flip boolean?   add a mirrored copy of each picture
---@field min_size integer?   shortest side of a bucket
---@field max_size integer?   longest side of a bucket
---@field size_step integer?   sides of buckets are multiples of it
---@field no_upscale boolean?   never enlarge a picture
---@field background table?   colour under transparent pixels, {r, g, b}

---@class lorarun.recipe.optimizer
---@field lr number?   learning rate
---@field weight_decay number?   decoupled weight decay
---@field momentum number?   decay of the momentum; absent: 0.95 for muon, 0.9 for sgd
---@field betas table?   decay of the two moments
---@field eps number?   added to the root of the second moment

---@class lorarun.recipe.timesteps
---@field scale number?   factor on the normal of sigmoid and shifted
---@field mean number?   mean of logit_normal
---@field std number?   standard deviation of logit_normal
---@field shift number?   factor S of shifted
---@field min number?   lowest sigma
---@field max number?   highest sigma

---@class lorarun.recipe.loss
---@field delta number?   where huber turns from square to straight
---@field weighting string?   weight by noise time

---@class lorarun.recipe.save
---@field every integer?   steps between checkpoints; 0: the last step only, which is always saved
---@field keep integer?   newest checkpoints kept; 0 = all
---@field format string?   names inside the LoRA file
---@field dtype string?   dtype inside the LoRA file

---@class lorarun.recipe.render
---@field every integer?   steps between pictures
---@field prompts table   one picture for each; {trigger} and {class} are filled in
---@field negative string?   what pictures should not show; acts with true_cfg > 1
---@field true_cfg number?   classifier-free guidance; 1 = off
---@field steps integer?   steps of the sampler
---@field guidance number?   guidance value of the model
---@field size table?   {width, height}
---@field seed integer?   seed of the start noise
---@field sampler string?   name of the sampler

---@class lorarun.recipe.evaluate
---@field every integer?   steps between evaluations; step 0 and the last one are measured too
---@field holdout integer?   pictures taken out of training and measured on
---@field dir string?   instead of holdout: a folder of pictures that are not in the training data
---@field sigmas table?   noise times that each picture is measured at
---@field repeats integer?   noises for each picture and sigma
---@field seed integer?   seed of the noises, which are the same for ever
---@field guidance number?   guidance value of the measurement; the recipe's when absent
---@field ema boolean?   measure the averaged weights when there are any
---@field metrics table?   what is measured: names of lua/lorarun/metric/*.lua

---@class lorarun.recipe.text_encoders
---@field from number?   first step, or a part of the run below 1; late_tune: 0.8 when absent
---@field to number?   last step, or a part of the run below 1; early_freeze: 0.3 when absent
---@field lr number?   their learning rate; the run's times factor when absent
---@field factor number?   factor on the run's rate
---@field encoders table?   which of them: { "clip_l" }; absent: those with adapters

---@class lorarun.recipe.on
---@field step fun(state: lorarun.State, run: lorarun.Run): lorarun.Knobs??   function(state, run) that gives the knobs of the next step

--- Plain data of the policy's own, saved with the run.
---@alias lorarun.State table

---@class lorarun.Run
---@field step integer?   the step that is decided, from 1
---@field steps integer?   steps in all
---@field progress number?   (step - 1) / steps
---@field epoch integer?   times through the data so far
---@field seed integer?   of the run
---@field lr number?   what the layers below say for this step
---@field loss number?   of the last step; nil before the first
---@field mean_loss number?   moving average of the loss
---@field grad_norm number?   of the last step, before clipping
---@field grad_norms table<string, number>?   the same by group: transformer, clip_l, t5
---@field loss_slope number?   least-squares slope of the last 100 losses, per 100 steps
---@field loss_variance number?   variance of the last 100 losses
---@field bands table?   four bands of sigma, low to high: { low, high, count, mean, variance } of the samples' losses
---@field images integer?   pictures seen so far, repeats counted
---@field evaluation table?   the last evaluation: { step, heldout_loss, best, history }; nil before the first

---@class lorarun.Knobs
---@field lr number?   learning rate of every group that has none of its own
---@field transformer boolean|{ lr: number?, train: boolean? }?   the denoiser: { lr = …, train = true }, or false to freeze it
---@field text_encoder boolean|{ lr: number?, train: boolean? }?   all text encoders: { lr = …, train = true }, or false to freeze them
---@field clip_l boolean|{ lr: number?, train: boolean? }?   the CLIP-L text encoder
---@field t5 boolean|{ lr: number?, train: boolean? }?   the T5 text encoder
---@field vae boolean|{ lr: number?, train: boolean? }?   the VAE
---@field modules table<string, number>?   factors on the rate of modules by pattern: { ["attn.to_q"] = 0.5 }
---@field caption_dropout number?   chance of an empty caption, for all data sets
---@field network_dropout number?   chance of dropping a row of the bottleneck
---@field accumulate integer?   micro-batches in a step
---@field weights table?   factor on the loss of each data set's pictures, in the recipe's order
---@field save false|{ every: integer }?   checkpoints: { every = 100 }; false: the last step only
---@field render false|{ every: integer }?   pictures: { every = 100 }; false: the last step only
---@field evaluate false|{ every: integer }?   evaluations: { every = 100 }; false: the last step only
---@field stop string?   a reason to stop here with everything saved; the exit code is 3
---@field clip number?   global norm of the gradient; 0 = off
---@field ema number?   decay of the averaged weights; 0 = off
---@field guidance number?   guidance value that the model is trained under
---@field timesteps table?   law of the noise time
---@field loss table?   what is minimised

---@class lorarun.Phase: lorarun.Knobs
---@field from number?   first step, or a part of the run below 1
---@field to number?   last step, or a part of the run below 1
---@field from_epoch number?   begins after this many epochs
---@field to_epoch number?   ends with this epoch

---@param phase lorarun.Phase
---@return lorarun.Phase
function phase(phase) end

---@param settings lorarun.recipe
---@return lorarun.recipe
function recipe(settings) end

---@class lorarun.recipe.schedule
---@field lr number?   in a phase: the rate that the schedule starts from
---@field part number?   inside chain: share of the span
---@field scale number?   factor on the whole schedule
---@field warmup number?   part of the span in which the rate rises from 0

---@class lorarun.recipe.schedule.chain: lorarun.recipe.schedule
---@field [integer] lorarun.recipe.schedule   schedules, one after the other

---@param options? lorarun.recipe.schedule.chain
---@return lorarun.recipe.schedule
function chain(options) end

---@class lorarun.recipe.schedule.constant: lorarun.recipe.schedule

---@param options? lorarun.recipe.schedule.constant
---@return lorarun.recipe.schedule
function constant(options) end

---@class lorarun.recipe.schedule.cosine: lorarun.recipe.schedule
---@field floor number?   part of the rate left at the end

---@param options? lorarun.recipe.schedule.cosine
---@return lorarun.recipe.schedule
function cosine(options) end

---@class lorarun.recipe.schedule.cosine_restarts: lorarun.recipe.schedule
---@field cycles integer?   decays in the span
---@field decay number?   peak of a cycle over the one before
---@field floor number?   part of the rate left in the valleys
---@field growth number?   length of a cycle over the one before

---@param options? lorarun.recipe.schedule.cosine_restarts
---@return lorarun.recipe.schedule
function cosine_restarts(options) end

---@class lorarun.recipe.schedule.inverse_sqrt: lorarun.recipe.schedule
---@field timescale number?   part of the span after which the rate has fallen to 1 / sqrt(2)

---@param options? lorarun.recipe.schedule.inverse_sqrt
---@return lorarun.recipe.schedule
function inverse_sqrt(options) end

---@class lorarun.recipe.schedule.linear: lorarun.recipe.schedule
---@field floor number?   part of the rate left at the end

---@param options? lorarun.recipe.schedule.linear
---@return lorarun.recipe.schedule
function linear(options) end

---@class lorarun.recipe.schedule.one_cycle: lorarun.recipe.schedule
---@field floor number?   part of the rate left at the end
---@field rise number?   part of the span until the peak
---@field shape string?   how it rises and falls
---@field start number?   part of the rate at the beginning

---@param options? lorarun.recipe.schedule.one_cycle
---@return lorarun.recipe.schedule
function one_cycle(options) end

---@class lorarun.recipe.schedule.polynomial: lorarun.recipe.schedule
---@field floor number?   part of the rate left at the end
---@field power number?   exponent: 1 is a line, 2 falls early, 0.5 falls late

---@param options? lorarun.recipe.schedule.polynomial
---@return lorarun.recipe.schedule
function polynomial(options) end

---@class lorarun.recipe.schedule.rex: lorarun.recipe.schedule
---@field bend number?   how long the rate stays high
---@field floor number?   part of the rate left at the end

---@param options? lorarun.recipe.schedule.rex
---@return lorarun.recipe.schedule
function rex(options) end

---@class lorarun.recipe.schedule.scale: lorarun.recipe.schedule
---@field [1] number   the factor
---@field [2] lorarun.recipe.schedule   the schedule

---@param options? lorarun.recipe.schedule.scale
---@return lorarun.recipe.schedule
function scale(options) end

---@class lorarun.recipe.schedule.warmup: lorarun.recipe.schedule
---@field [1] number   the part of the span that rises
---@field [2] lorarun.recipe.schedule   the schedule that follows

---@param options? lorarun.recipe.schedule.warmup
---@return lorarun.recipe.schedule
function warmup(options) end

---@class lorarun.recipe.schedule.warmup_stable_decay: lorarun.recipe.schedule
---@field decay number?   part of the span in which it falls
---@field floor number?   part of the rate left at the end
---@field shape string?   how it falls
---@field warmup number?   part of the span in which the rate rises from 0

---@param options? lorarun.recipe.schedule.warmup_stable_decay
---@return lorarun.recipe.schedule
function warmup_stable_decay(options) end

---@class lorarun.recipe.policies.early_stop
---@field metric string?   what must improve
---@field min_delta number?   a smaller change is no improvement
---@field patience integer?   evaluations without an improvement; with plateau: steps (3; 100)
---@field plateau boolean?   look at the slope of the training loss, not at a metric
---@field slope number?   fall of the mean loss per 100 steps that still counts

---@param options? lorarun.recipe.policies.early_stop
function early_stop(options) end

---@class lorarun.recipe.policies.freeze_on_overfit
---@field group string   what is frozen
---@field metric string?   what must improve
---@field min_delta number?   a smaller change is no improvement
---@field patience integer?   evaluations without an improvement

---@param options? lorarun.recipe.policies.freeze_on_overfit
function freeze_on_overfit(options) end

---@class lorarun.recipe.policies.keep_best
---@field keep integer?   checkpoints kept
---@field metric string?   what is compared

---@param options? lorarun.recipe.policies.keep_best
function keep_best(options) end

---@class lorarun.recipe.policies.roll_back
---@field after integer?   steps that the mean is taken of before anything counts
---@field factor number?   a jump is this many times the mean so far
---@field knobs lorarun.Knobs?   further knobs that hold after the first time: { clip = 0.5 }
---@field lr_factor number?   factor on every learning rate, each time
---@field most integer?   times that it goes back
---@field to string?   the newest checkpoint, or the best of keep_best
---@field when string?   what jumps: the loss or the gradient's norm

---@param options? lorarun.recipe.policies.roll_back
function roll_back(options) end

--- on.evaluate = every { steps = 250 }: as evaluate.every
---@param options { steps: integer }
function every(options) end

--- on.select = best { by = "heldout_loss", keep = 3 }: as keep_best
---@param options { by: string, keep: integer? }
function best(options) end

---@param options? lorarun.recipe.model
function flux(options) end

---@param options? lorarun.recipe.network
function full(options) end

---@param options? lorarun.recipe.network
function lora(options) end

---@param options? lorarun.recipe.objective
function autoencode(options) end

---@param options? lorarun.recipe.objective
function denoise(options) end

---@param options? lorarun.recipe.objective
function distill_guidance(options) end

---@param options? lorarun.recipe.optimizer
function adamw(options) end

---@param options? lorarun.recipe.optimizer
function muon(options) end

---@param options? lorarun.recipe.optimizer
function sgd(options) end

---@param options? lorarun.recipe.timesteps
function flux_shift(options) end

---@param options? lorarun.recipe.timesteps
function logit_normal(options) end

---@param options? lorarun.recipe.timesteps
function shifted(options) end

---@param options? lorarun.recipe.timesteps
function sigmoid(options) end

---@param options? lorarun.recipe.timesteps
function uniform(options) end

---@param options? lorarun.recipe.loss
function huber(options) end

---@param options? lorarun.recipe.loss
function mae(options) end

---@param options? lorarun.recipe.loss
function mse(options) end

---@param options? lorarun.recipe.data
function drawn(options) end

---@param options? lorarun.recipe.data
function images(options) end
