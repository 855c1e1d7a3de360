"""Load a base and a LoRA in diffusers' FluxPipeline, render, and compare with what `lorarun sample` rendered.

    python load_in_diffusers.py BASE [--lora FILE [--strength 1]] [--prompt TEXT ...] [--size 1024x1024] [--steps 28]
        [--guidance 3.5] [--seed 42] [--text-tokens N] [--against DIR|FILE.safetensors] [--out DIR]

The pictures to compare with come from

    lorarun sample BASE --lora FILE --prompt TEXT --size WxH --steps N --guidance G --seed S --out DIR --latents

which writes DIR/000.png and DIR/000.latents.safetensors (key `latents` [16, h, w]: final, before the VAE's unscaling).
Start noise is the keyed stream `render`, step 0, sample = picture index, shape [16, h, w] before packing; all in float32.

Prints one JSON object. Exit codes: 1 a key of the LoRA is missing, unexpected or changed, or a PSNR is below 40 dB;
2 a file is not there.
"""
import argparse
import contextlib
import json
import math
import pathlib
import sys

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from flux_parts import keyed_normal, pack, unpack
from random_base import with_weights

LEAST_PSNR_DB = 40.0


def parse_flags():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", type=pathlib.Path, help="pipeline folder in diffusers layout")
    parser.add_argument("--lora", type=pathlib.Path, help="LoRA file in any dialect that diffusers reads")
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--prompt", action="append", help="one picture each; may be repeated")
    parser.add_argument("--size", default="1024x1024", help="WxH in pixels, multiples of 16")
    parser.add_argument("--steps", type=int, default=28)
    parser.add_argument("--guidance", type=float, default=3.5)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--text-tokens", type=int, help="T5 length (default: the tokenizer's, at most 512)")
    parser.add_argument("--against", type=pathlib.Path, help="folder of NNN.png and NNN.latents.safetensors, or one latents file")
    parser.add_argument("--out", type=pathlib.Path, help="folder for the pictures and latents rendered here")
    return parser.parse_args()


def refuse_unusable(flags):
    """Stops with exit code 2 when a file is not there or the size cannot be rendered."""
    problem = None
    if not (flags.base / "model_index.json").exists():
        problem = f"{flags.base} has no model_index.json; give a pipeline folder in diffusers layout"
    for path in (flags.lora, flags.against):
        if path and not path.exists():
            problem = f"{path} does not exist"
    sides = flags.size.split("x")
    if len(sides) != 2 or not all(side.isdigit() and int(side) > 0 and int(side) % 16 == 0 for side in sides):
        problem = f"--size {flags.size}: give WxH in multiples of 16, as 512x768"
    if problem:
        print(f"error: {problem}", file=sys.stderr)
        sys.exit(2)


def t5_length(base):
    """The T5 length that lorarun uses: the tokenizer's own, at most 512."""
    config = json.loads((base / "tokenizer_2" / "tokenizer_config.json").read_text())
    return min(512, int(config.get("model_max_length", 512)))


def load_pipeline(base):
    from diffusers import FluxPipeline
    pipe = FluxPipeline.from_pretrained(base, dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def load_lora(pipe, path, strength):
    """Loads the LoRA; gives {"tensors", "modules", "scales", "problems"}."""
    wanted = {key: value for key, value in pipe.lora_state_dict(str(path)).items()
              if ".lora_" in key and not key.startswith("text_encoder_2.")}  # FluxPipeline takes none for T5
    try:
        pipe.load_lora_weights(str(path), adapter_name="lora")
    except (ValueError, RuntimeError) as error:
        return {"file": str(path), "problems": [f"refused by diffusers: {error}"]}
    pipe.set_adapters(["lora"], [strength])
    loaded = loaded_tensors(pipe)
    problems = [f"not loaded: {key}" for key in sorted(wanted.keys() - loaded.keys())]
    problems += [f"not in the file: {key}" for key in sorted(loaded.keys() - wanted.keys())]
    problems += [f"changed by loading: {key}" for key in sorted(wanted.keys() & loaded.keys())
                 if not torch.equal(wanted[key].float(), loaded[key].float())]
    if not wanted:
        problems.append(f"no LoRA tensors in {path}")
    modules = [m for m in pipe.transformer.modules() if "lora" in getattr(m, "scaling", {})]
    return {"file": str(path), "tensors": len(loaded), "modules": len(modules),
            "scales": sorted({float(m.scaling["lora"]) for m in modules}), "problems": problems}


def loaded_tensors(pipe):
    """Gives the LoRA tensors inside the pipeline under the names of a PEFT file."""
    parts = {"transformer": pipe.transformer, "text_encoder": pipe.text_encoder}
    if not hasattr(pipe.text_encoder, "text_model"):  # transformers 5 dropped the name from modules, not from files
        parts["text_encoder.text_model"] = parts.pop("text_encoder")
    return {f"{part}.{name.replace('.lora.weight', '.weight')}": parameter.detach()
            for part, module in parts.items() for name, parameter in module.named_parameters() if ".lora_" in name}


def render(pipe, flags, index, prompt):
    """Gives picture [H, W, 3] uint8 and final latents [16, h, w] of one prompt."""
    width, height = map(int, flags.size.split("x"))
    h, w = height // 8, width // 8
    channels = pipe.transformer.config.in_channels // 4
    start = torch.stack([keyed_normal(flags.seed, "render", 0, (channels, h, w), index + 1)[index]])
    final = {}

    def keep(_, step, timestep, values):
        final["latents"] = unpack(values["latents"], h, w)[0]
        return {}

    picture = pipe(prompt, width=width, height=height, num_inference_steps=flags.steps, guidance_scale=flags.guidance,
                   latents=pack(start), max_sequence_length=flags.text_tokens, callback_on_step_end=keep).images[0]
    return np.array(picture), final["latents"]


def psnr_db(a, b):
    """Gives the peak signal-to-noise ratio of two uint8 pictures; equal ones give infinity."""
    error = np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def compare(against, index, picture, latents):
    """Gives the differences to what lorarun wrote for picture `index`, and whether they are small enough."""
    latents_file = against if against.is_file() else against / f"{index:03}.latents.safetensors"
    picture_file = latents_file.parent / (latents_file.name.split(".")[0] + ".png")
    theirs = load_file(latents_file)["latents"].float()
    row = {"latents_max_difference": (theirs - latents).abs().max().item(),
           "latents_relative_l2": ((theirs - latents).norm() / latents.norm()).item()}
    their_picture = np.array(Image.open(picture_file).convert("RGB"))
    if their_picture.shape != picture.shape:
        return {**row, "problem": f"{picture_file} has shape {their_picture.shape}, expected {picture.shape}", "ok": False}
    psnr = psnr_db(picture, their_picture)
    return {**row, "psnr_db": min(psnr, 999.0), "ok": psnr >= LEAST_PSNR_DB}


def write(folder, index, picture, latents):
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(folder / f"{index:03}.png")
    save_file({"latents": latents.contiguous()}, folder / f"{index:03}.latents.safetensors")


def check(flags):
    base = with_weights(flags.base)
    pipe = load_pipeline(base)
    flags.text_tokens = flags.text_tokens or t5_length(base)
    report = {"base": str(flags.base), "size": flags.size, "steps": flags.steps, "guidance": flags.guidance, "seed": flags.seed}
    ok = True
    if flags.lora:
        report["lora"] = load_lora(pipe, flags.lora, flags.strength)
        ok = not report["lora"]["problems"]
        if "tensors" not in report["lora"]:
            return {**report, "ok": False}
    report["images"] = []
    for index, prompt in enumerate(flags.prompt or [""]):
        picture, latents = render(pipe, flags, index, prompt)
        row = {"prompt": prompt}
        if flags.out:
            write(flags.out, index, picture, latents)
        if flags.against:
            row |= compare(flags.against, index, picture, latents)
            ok = ok and row["ok"]
        report["images"].append(row)
    return {**report, "ok": ok}


def main():
    flags = parse_flags()
    refuse_unusable(flags)
    with contextlib.redirect_stdout(sys.stderr), torch.no_grad():
        report = check(flags)
    print(json.dumps(report, indent=1))
    sys.exit(0 if report["ok"] else 1)


if __name__ == "__main__":
    main()
