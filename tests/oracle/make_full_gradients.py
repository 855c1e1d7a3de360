"""Make tests/golden/full_gradients/gradients.safetensors: gradients of all weights of micro_flux, by diffusers and transformers.

    python make_full_gradients.py

    denoise     the flow-matching loss of the transformer on given text: gradients of all its weights
    live        the same loss with both text encoders inside the graph: gradients of theirs
    autoencode  the VAE's loss of rebuilding pictures from a sample of their posterior: one a picture, and its gradients

Whole gradients would be half a megabyte. Of each tensor the file keeps a row `<part>/<name>`: its norm, its mean, and the entries at
keyed places (stream `golden/full/<part>/<name>`, seed 7), which a wrong formula cannot all hit. Inputs are keyed normals.

Legend: B batch, C latent channels (16), h w latent size, S text tokens.
"""
import json

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

import keyed_random as kr
import make_goldens as goldens
from flux_parts import image_ids, keyed_normal, pack, unpack

ENTRIES = 32
PROMPTS = ["a small striped creature on the grass, looking left, at night", "un café"]
WEIGHTS = {"l1": 1.0, "l2": 2.0, "gradient": 0.5, "kl": 0.03, "scale": 0.25}
CLIP_TOKENS, T5_TOKENS = 77, 512


def summary(name, gradient):
    """Gives [2 + ENTRIES]: norm, mean, and the entries at keyed places."""
    flat = gradient.detach().double().flatten()
    places = kr.below(goldens.SEED, "golden/full/" + name, 0, 0, ENTRIES, flat.numel()).astype("int64")
    return torch.cat([flat.norm()[None], flat.mean()[None], flat[torch.from_numpy(places)]]).float()


def summaries(part, module):
    """Gives the rows of all parameters; one without a gradient has none that counts: zeros."""
    rows = {}
    for name, parameter in module.named_parameters():
        gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        rows[f"{part}/{name}"] = summary(f"{part}/{name}", gradient)
    return rows


def flow_inputs():
    latents, noise = goldens.normal("full/latents", 2, 16, 6, 10), goldens.normal("full/noise", 2, 16, 6, 10)
    return {"latents": latents, "noise": noise, "sigma": torch.tensor([0.3, 0.85]), "guidance": torch.tensor([1.0, 3.5])}


def flow_loss(model, inputs, text, pooled):
    """mean of (prediction - (noise - latents))²."""
    sigma = inputs["sigma"].view(-1, 1, 1, 1)
    noisy = (1 - sigma) * inputs["latents"] + sigma * inputs["noise"]
    packed = model(hidden_states=pack(noisy), encoder_hidden_states=text, pooled_projections=pooled, timestep=inputs["sigma"],
                   guidance=inputs["guidance"], img_ids=image_ids(6, 10), txt_ids=torch.zeros(text.shape[1], 3), return_dict=False)[0]
    return F.mse_loss(unpack(packed, 6, 10), inputs["noise"] - inputs["latents"])


def denoise(inputs):
    """Text of an odd number of rows, given."""
    model = goldens.load_transformer()
    text = goldens.normal("full/text", 2, 7, model.config.joint_attention_dim)
    pooled = goldens.normal("full/pooled", 2, model.config.pooled_projection_dim)
    loss = flow_loss(model, inputs, text, pooled)
    loss.backward()
    return {"text": text, "pooled": pooled, "denoise.loss": loss.view(1), **summaries("transformer", model)}


def live(inputs):
    """Captions of different lengths through both encoders, padded as FluxPipeline pads them."""
    pipe = goldens.load_pipeline()

    def ids(tokenizer, length):
        return tokenizer(PROMPTS, padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids

    clip, t5 = pipe.text_encoder.eval(), pipe.text_encoder_2.eval()
    pooled, text = clip(ids(pipe.tokenizer, CLIP_TOKENS)).pooler_output, t5(ids(pipe.tokenizer_2, T5_TOKENS))[0]
    loss = flow_loss(pipe.transformer.eval(), inputs, text, pooled)
    loss.backward()
    return {"live.loss": loss.view(1), **summaries("clip_l", clip), **summaries("t5", t5)}


def rebuilding(rebuilt, pixels):
    """[B]: how far a rebuilt picture is from the picture, its edges counted again."""
    d = rebuilt - pixels
    over = lambda x: x.flatten(1).mean(1)
    dx, dy = d[..., :, 1:] - d[..., :, :-1], d[..., 1:, :] - d[..., :-1, :]
    return WEIGHTS["l1"] * over(d.abs()) + WEIGHTS["l2"] * over(d * d) + WEIGHTS["gradient"] * (over(dx.abs()) + over(dy.abs()))


def autoencode():
    """A non-square picture, whole and at half the size, the posterior sampled with given noise."""
    model = goldens.load_vae()
    pixels = torch.tanh(goldens.normal("full/pixels", 2, 3, 32, 48))
    noise = keyed_normal(goldens.SEED, "latent", 1, (16, 4, 6), batch=2)  # as the first step of a run of this seed draws it
    posterior = model.encode(pixels).latent_dist
    mean, logvar = posterior.mean, posterior.logvar
    divergence = 0.5 * (mean * mean + logvar.exp() - 1 - logvar).flatten(1).mean(1)
    sample = mean + posterior.std * noise
    losses = rebuilding(model.decode(sample, return_dict=False)[0], pixels) + WEIGHTS["kl"] * divergence
    smaller = model.decode(F.avg_pool2d(sample, 2), return_dict=False)[0]
    losses = losses + WEIGHTS["scale"] * rebuilding(smaller, F.avg_pool2d(pixels, 2))
    losses.mean().backward()
    return {"pixels": pixels, "autoencode.losses": losses, **summaries("vae", model)}


def main():
    torch.set_num_threads(1)
    inputs = flow_inputs()
    tensors = {**inputs, **denoise(inputs), **live(inputs), **autoencode()}
    path = goldens.GOLDEN / "full_gradients" / "gradients.safetensors"
    path.parent.mkdir(exist_ok=True)
    save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, path,
              metadata={"prompts": json.dumps(PROMPTS), "weights": json.dumps(WEIGHTS), "entries": str(ENTRIES)})
    goldens.sort_metadata(path)
    print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
