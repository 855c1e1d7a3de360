"""Stage E: the peer (diffusers + peft), eager and with checkpointing, in turn with lorarun, on equal inputs and weights.

Both make the same base on the device (bench/peers/keyed_weights.py) and take the same steps; where their losses differ
by more than compare_step.py allows, the figure is void. The peer runs in a Python that has torch: LORARUN_GPU_PYTHON,
or the one that runs this; what it lacks besides comes from a pack's site/.

On the pretended GPU lorarun's step runs there and the peer's on the CPU: the losses are compared, times are not.
"""
import os
import sys
import time

import base
from findings import Findings
from machine import DEVICE, PRETENDED, ROOT, run
from stage_d import DTYPE, MODEL, RANK, RESOLUTIONS, TEXT, bench

sys.path.insert(0, str(ROOT / "bench"))
from compare_step import compare

PYTHON = os.environ.get("LORARUN_GPU_PYTHON") or sys.executable
STEPS, ROUNDS, STAGE_S = (3, 1, 150) if PRETENDED else (8, 2, 205)
# the most telling first: what time leaves undone is said
CASES = [(resolution, mode) for resolution in reversed(RESOLUTIONS) for mode in ("checkpoint", "eager")]


def peer_environment():
    """The environment as it was given, with a pack's packages: the peer's Python finds its own torch."""
    packages = os.pathsep.join(filter(None, [str(ROOT / "site"), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": packages, "HF_HUB_OFFLINE": "1"}


def find_peer(env):
    """Gives (versions, why not)."""
    names = "import torch, diffusers, peft, transformers; print(*(m.__name__ + ' ' + m.__version__ for m in (torch, diffusers, peft, transformers)))"
    ended = run([PYTHON, "-c", names], 90, env=env)
    return (ended.out.strip().splitlines()[-1], "") if ended.code == 0 else (None, ended.last_words())


def flags_of(resolution):
    return ["--resolution", resolution, "--text", TEXT, "--dtype", DTYPE, "--steps", STEPS, "--random-weights"]


def run_ours(folder, resolution, mode):
    return bench(folder, [*flags_of(resolution), "--mode", mode], 60)


def run_peer(folder, resolution, mode, env):
    script, device = ROOT / "bench/peers/flux_lora.py", "cpu" if PRETENDED else DEVICE
    return run([PYTHON, script, folder, "--device", device, "--rank", RANK, "--mode", mode, *flags_of(resolution)], 75, env=env)


def try_case(stage, folder, env, resolution, mode, end_s):
    name, ours, peers = f"{resolution} px, {mode}", [], []
    for _ in range(ROUNDS):
        if ours and time.monotonic() + 30 > end_s:
            break
        for results, ended in ((ours, run_ours(folder, resolution, mode)), (peers, run_peer(folder, resolution, mode, env))):
            if not ended.json():
                return stage.check(f"{name}: both run", False, ended.last_words())
            results.append(ended.json())
    figures = compare(ours, peers)
    if PRETENDED:
        figures.pop("ratio")
    stage.row("cases", {"resolution": resolution, "mode": mode, "rounds": len(ours), **figures})
    stage.check(f"{name}: the losses are equal", not figures["void"], f"largest relative difference {figures['losses_relative_difference']:.2g}")


def main():
    stage, end_s = Findings("E", "the peer, in turn"), time.monotonic() + STAGE_S
    env = peer_environment()
    versions, why_not = find_peer(env)
    stage.fact("peer", versions)
    if not versions:
        stage.skip(f"no diffusers and peft in {PYTHON}: {why_not}")
        return stage.end()
    folder = base.write(MODEL, TEXT)
    for resolution, mode in CASES:
        if time.monotonic() + 60 > end_s:
            stage.row("left_out", f"{resolution} px, {mode}: no time was left")
            continue
        try_case(stage, folder, env, resolution, mode, end_s)
    stage.end()


if __name__ == "__main__":
    main()
