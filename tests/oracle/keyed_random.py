"""Keyed randomness, the reference twin of the C++ generator.

Every number is a pure function of (seed, stream, step, sample, index); nothing has a state.

    generator  Philox4x32-10 (Salmon et al., SC 2011)
    key        (seed low 32 bits, seed high 32 bits)
    counter    (block, sample, step, FNV-1a-32 of the stream's name); block b gives words 4b .. 4b+3

Streams in use: noise, timestep, latent, init/<target>, render, bench/latent, bench/text, bench/pooled, golden/<what>.
"""
import math

import numpy as np

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
MASK = 0xFFFFFFFF


def philox4x32_10(counter, key):
    """Gives the uint32 [n, 4] output for counters uint32 [n, 4] under key (k0, k1)."""
    c = [counter[:, i].astype(np.uint64) for i in range(4)]
    k0, k1 = key
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(MULTIPLIERS[0]), c[2] * np.uint64(MULTIPLIERS[1])
        high0, low0 = p0 >> np.uint64(32), p0 & np.uint64(MASK)
        high1, low1 = p1 >> np.uint64(32), p1 & np.uint64(MASK)
        c = [high1 ^ c[1] ^ np.uint64(k0), low1, high0 ^ c[3] ^ np.uint64(k1), low0]
        k0, k1 = (k0 + WEYL[0]) & MASK, (k1 + WEYL[1]) & MASK
    return np.stack(c, 1).astype(np.uint32)


def fnv1a32(name):
    """Gives the FNV-1a hash of a stream's name."""
    hashed = 0x811C9DC5
    for byte in name.encode():
        hashed = ((hashed ^ byte) * 0x01000193) & MASK
    return hashed


def words(seed, stream, step, sample, n):
    """Gives the first n uint32 words of one sample's stream."""
    blocks = (n + 3) // 4
    counter = np.zeros((blocks, 4), dtype=np.uint32)
    counter[:, 0] = np.arange(blocks)
    counter[:, 1], counter[:, 2], counter[:, 3] = sample, step, fnv1a32(stream)
    return philox4x32_10(counter, (seed & MASK, (seed >> 32) & MASK)).reshape(-1)[:n]


def uniform(seed, stream, step, sample, n):
    """Gives float32 [n] in [0, 1) with 24 random bits."""
    high = words(seed, stream, step, sample, n) >> np.uint32(8)
    return (high.astype(np.float64) * 2.0**-24).astype(np.float32)


def normal(seed, stream, step, sample, n):
    """Gives float32 [n] from N(0, 1): Box-Muller in double on word pairs, rounded last."""
    w = words(seed, stream, step, sample, 2 * ((n + 1) // 2)).astype(np.float64)
    u1, u2 = (w[0::2] + 1.0) * 2.0**-32, w[1::2] * 2.0**-32
    radius, angle = np.sqrt(-2.0 * np.log(u1)), 2.0 * math.pi * u2
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1)[:n].astype(np.float32)


def below(seed, stream, step, sample, n, bound):
    """Gives int64 [n] in [0, bound): the high 32 bits of word * bound."""
    w = words(seed, stream, step, sample, n).astype(np.uint64)
    return ((w * np.uint64(bound)) >> np.uint64(32)).astype(np.int64)


def permutation(seed, stream, epoch, n):
    """Gives the order of n items in an epoch: stable argsort of one word per item."""
    return np.argsort(words(seed, stream, epoch, 0, n), kind="stable")
