"""Run `lorarun bench step` and the diffusers + peft peer in turn, and print figures and ratios.

    python bench/compare_step.py MODEL_DIR [--rounds 3] [--lorarun PROGRAM] [-- flags of both: --dtype float32 --resolution 256 …]

Run it with the Python of tests/oracle/setup.sh. The two alternate within one round, so that a busy machine
hurts both; each figure is the best of all rounds (times) or the largest (memory). Losses must agree.
"""
import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def run(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, command))} failed:\n{result.stderr[-2000:]}")
    return json.loads(result.stdout.strip().splitlines()[-1])


def best(results):
    return {
        "first_step_s": min(one["first_step_s"] for one in results),
        "step_s_median": min(one["step_s_median"] for one in results),
        "peak_rss_mib": max(one["peak_rss_mib"] for one in results),
    }


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
    a, b = best(ours), best(peers)
    difference = max(abs(x - y) / abs(y) for x, y in zip(ours[0]["losses"], peers[0]["losses"]))
    print(json.dumps({"flags": flags, "peer_mode": args.peer_mode, "rounds": args.rounds, "lorarun": a, "peer": b,
                      "ratio": {key: round(a[key] / b[key], 3) for key in a}, "losses_relative_difference": difference}))


if __name__ == "__main__":
    main()
