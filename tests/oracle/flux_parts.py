"""What every oracle script needs to know about FLUX.1 in diffusers: packing, ids, LoRA targets and names.

Legend: B batch, C latent channels (16), h w latent size, S text tokens, D text width, P pooled width.
"""
import math

import torch

import keyed_random as kr

# Every linear of attention and feed-forward in both kinds of block; modulation (norm*.linear) stays out.
LORA_TARGETS = (r".*transformer_blocks\.\d+\.(attn\.(to_q|to_k|to_v|to_out\.0|add_q_proj|add_k_proj|add_v_proj|to_add_out)"
                r"|ff\.net\.(0\.proj|2)|ff_context\.net\.(0\.proj|2)|proj_mlp|proj_out)")


def keyed_normal(seed, stream, step, shape, batch=None):
    """Gives a tensor [*shape] of keyed normals, or [batch, *shape] with one sample per row."""
    n = math.prod(shape)
    rows = [torch.from_numpy(kr.normal(seed, stream, step, s, n)).view(*shape) for s in range(batch or 1)]
    return torch.stack(rows) if batch else rows[0]


def pack(x):
    """[B, C, h, w] -> [B, (h/2)(w/2), 4C], the transformer's token layout."""
    b, c, h, w = x.shape
    return x.view(b, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 1, 3, 5).reshape(b, (h // 2) * (w // 2), 4 * c)


def unpack(x, h, w):
    """[B, (h/2)(w/2), 4C] -> [B, C, h, w]."""
    b, _, c4 = x.shape
    return x.view(b, h // 2, w // 2, c4 // 4, 2, 2).permute(0, 3, 1, 4, 2, 5).reshape(b, c4 // 4, h, w)


def image_ids(h, w):
    """Gives the ids [(h/2)(w/2), 3] of packed tokens: (0, row, column)."""
    ids = torch.zeros(h // 2, w // 2, 3)
    ids[..., 1] = torch.arange(h // 2)[:, None]
    ids[..., 2] = torch.arange(w // 2)[None]
    return ids.view(-1, 3)


def add_lora(model, rank, alpha, targets=LORA_TARGETS):
    """Puts a peft LoRA on the model; gives {target: {"down": A parameter, "up": B parameter}} in float32."""
    from peft import LoraConfig
    model.requires_grad_(False)
    model.add_adapter(LoraConfig(r=rank, lora_alpha=alpha, target_modules=targets))
    adapters = {}
    for name, parameter in model.named_parameters():
        if "lora_" not in name:
            continue
        parameter.data = parameter.data.float()
        parameter.requires_grad_(True)
        target, rest = name.split(".lora_")
        adapters.setdefault(target, {})["down" if rest.startswith("A") else "up"] = parameter
    return adapters


def init_down(adapters, seed):
    """Gives every A its keyed start, U(-1, 1) / sqrt(in), and every B zeros."""
    with torch.no_grad():
        for target, pair in adapters.items():
            down = pair["down"]
            u = torch.from_numpy(kr.uniform(seed, "init/" + target, 0, 0, down.numel())).view_as(down)
            down.copy_((u * 2 - 1) / math.sqrt(down.shape[1]))
            pair["up"].zero_()


def vae_latents(vae, pixels):
    """Encodes pixels [B, 3, H, W] in [-1, 1]; gives the posterior's mean after shift and scale."""
    mean = vae.encode(pixels).latent_dist.mean
    return (mean - vae.config.shift_factor) * vae.config.scaling_factor


def vae_pixels(vae, latents):
    """Decodes scaled latents [B, C, h, w] to pixels [B, 3, H, W], about [-1, 1]."""
    return vae.decode(latents / vae.config.scaling_factor + vae.config.shift_factor, return_dict=False)[0]
