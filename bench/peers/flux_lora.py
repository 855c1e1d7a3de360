"""The peer: FLUX LoRA steps with diffusers + peft, as their own training script takes them, on keyed synthetic inputs.

    python bench/peers/flux_lora.py MODEL_DIR [--steps 20] [--mode eager|checkpoint|compile] [--dtype float32|bfloat16]
        [--device cpu|cuda] [--resolution 256] [--batch 1] [--rank 16] [--text 128] [--seed 42] [--threads 2] [--lr 1e-4]
        [--random-weights]

Prints one JSON object: losses, seconds per step, seconds from process start to the end of the first step, peak memory.
`lorarun bench step MODEL_DIR` prints the same object for the same flags on the same inputs, so that one driver can run
the two in turn.

Inputs: latents = stream `bench/latent`, text = `bench/text` and `bench/pooled` (normals, step 0), noise = `noise`, sigma =
sigmoid of the one normal of `timestep`, LoRA A = `init/<target>`, B = 0, alpha = rank. LoRA sits on every linear of the
blocks' attention and feed-forward, not on modulation. AdamW(0.9, 0.999, 1e-8, weight decay 0.01), clipping at 1.0.
"""
import os
import sys
import time


def process_start_s():
    """Gives the process's start on perf_counter's scale, from the kernel: imports count."""
    with open("/proc/self/stat") as stat:
        ticks = int(stat.read().rsplit(")", 1)[1].split()[19])
    with open("/proc/uptime") as uptime:
        up_s = float(uptime.read().split()[0])
    return time.perf_counter() - (up_s - ticks / os.sysconf("SC_CLK_TCK"))


START_S = process_start_s()

import argparse
import json
import pathlib
import resource

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/oracle"))
import keyed_weights
from flux_parts import add_lora, image_ids, init_down, keyed_normal, pack


def parse_flags():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="pipeline folder in diffusers layout")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--mode", choices=["eager", "checkpoint", "compile"], default="eager")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--resolution", type=int, default=256, help="pixels; the latents are square, 1/8 of it")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--text", type=int, default=128, help="text tokens")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--lr", type=float, default=1e-4)
    parser.add_argument("--random-weights", action="store_true",
                        help="config.json alone (MODEL_DIR or its transformer/), and the keyed weights that lorarun's flag makes")
    return parser.parse_args()


def load_transformer(flags, dtype):
    from diffusers import FluxTransformer2DModel
    if not flags.random_weights:
        model = FluxTransformer2DModel.from_pretrained(flags.model, subfolder="transformer", torch_dtype=dtype)
        return model.to(flags.device)
    folder = pathlib.Path(flags.model)
    nested = folder / "transformer"
    config = FluxTransformer2DModel.load_config(nested if nested.exists() else folder)
    with torch.device("meta"):
        model = FluxTransformer2DModel.from_config(config).to(dtype)
    model = model.to_empty(device=flags.device)
    keyed_weights.fill(model)
    return model


def prepare(model, mode):
    if mode == "checkpoint":
        model.enable_gradient_checkpointing()
    if mode == "compile":
        for block in [*model.transformer_blocks, *model.single_transformer_blocks]:
            block.compile()


class Inputs:
    """The keyed inputs of every step; what does not change is made once."""

    def __init__(self, flags, config, dtype):
        self.flags, self.dtype, self.device = flags, dtype, torch.device(flags.device)
        side = flags.resolution // 8
        self.latent_shape = (config.in_channels // 4, side, side)
        self.latents = self.keyed("bench/latent", 0, self.latent_shape)
        self.still = dict(
            encoder_hidden_states=self.keyed("bench/text", 0, (flags.text, config.joint_attention_dim)).to(self.device, dtype),
            pooled_projections=self.keyed("bench/pooled", 0, (config.pooled_projection_dim,)).to(self.device, dtype),
            img_ids=image_ids(side, side).to(self.device), txt_ids=torch.zeros(flags.text, 3, device=self.device),
            guidance=torch.ones(flags.batch, device=self.device) if config.guidance_embeds else None)

    def keyed(self, stream, step, shape):
        return keyed_normal(self.flags.seed, stream, step, shape, self.flags.batch)

    def draw(self, step):
        """Gives noise [B, C, h, w] and sigma [B]; numpy is slow at this, so it is not timed."""
        return self.keyed("noise", step, self.latent_shape), torch.sigmoid(self.keyed("timestep", step, (1,)).view(-1))


def training_step(model, inputs, parameters, optimizer, noise, sigma):
    s = sigma.view(-1, 1, 1, 1)
    noisy = pack((1 - s) * inputs.latents + s * noise).to(inputs.device, inputs.dtype)
    target = pack(noise - inputs.latents).to(inputs.device)
    with torch.autocast(inputs.device.type, dtype=inputs.dtype, enabled=inputs.dtype != torch.float32):
        prediction = model(hidden_states=noisy, timestep=sigma.to(inputs.device), return_dict=False, **inputs.still)[0]
    loss = F.mse_loss(prediction.float(), target, reduction="none").mean(dim=(1, 2)).mean()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()


def main():
    flags = parse_flags()
    torch.set_num_threads(flags.threads)
    dtype, on_gpu = getattr(torch, flags.dtype), flags.device.startswith("cuda")
    model = load_transformer(flags, dtype)
    adapters = add_lora(model, flags.rank, flags.rank)
    init_down(adapters, flags.seed)
    parameters = [t for n, t in model.named_parameters() if "lora_" in n]
    prepare(model, flags.mode)
    optimizer = torch.optim.AdamW(parameters, lr=flags.lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    inputs = Inputs(flags, model.config, dtype)

    losses, times_s, first_step_s = [], [], None
    for step in range(1, flags.steps + 1):
        noise, sigma = inputs.draw(step)
        if on_gpu:
            torch.cuda.synchronize()
        begin_s = time.perf_counter()
        losses.append(training_step(model, inputs, parameters, optimizer, noise, sigma))
        end_s = time.perf_counter()
        times_s.append(end_s - begin_s)
        if step == 1:
            first_step_s = end_s - START_S
            if on_gpu:
                torch.cuda.reset_peak_memory_stats()
    steady = sorted(times_s[min(3, len(times_s) - 1):])
    print(json.dumps({
        "mode": flags.mode, "dtype": flags.dtype, "device": flags.device, "resolution": flags.resolution,
        "batch": flags.batch, "rank": flags.rank, "adapted": len(adapters),
        "trainable": sum(t.numel() for t in parameters), "losses": losses,
        "step_s_median": steady[len(steady) // 2], "step_s_min": steady[0], "step_s_max": steady[-1],
        "first_step_s": first_step_s,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "peak_vram_mib": torch.cuda.max_memory_allocated() / 2**20 if on_gpu else None}))


if __name__ == "__main__":
    main()
