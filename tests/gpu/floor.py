"""The least a LoRA step of FLUX.1 can take: its floating-point operations over the rate of one big product.

Per token and block 12 d² weights multiply (a double block has 12 d² for each of its two streams), in 57 blocks of
the true size; attention is two products of N² d forward. The base is frozen: backward gives dX only (once the
forward), attention's backward is five products of the forward's two. N = picture tokens + text tokens:

    products  G = 2 · blocks · 12 d² · N        attention  A = blocks · 4 N² d
    step        = 2 G + 3.5 A + L               recompute adds G + A + L/3: each block's forward once more
    LoRA      L = 3 · 2 r N · Σ(in + out),      Σ = doubles · 18 d + singles · 17 d per token (q, k, v apart)

At the true size and 1024 px that is 171.1 + 1.3 TFLOP. What is left out (embedders, modulation, norms) is below one
part in a thousand, or moves bytes rather than numbers.
"""
PIXELS_PER_TOKEN = 16


def step_flop(config, resolution, text, rank, batch=1, recompute=False):
    """Gives the floating-point operations of one step; `config` is the transformer's config.json."""
    doubles, singles = config["num_layers"], config["num_single_layers"]
    d = config["num_attention_heads"] * config["attention_head_dim"]
    n = (resolution // PIXELS_PER_TOKEN) ** 2 + text
    products = 2 * (doubles + singles) * 12 * d * d * n
    attention = (doubles + singles) * 4 * n * n * d
    lora = 3 * 2 * rank * n * (doubles * 18 + singles * 17) * d
    step = 2 * products + 3.5 * attention + lora
    if recompute:
        step += products + attention + lora / 3
    return batch * step


def ratio(config, tflops, step_s, **sizes):
    """Gives floor / measured: 1 is the card's limit."""
    return step_flop(config, **sizes) / (tflops * 1e12) / step_s

