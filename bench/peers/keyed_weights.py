"""A random base for the peer, equal to lorarun's: every weight a function of (seed, name), made on the device.

The rule is runtime/nn/weights.h's: matrices and kernels are keyed normals over the square root of their inputs, norm
weights are 1, biases 0; a tensor's stream is "weights/transformer/<name>". The generator is docs/random.md's, here in
PyTorch: a card makes 12 billion of them in seconds.
"""
import math
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/oracle"))
import keyed_random as kr

CHUNK = 1 << 24  # numbers at a time: what they need in float64 and int64 stays below 2 GB


def multiply(word, factor):
    """Gives the high and the low 32 bits of a product; int64 wraps, and the bits stay right."""
    product = word * factor
    return (product >> 32) & kr.MASK, product & kr.MASK


def philox(c, key):
    """Gives the four words (int64) for four counter words under key (k0, k1)."""
    k0, k1 = key
    for _ in range(10):
        high0, low0 = multiply(c[0], kr.MULTIPLIERS[0])
        high1, low1 = multiply(c[2], kr.MULTIPLIERS[1])
        c = [high1 ^ c[1] ^ k0, low1, high0 ^ c[3] ^ k1, low0]
        k0, k1 = (k0 + kr.WEYL[0]) & kr.MASK, (k1 + kr.WEYL[1]) & kr.MASK
    return c


def normal_pair(a, b):
    """Box-Muller in double on a pair of words."""
    radius = torch.sqrt(-2.0 * torch.log((a.double() + 1.0) * 2.0**-32))
    angle = 2.0 * math.pi * (b.double() * 2.0**-32)
    return radius * torch.cos(angle), radius * torch.sin(angle)


def normals(seed, stream, first_block, blocks, device):
    """Gives float32 [4 * blocks] of the stream, from its number 4 * first_block on."""
    block = torch.arange(first_block, first_block + blocks, dtype=torch.int64, device=device)
    counter = [block, torch.zeros_like(block), torch.zeros_like(block), torch.full_like(block, kr.fnv1a32(stream))]
    w = philox(counter, (seed & kr.MASK, (seed >> 32) & kr.MASK))
    return torch.stack([*normal_pair(w[0], w[1]), *normal_pair(w[2], w[3])], 1).view(-1).float()


def fill_normal(tensor, seed, stream, scale):
    """Fills a tensor with keyed normals times `scale`, rounded to float32 before and to its own type after."""
    flat = tensor.view(-1)
    for begin in range(0, flat.numel(), CHUNK):
        n = min(CHUNK, flat.numel() - begin)
        drawn = normals(seed, stream, begin // 4, (n + 3) // 4, tensor.device)[:n]
        flat[begin:begin + n] = (drawn * scale).to(tensor.dtype)


@torch.no_grad()
def fill(model, seed=0, place="weights/transformer"):
    """Gives every parameter of the model its keyed value."""
    for name, parameter in model.named_parameters():
        if parameter.dim() < 2:
            parameter.fill_(0.0 if name.endswith("bias") else 1.0)
        else:
            fan_in = parameter[0].numel()
            fill_normal(parameter, seed, f"{place}/{name}", 1.0 / math.sqrt(fan_in))
