"""Make the goldens of tests/golden with diffusers, transformers, peft and Pillow.

    python make_goldens.py [NAME ...] [--list]

Each golden is one function below, and its name is the file's; with no NAME all are made, in the order of the list.
Inputs are keyed normals (stream `golden/<what>`, seed 7), so they do not depend on torch's generator; weights are those of
tests/golden/micro_flux. tests/golden/README.md lists every key and shape.

Legend: B batch, C latent channels (16), h w latent size, S text tokens, R rank.
"""
import argparse
import json
import pathlib
import subprocess
import sys
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file

import keyed_random as kr
import make_flux
from flux_parts import (LORA_TARGETS, add_lora, image_ids, keyed_normal, pack, unpack, vae_latents, vae_pixels)
from golden_images import write_images
from golden_strings import nasty_strings

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"
MICRO = GOLDEN / "micro_flux"
SEED = 7
PROMPTS = ["A photo of a person, it's soft daylight outdoors.", "un café"]


def normal(what, *shape):
    """Gives a tensor of keyed normals of its own stream."""
    return keyed_normal(SEED, "golden/" + what, 0, shape)


def save(name, tensors, **metadata):
    path = GOLDEN / (name + ".safetensors")
    save_file({k: v.detach().contiguous() for k, v in tensors.items()}, path, metadata={k: str(v) for k, v in metadata.items()})
    sort_metadata(path)
    print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size / 1000:.0f} kB")


def sort_metadata(path):
    """Writes the header's metadata in the order of its keys (safetensors shuffles them), so that files repeat to the byte."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    header["__metadata__"] = dict(sorted(header.get("__metadata__", {}).items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length:])
    path.chmod(0o644)


def save_json(name, value):
    path = GOLDEN / (name + ".json")
    path.write_text(json.dumps(value, indent=None, separators=(",", ":")).replace('},{"', '},\n{"') + "\n")
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def load_transformer():
    from diffusers import FluxTransformer2DModel
    return FluxTransformer2DModel.from_pretrained(MICRO, subfolder="transformer").eval()


def load_vae():
    from diffusers import AutoencoderKL
    return AutoencoderKL.from_pretrained(MICRO, subfolder="vae").eval()


def load_pipeline():
    from diffusers import FluxPipeline
    return FluxPipeline.from_pretrained(MICRO)


def denoiser_inputs(config, h=6, w=10, text_tokens=7):
    """Gives the inputs of batch 2, non-square, with an odd text length; `noisy` is [B, C, h, w]."""
    return {"noisy": normal("noisy", 2, 16, h, w), "text": normal("text", 2, text_tokens, config.joint_attention_dim),
            "pooled": normal("pooled", 2, config.pooled_projection_dim), "sigma": torch.tensor([0.3, 0.85]),
            "guidance": torch.tensor([1.0, 3.5]), "image_ids": image_ids(h, w), "text_ids": torch.zeros(text_tokens, 3)}


def predict(model, inputs):
    """Gives the packed prediction [B, (h/2)(w/2), 4C]."""
    return model(hidden_states=pack(inputs["noisy"]), encoder_hidden_states=inputs["text"], pooled_projections=inputs["pooled"],
                 timestep=inputs["sigma"], guidance=inputs["guidance"], img_ids=inputs["image_ids"],
                 txt_ids=inputs["text_ids"], return_dict=False)[0]


def predict_bfloat16(model, inputs):
    """The same with weights and inputs in bfloat16 under autocast, as the peer trains; gives float32."""
    narrow = {key: value.bfloat16() if key in ("noisy", "text", "pooled") else value for key, value in inputs.items()}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return predict(model.to(torch.bfloat16), narrow).float()


def micro_flux():
    """The folder of random weights that the other goldens use."""
    make_flux.write_parts(MICRO, "micro")


def random():
    """Known answers of keyed randomness, from the twin in keyed_random.py."""
    names = ["order", "noise", "timestep", "latent", "caption", "render", "init/transformer_blocks.0.attn.to_q",
             "dropout/transformer_blocks.0.attn.to_q"]
    pi = ["243f6a88", "85a308d3", "13198a2e", "03707344", "a4093822", "299f31d0"]
    blocks = [["00000000"] * 6, ["ffffffff"] * 6, pi]
    cases = [(42, "noise", 1, 0, 10), (42, "noise", 1, 1, 10), (42, "noise", 2, 0, 7), (2**40 + 7, "timestep", 1000, 3, 1),
             (0, "caption", 5, 2, 6), (42, "init/transformer_blocks.0.attn.to_q", 0, 0, 9)]
    orders = [(42, "order", 0, 10), (42, "order", 1, 10), (42, "order", 0, 33)]
    path = GOLDEN / "random.json"
    path.write_text(json.dumps({
        "about": "Known answers of keyed randomness. words and uniform exact; "
                 "normal exact on the CPU up to libm (compare at 1 ulp).",
        "philox4x32_10": [philox_row(block) for block in blocks],
        "fnv1a32": {name: f"{kr.fnv1a32(name):08x}" for name in names},
        "cases": [{**dict(zip(["seed", "stream", "step", "sample", "n"], case)), "words": kr.words(*case).tolist(),
                   "uniform": kr.uniform(*case).tolist(), "normal": kr.normal(*case).tolist(),
                   "below_7": kr.below(*case, 7).tolist()} for case in cases],
        "permutation": [{**dict(zip(["seed", "stream", "epoch", "n"], case)), "order": kr.permutation(*case).tolist()}
                        for case in orders]}, indent=1) + "\n")


def philox_row(block):
    words = [int(word, 16) for word in block]
    out = kr.philox4x32_10(np.array([words[:4]], dtype=np.uint32), words[4:])[0]
    return {"counter": block[:4], "key": block[4:], "out": [f"{word:08x}" for word in out]}


def transformer():
    """The whole forward pass, with what goes in and comes out of every block."""
    model = load_transformer()
    inputs, seen = denoiser_inputs(model.config), {}

    def watch(module, name, split):
        module.register_forward_hook(lambda _, __, out: seen.update(split(name, out)))

    two = lambda name, out: {name + ".text": out[0], name + ".image": out[1]}
    one = lambda name, out: {name: out}
    watch(model.x_embedder, "embed.image", one)
    watch(model.context_embedder, "embed.text", one)
    watch(model.time_text_embed, "embed.time", one)
    watch(model.pos_embed, "rope", lambda name, out: {name + ".cos": out[0], name + ".sin": out[1]})
    for i, block in enumerate(model.transformer_blocks):
        watch(block, f"double.{i}", two)
    for i, block in enumerate(model.single_transformer_blocks):
        watch(block, f"single.{i}", two)
    watch(model.norm_out, "norm_out", one)
    with torch.no_grad():
        packed = predict(model, inputs)
        outputs = dict(seen)
        half = predict_bfloat16(model, inputs)
    save("transformer", {**inputs, "packed": pack(inputs["noisy"]), **outputs, "prediction.packed": packed,
                         "prediction": unpack(packed, 6, 10), "prediction.bfloat16": unpack(half, 6, 10)})


def lora_gradients():
    """Loss and gradients of a LoRA of rank 3 with A and B both away from zero; alpha 6, so the scale is 2."""
    model = load_transformer()
    inputs = denoiser_inputs(model.config)
    adapters = add_lora(model, rank=3, alpha=6)
    tensors = {}
    for target, pair in adapters.items():
        for side, parameter in pair.items():
            parameter.data = 0.2 * normal(f"lora/{target}.{side}", *parameter.shape)
            tensors[f"adapter/{target}.{side}"] = parameter.data
    target_latents = normal("target", 2, 16, 6, 10)
    prediction = unpack(predict(model, inputs), 6, 10)
    loss = F.mse_loss(prediction, target_latents)
    loss.backward()
    tensors |= {f"grad/{t}.{side}": p.grad for t, pair in adapters.items() for side, p in pair.items()}
    save("lora_gradients", {**inputs, "target": target_latents, "prediction": prediction, "loss": loss.view(1), **tensors},
         rank=3, alpha=6, targets=LORA_TARGETS)


def vae():
    """The VAE both ways, on a non-square picture."""
    model = load_vae()
    pixels, latents = torch.tanh(normal("pixels", 2, 3, 48, 80)), normal("latents", 2, 16, 6, 10)
    with torch.no_grad():
        posterior = model.encode(pixels).latent_dist
        save("vae", {"pixels": pixels, "mean": posterior.mean, "logvar": posterior.logvar,
                     "latents": vae_latents(model, pixels), "decode.latents": latents,
                     "decode.pixels": vae_pixels(model, latents)})


def clip():
    """The CLIP text encoder, as FluxPipeline calls it: 77 tokens, padded with the end token; `pooled` is what FLUX takes."""
    pipe = load_pipeline()
    tokens = pipe.tokenizer(PROMPTS, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
    with torch.no_grad():
        out = pipe.text_encoder(tokens)
    save("clip", {"tokens": tokens, "hidden": out.last_hidden_state, "pooled": out.pooler_output}, prompts=json.dumps(PROMPTS))


def t5():
    """The T5 encoder, as FluxPipeline calls it: padded to the maximum, no attention mask."""
    pipe = load_pipeline()
    tokens = pipe.tokenizer_2(PROMPTS, padding="max_length", max_length=32, truncation=True, return_tensors="pt").input_ids
    far = torch.from_numpy(kr.below(SEED, "golden/t5", 0, 0, 160, 300))[None]      # positions beyond the last bucket
    with torch.no_grad():
        tensors = {"tokens": tokens, "hidden": pipe.text_encoder_2(tokens)[0],
                   "long.tokens": far, "long.hidden": pipe.text_encoder_2(far)[0]}
    save("t5", tensors, prompts=json.dumps(PROMPTS))


def clip_tokens():
    """600 nasty strings through CLIPTokenizer; `cut` is what the encoder gets when `ids` is longer than 77."""
    tokenizer = load_pipeline().tokenizer
    save_json("clip_tokens", [tokens_row(tokenizer, text, 77) for text in nasty_strings()])


def t5_tokens():
    """The same strings through T5Tokenizer; `sentencepiece` is what that library gives where it differs (before </s>)."""
    import sentencepiece
    tokenizer = load_pipeline().tokenizer_2
    plain = sentencepiece.SentencePieceProcessor(model_file=str(MICRO / "tokenizer_2/spiece.model"))
    rows = []
    for text in nasty_strings():
        row = tokens_row(tokenizer, text, 512)
        alone = plain.encode(text)
        rows.append(row if alone == row["ids"][:-1] else {**row, "sentencepiece": alone})
    print(sum("sentencepiece" in row for row in rows), "rows differ from the SentencePiece library")
    save_json("t5_tokens", rows)


def tokens_row(tokenizer, text, longest):
    ids = tokenizer(text).input_ids
    row = {"text": text, "ids": ids}
    return row if len(ids) <= longest else {**row, "cut": tokenizer(text, truncation=True, max_length=longest).input_ids}


def resample():
    """Pillow's resize of RGB bytes: keys input/<w>x<h> and output/<filter>/<w>x<h>/<to w>x<to h>, each [H, W, 3] uint8."""
    usual = [(1, 1), (7, 9), (16, 16), (33, 20)]
    # Pillow 13 begins with the rows for 27 x 31, with the columns for 27 x 32
    targets = {(31, 40): [(16, 16), (33, 20), (27, 31), (27, 32)]}
    tensors = {}
    for width, height in [(1, 1), (5, 3), (17, 13), (31, 40), (64, 48), (200, 2)]:
        picture = test_picture(width, height)
        tensors[f"input/{width}x{height}"] = torch.from_numpy(picture)
        for name in ["lanczos", "bicubic", "bilinear", "box", "hamming"]:
            for to in targets.get((width, height), usual) + ([(48, 50)] if name == "lanczos" else []):
                resized = Image.fromarray(picture).resize(to, getattr(Image.Resampling, name.upper()))
                tensors[f"output/{name}/{width}x{height}/{to[0]}x{to[1]}"] = torch.from_numpy(np.array(resized))
    save("resample", tensors)


def test_picture(width, height):
    """Gives [H, W, 3] uint8: noise on the left half, hard edges of 0 and 255 on the right, so that filters overshoot."""
    noise = kr.below(SEED, f"golden/picture/{width}x{height}", 0, 0, width * height * 3, 256)
    picture = noise.astype(np.uint8).reshape(height, width, 3)
    rows, columns = np.mgrid[:height, :width]
    edges = (((rows // 3 + columns // 4) % 2) * 255).astype(np.uint8)
    return np.where(columns[..., None] < width / 2, picture, edges[..., None]).astype(np.uint8)


def sampler():
    """Sigmas with dynamic shift, and a whole denoising run of FluxPipeline: latents after each step, and the pictures."""
    from diffusers.pipelines.flux.pipeline_flux import calculate_shift
    pipe, tensors = load_pipeline(), {}
    for tokens in [16, 24, 256, 1024, 1536, 4096, 6144]:
        for steps in [1, 4, 20, 28]:
            pipe.scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / steps, steps), mu=calculate_shift(tokens))
            tensors[f"sigmas/{tokens}/{steps}"] = pipe.scheduler.sigmas.clone()
    start = torch.stack([keyed_normal(42, "render", 0, (16, 8, 12), 2)[i] for i in range(2)])
    kept = []

    def keep(_, step, timestep, values):
        kept.append(unpack(values["latents"], 8, 12))
        return {}

    pictures = pipe(PROMPTS, height=64, width=96, num_inference_steps=4, guidance_scale=3.5, latents=pack(start),
                    max_sequence_length=32, callback_on_step_end=keep).images
    tensors |= {"start": start, **{f"latents/{i + 1}": x for i, x in enumerate(kept)}}
    tensors["image"] = torch.from_numpy(np.stack([np.array(p) for p in pictures]))
    with torch.no_grad():
        tensors["pixels"] = vae_pixels(pipe.vae, kept[-1])
    save("sampler", tensors, prompts=json.dumps(PROMPTS), steps=4, guidance=3.5, seed=42, width=96, height=64, t5_tokens=32)


def adamw():
    """Five steps of torch.optim.AdamW with clipping at 1.0 and a changing learning rate."""
    parameters = {name: torch.nn.Parameter(normal("adamw/" + name, *shape)) for name, shape in [("a", (5, 3)), ("b", (7,))]}
    optimizer = torch.optim.AdamW(parameters.values(), lr=1e-2, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    tensors = {f"start/{name}": p.detach().clone() for name, p in parameters.items()}
    rates, scales, norms = [1e-2, 5e-3, 2e-2, 1e-3, 3e-3], [1.0, 0.05, 3.0, 1e-4, 0.5], []
    for step, (rate, scale) in enumerate(zip(rates, scales), 1):
        optimizer.param_groups[0]["lr"] = rate
        for name, p in parameters.items():
            p.grad = scale * normal(f"adamw/grad/{step}/{name}", *p.shape)
            tensors[f"grad/{step}/{name}"] = p.grad.clone()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0))
        optimizer.step()
        for name, p in parameters.items():
            state = optimizer.state[p]
            tensors |= {f"after/{step}/{name}": p.detach().clone(), f"m/{step}/{name}": state["exp_avg"].clone(),
                        f"v/{step}/{name}": state["exp_avg_sq"].clone()}
    save("adamw", {**tensors, "lr": torch.tensor(rates, dtype=torch.float64), "grad_norm": torch.stack(norms)},
         betas="[0.9, 0.999]", eps=1e-8, weight_decay=0.01, clip=1.0)


def muon():
    """Five steps of torch.optim.Muon on a tall, a wide and a convolution's matrix, its iteration in float32."""
    shapes = {"tall": (7, 3), "wide": (4, 9), "conv": (6, 2, 3, 3)}
    flat = {name: torch.nn.Parameter(normal("muon/" + name, *shape).reshape(shape[0], -1)) for name, shape in shapes.items()}
    optimizer = torch.optim.Muon(flat.values(), lr=1e-2, weight_decay=0.05, adjust_lr_fn="match_rms_adamw")
    tensors = {f"start/{name}": p.detach().clone().reshape(shapes[name]) for name, p in flat.items()}
    rates = [1e-2, 5e-3, 2e-2, 1e-3, 3e-3]
    for step, rate in enumerate(rates, 1):
        optimizer.param_groups[0]["lr"] = rate
        for name, p in flat.items():
            p.grad = normal(f"muon/grad/{step}/{name}", *p.shape)
            tensors[f"grad/{step}/{name}"] = p.grad.clone().reshape(shapes[name])
        with mock.patch.object(torch.Tensor, "bfloat16", torch.Tensor.float):
            optimizer.step()
        for name, p in flat.items():
            tensors |= {f"after/{step}/{name}": p.detach().clone().reshape(shapes[name]),
                        f"m/{step}/{name}": optimizer.state[p]["momentum_buffer"].clone().reshape(shapes[name])}
    save("muon", {**tensors, "lr": torch.tensor(rates, dtype=torch.float64)}, weight_decay=0.05, momentum=0.95)


def trajectory():
    """Losses of 20 training steps as the peer prints them, in fp32 and bf16."""
    flags = ["--resolution", "64", "--text", "16", "--rank", "4", "--steps", "20", "--threads", "1"]
    peer = GOLDEN.parents[1] / "bench/peers/flux_lora.py"
    rows = []
    for dtype, batch in [("float32", 1), ("bfloat16", 1), ("float32", 2)]:
        more = ["--dtype", dtype, "--batch", str(batch)]
        printed = subprocess.run([sys.executable, peer, MICRO, *flags, *more], capture_output=True, text=True, check=True).stdout
        row = json.loads(printed.strip().splitlines()[-1])
        rows.append({"flags": flags + more, **{k: row[k] for k in ["dtype", "batch", "adapted", "trainable", "losses"]}})
    save_json("trajectory", rows)


def images():
    """Small pictures in many formats and the RGB that they stand for."""
    write_images(GOLDEN / "images")


GOLDENS = [micro_flux, random, transformer, lora_gradients, vae, clip, t5, clip_tokens, t5_tokens, resample, sampler,
           adamw, muon, trajectory, images]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which goldens to make; all when none is given")
    parser.add_argument("--list", action="store_true", help="list the goldens and stop")
    args = parser.parse_args()
    known = {golden.__name__: golden for golden in GOLDENS}
    if args.list:
        print("\n".join(f"{name:16} {golden.__doc__}" for name, golden in known.items()))
        return
    unknown = [name for name in args.names if name not in known]
    if unknown:
        parser.error(f"no golden named {unknown[0]!r}; there are: {', '.join(known)}")
    torch.set_num_threads(1)
    for name in args.names or known:
        known[name]()


if __name__ == "__main__":
    main()
