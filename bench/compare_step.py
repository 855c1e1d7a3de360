"""Run `lorarun bench step` and the diffusers + peft peer in turn, and print figures and ratios.

    python bench/compare_step.py MODEL_DIR [--rounds 3] [--lorarun PROGRAM] [-- flags of both: --dtype float32 --resolution 256 …]

Run it with the Python of tests/oracle/setup.sh. The two alternate within one round, so that a busy machine
hurts both; each figure is the best of all rounds (times) or the largest (memory). Losses must agree, or the
figure is void: to 1e-4 in float32, to 2 % in bfloat16.
"""
import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BOUNDS = {"float32": 1e-4, "bfloat16": 0.02}


def run(command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, command))} failed:\n{result.stderr[-2000:]}")
    return json.loads(result.stdout.strip().splitlines()[-1])


def best(results):
    """Gives the best time and the largest memory of several runs; no key where a run has none."""
    kept = {key: min(one[key] for one in results) for key in ("first_step_s", "step_s_median")}
    for key in ("peak_rss_mib", "peak_vram_mib"):
        if all(one.get(key) is not None for one in results):
            kept[key] = max(one[key] for one in results)
    return kept


def difference(ours, peer):
    """Gives the largest relative difference of two runs' losses."""
    return max(abs(x - y) / abs(y) for x, y in zip(ours["losses"], peer["losses"]))


def compare(ours, peers):
    """Gives figures, ratios, and whether they are void, of the results of all rounds."""
    a, b, worst = best(ours), best(peers), difference(ours[0], peers[0])
    return {"lorarun": a, "peer": b, "ratio": {key: round(a[key] / b[key], 3) for key in a if key in b},
            "losses_relative_difference": worst, "void": not worst <= BOUNDS[ours[0]["dtype"]]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lorarun", default=str(ROOT / "lorarun"))
    parser.add_argument("--peer-mode", default="eager", help="eager, checkpoint or compile")
    args, flags = parser.parse_known_args()
    flags = [flag for flag in flags if flag != "--"]
    ours, peers = [], []
    for _ in range(args.rounds):
        ours.append(run([args.lorarun, "bench", "step", args.model, *flags]))
        peer = [sys.executable, ROOT / "bench/peers/flux_lora.py", args.model, "--mode", args.peer_mode]
        peers.append(run([*peer, *flags]))
    print(json.dumps({"flags": flags, "peer_mode": args.peer_mode, "rounds": args.rounds, **compare(ours, peers)}))


if __name__ == "__main__":
    main()
