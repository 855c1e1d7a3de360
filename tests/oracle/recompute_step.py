"""Recompute one training step of lorarun with diffusers + peft + torch.optim.

    lorarun step RECIPE --at K --out step.safetensors
    python recompute_step.py step.safetensors [--base DIR] [--tolerance-scale 1]

The file holds everything of step K; this rebuilds each part from the parts before it and prints a table:

    captions -> tokens -> text, pooled        tokenizers and encoders of the base
    pixels -> latents                         VAE posterior mean, shifted and scaled
    seed, step -> noise, sigma                keyed randomness
    latents, noise, sigma -> noisy, target    flow matching
    noisy, text, adapter -> prediction        transformer with peft adapters
    prediction, target -> loss -> grad        mean of weight * per-sample loss
    grad -> after                             clip_grad_norm_ and AdamW

Every row starts from the file's own tensors, so one wrong part does not spoil the rows below it.

Metadata read: family, step, seed, optimizer, items, base; also, where present, `timesteps` (law of sigma: sigmoid, uniform
or a JSON object with `name`, `mean`, `std`; else sigmoid) and `latents` (mean or sample; else mean).
AdamW's moments before the step are `optimizer/<target>.down.m`, `.v`, `optimizer/<target>.up.m`, `.v`; without them the
update is checked at step 1 only. Exit code 1: a row is above its tolerance; 2: the file or the base cannot be used.
"""
import argparse
import json
import pathlib
import re
import sys

import torch
from safetensors import safe_open

from flux_parts import keyed_normal, image_ids, pack, unpack, vae_latents
from random_base import with_weights
import keyed_random as kr

SIDES = ("down", "up")
LETTER = {"down": "A", "up": "B"}


class Unusable(Exception):
    """The request cannot be carried out; the text says what to change."""


class Table:
    """Rows of differences; each has a measure, a value and a tolerance."""

    def __init__(self, scale):
        self.scale, self.failed = scale, []
        print(f"{'what':44} {'max |diff|':>11} {'rel L2':>11} {'allowed':>11}")

    def compare(self, what, ours, file, allowed):
        """Compares by relative L2, the measure that does not depend on a tensor's size."""
        if ours.shape != file.shape:
            return self.fail(what, f"shape {list(ours.shape)}, the file has {list(file.shape)}")
        difference = (ours.double() - file.double())
        norm = file.double().norm()
        relative = (difference.norm() / norm).item() if norm > 0 else difference.norm().item()
        largest = difference.abs().max().item() if difference.numel() else 0.0
        allowed *= self.scale
        ok = relative <= allowed                       # false for NaN
        print(f"{what:44} {largest:11.3e} {relative:11.3e} {allowed:11.1e} {'ok' if ok else 'DIFFERS'}")
        if not ok:
            self.failed.append(what)

    def fail(self, what, why):
        print(f"{what:44} DIFFERS: {why}")
        self.failed.append(what)

    def skip(self, what, why):
        print(f"{what:44} not checked: {why}")


class Step:
    """The opened step: tensors by key, metadata decoded."""

    def __init__(self, path):
        try:
            with safe_open(path, "pt") as file:
                self.metadata = dict(file.metadata() or {})
                self.tensors = {key: file.get_tensor(key) for key in file.keys()}
        except Exception as error:
            raise Unusable(f"{path} cannot be read: {error}") from error
        missing = [key for key in ("family", "step", "seed", "optimizer", "base") if key not in self.metadata]
        if missing:
            raise Unusable(f"{path} lacks metadata {', '.join(missing)}; was it written by `lorarun step`?")
        if self.metadata["family"] != "flux":
            raise Unusable(f"family {self.metadata['family']!r} cannot be recomputed here; this script knows flux")
        self.step, self.seed = int(self.metadata["step"]), int(self.metadata["seed"])
        self.optimizer = json.loads(self.metadata["optimizer"])
        self.items = json.loads(self.metadata.get("items", "[]"))
        prefix, suffix = "adapter/", ".down"
        self.targets = sorted(k[len(prefix):-len(suffix)] for k in self.tensors if k.startswith(prefix) and k.endswith(suffix))
        if not self.targets:
            raise Unusable(f"{path} has no adapter/<target>.down")

    def __getitem__(self, key):
        if key not in self.tensors:
            raise Unusable(f"the file has no {key!r}; lorarun's contract asks for it")
        return self.tensors[key]

    def has(self, key):
        return key in self.tensors

    def batch(self):
        return self["latents"].shape[0]


def find_base(step, given):
    named = pathlib.Path(step.metadata["base"])
    candidates = [given] if given else [named]
    if not given:  # a recipe names its base from its own folder, which is above the pictures
        items = json.loads(step.metadata.get("items", "[]"))
        candidates += [folder / named for item in items[:1] for folder in pathlib.Path(item["path"]).parents]
    for folder in candidates:
        if (folder / "model_index.json").exists():
            return with_weights(folder)
    raise Unusable(f"no base model at {candidates[0]} (a folder with model_index.json): give it with --base DIR")


def check_text(table, step, base):
    """Tokens from captions, embeddings from tokens."""
    from transformers import CLIPTextModel, CLIPTokenizer, T5EncoderModel, T5Tokenizer
    if not step.has("tokens.t5") or not step.has("tokens.clip_l"):
        return table.skip("text", "the file has no tokens.t5 and tokens.clip_l")
    clip_ids, t5_ids = step["tokens.clip_l"], step["tokens.t5"]
    captions = [item["caption"] for item in step.items]
    if len(captions) == step.batch():
        check_tokens(table, "tokens.clip_l", CLIPTokenizer.from_pretrained(base, subfolder="tokenizer"), captions, clip_ids)
        check_tokens(table, "tokens.t5", T5Tokenizer.from_pretrained(base, subfolder="tokenizer_2"), captions, t5_ids)
    else:
        table.skip("tokens", "metadata `items` does not name one caption per sample")
    clip = CLIPTextModel.from_pretrained(base, subfolder="text_encoder", dtype=torch.float32)
    table.compare("pooled.clip_l", clip(clip_ids).pooler_output, step["pooled.clip_l"], 1e-5)
    t5 = T5EncoderModel.from_pretrained(base, subfolder="text_encoder_2", dtype=torch.float32)
    table.compare("text.t5", t5(t5_ids)[0], step["text.t5"], 1e-5)


def check_tokens(table, what, tokenizer, captions, ids):
    ours = tokenizer(captions, padding="max_length", max_length=ids.shape[1], truncation=True, return_tensors="pt")
    table.compare(what, ours.input_ids, ids, 0.0)


def check_latents(table, step, base):
    from diffusers import AutoencoderKL
    if not step.has("pixels"):
        return table.skip("latents", "the file has no pixels")
    vae = AutoencoderKL.from_pretrained(base, subfolder="vae", dtype=torch.float32)
    latents = vae_latents(vae, step["pixels"])
    if step.metadata.get("latents", "mean") == "sample":
        std = vae.encode(step["pixels"]).latent_dist.std * vae.config.scaling_factor
        latents = latents + std * keyed_normal(step.seed, "latent", step.step, latents.shape[1:], step.batch())
    table.compare("latents", latents, step["latents"], 1e-4)


def sigma_of(step):
    """Gives sigma [B] by the step's law, or None when the law is not known here."""
    law = step.metadata.get("timesteps", "sigmoid")
    law = json.loads(law) if law.startswith("{") else {"name": law}
    if law["name"] == "uniform":
        return torch.tensor([kr.uniform(step.seed, "timestep", step.step, s, 1)[0] for s in range(step.batch())])
    if law["name"] not in ("sigmoid", "logit_normal"):
        return None
    drawn = keyed_normal(step.seed, "timestep", step.step, (1,), step.batch()).view(-1)
    return torch.sigmoid(drawn * law.get("std", law.get("scale", 1.0)) + law.get("mean", law.get("bias", 0.0)))


def check_noise(table, step):
    noise = keyed_normal(step.seed, "noise", step.step, step["latents"].shape[1:], step.batch())
    table.compare("noise", noise, step["noise"], 1e-6)
    sigma = sigma_of(step)
    if sigma is None:
        table.skip("sigma", f"law {step.metadata['timesteps']} is not known here")
    else:
        table.compare("sigma", sigma, step["sigma"], 1e-6)
    s = step["sigma"].view(-1, 1, 1, 1)
    table.compare("noisy", (1 - s) * step["latents"] + s * step["noise"], step["noisy"], 1e-6)
    table.compare("target", step["noise"] - step["latents"], step["target"], 1e-6)


def alpha_of(step, target):
    rank = step[f"adapter/{target}.down"].shape[0]
    key = f"adapter/{target}.alpha"
    return step[key].item() if step.has(key) else float(rank)


def load_adapted(step, base):
    """Gives the transformer with the file's adapters in place, and {target: {side: parameter}}."""
    from diffusers import FluxTransformer2DModel
    from peft import LoraConfig
    model = FluxTransformer2DModel.from_pretrained(base, subfolder="transformer", dtype=torch.float32)
    known = {name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    strange = [target for target in step.targets if target not in known]
    if strange:
        raise Unusable(f"the base has no linear named {strange[0]!r}; is {base} the base of this step?")
    for key, width in [("text.t5", model.config.joint_attention_dim), ("pooled.clip_l", model.config.pooled_projection_dim)]:
        if step[key].shape[-1] != width:
            raise Unusable(f"{key} has width {step[key].shape[-1]}, the base's is {width}; is {base} the base of this step?")
    model.requires_grad_(False)
    ranks = {re.escape(t): step[f"adapter/{t}.down"].shape[0] for t in step.targets}
    alphas = {re.escape(t): alpha_of(step, t) for t in step.targets}
    model.add_adapter(LoraConfig(target_modules="|".join(f"({re.escape(t)})" for t in step.targets),
                                 rank_pattern=ranks, alpha_pattern=alphas))
    parameters = dict(model.named_parameters())
    adapters = {}
    for target in step.targets:
        adapters[target] = {}
        for side in SIDES:
            parameter = parameters[f"{target}.lora_{LETTER[side]}.default.weight"]
            parameter.data = step[f"adapter/{target}.{side}"].clone()
            parameter.requires_grad_(True)
            adapters[target][side] = parameter
    return model, adapters


def predict(model, step):
    """Gives the prediction [B, C, h, w] for the file's inputs."""
    _, _, h, w = step["noisy"].shape
    text = step["text.t5"]
    packed = model(hidden_states=pack(step["noisy"]), encoder_hidden_states=text,
                   pooled_projections=step["pooled.clip_l"], timestep=step["sigma"],
                   guidance=step["guidance"] if model.config.guidance_embeds else None, img_ids=image_ids(h, w), txt_ids=torch.zeros(text.shape[1], 3), return_dict=False)[0]
    return unpack(packed, h, w)


def check_gradients(table, step, base):
    model, adapters = load_adapted(step, base)
    prediction = predict(model, step)
    table.compare("prediction", prediction, step["prediction"], 1e-5)
    per_sample = ((prediction - step["target"]) ** 2).mean(dim=(1, 2, 3))
    table.compare("loss", per_sample, step["loss"], 1e-5)
    (step["weight"] * per_sample).mean().backward()
    for side in SIDES:
        ours = {t: adapters[t][side].grad for t in step.targets}
        file = {t: step[f"grad/{t}.{side}"] for t in step.targets}
        table.compare(f"grad .{side}, all {len(ours)} together", flat(ours), flat(file), 1e-4)
        worst = max(step.targets, key=lambda t: (ours[t] - file[t]).norm().item())
        table.compare(f"  {shorten(worst)}.{side}", ours[worst], file[worst], 1e-3)


def flat(tensors):
    return torch.cat([tensor.reshape(-1) for tensor in tensors.values()])


def shorten(target, longest=36):
    return target if len(target) <= longest else "…" + target[-longest + 1:]


def learning_rate(optimizer):
    rate = optimizer["lr"]
    return float(rate["transformer"] if isinstance(rate, dict) else rate)


def check_update(table, step):
    """Clips the file's own gradients and takes the optimizer's step from the file's own state."""
    names = [f"{t}.{side}" for t in step.targets for side in SIDES]
    settings = step.optimizer
    if settings.get("name") != "adamw":
        return table.skip("after", f"optimizer {settings.get('name')!r} is not known here")
    with_moments = step.has(f"optimizer/{names[0]}.m")
    if step.step > 1 and not with_moments:
        return table.skip("after", "needs optimizer/<target>.<side>.m and .v, the moments before this step")
    parameters = {name: torch.nn.Parameter(step["adapter/" + name].clone()) for name in names}
    for name, parameter in parameters.items():
        parameter.grad = step["grad/" + name].clone()
    optimizer = torch.optim.AdamW(parameters.values(), lr=learning_rate(settings), betas=tuple(settings["betas"]),
                                  eps=settings["eps"], weight_decay=settings["weight_decay"])
    if with_moments:
        for name, parameter in parameters.items():
            optimizer.state[parameter] = {"step": torch.tensor(float(step.step - 1)),
                                          "exp_avg": step[f"optimizer/{name}.m"].clone(),
                                          "exp_avg_sq": step[f"optimizer/{name}.v"].clone()}
    if settings.get("clip"):
        torch.nn.utils.clip_grad_norm_(parameters.values(), settings["clip"])
    optimizer.step()
    for side in SIDES:
        mine = [n for n in names if n.endswith("." + side)]
        moved = {n: parameters[n].detach() - step["adapter/" + n] for n in mine}
        expected = {n: step["after/" + n] - step["adapter/" + n] for n in mine}
        table.compare(f"after .{side}, all {len(mine)} together", flat({n: parameters[n].detach() for n in mine}),
                      flat({n: step["after/" + n] for n in mine}), 1e-6)
        table.compare(f"  the change alone, .{side}", flat(moved), flat(expected), 1e-3)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path, help="what `lorarun step` wrote")
    parser.add_argument("--base", type=pathlib.Path,
                        help="the base model's folder, when metadata `base` does not lead there from here")
    parser.add_argument("--tolerance-scale", type=float, default=1.0,
                        help="multiply every tolerance: for runs in bf16")
    args = parser.parse_args()
    try:
        step = Step(args.file)
        base = find_base(step, args.base)
        table = Table(args.tolerance_scale)
        with torch.no_grad():
            check_text(table, step, base)
            check_latents(table, step, base)
            check_noise(table, step)
        check_gradients(table, step, base)
        check_update(table, step)
    except Unusable as problem:
        print(f"error: {problem}", file=sys.stderr)
        sys.exit(2)
    if table.failed:
        print(f"{len(table.failed)} of the rows differ: {', '.join(name.strip() for name in table.failed)}")
        sys.exit(1)
    print(f"step {step.step}: diffusers, peft and torch.optim agree")


if __name__ == "__main__":
    main()
