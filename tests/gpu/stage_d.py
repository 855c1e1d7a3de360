"""Stage D: FLUX.1 at its true size (19 + 38 blocks, width 3072), weights made on the device: time, memory, floor.

For 512 and 1024 px, with and without recompute: milliseconds a step, peak bytes after the first step, the rate of one
big product in the same process, and the step's floor (floor.py) at that rate. Beside it the peak that `lorarun plan`
expects of weights, adapters, state and activations.

On the pretended GPU the model is small and the times are the host's: what is tried then is this script and the
memory's count.
"""
import base
from findings import Findings
from floor import ratio, step_flop
from machine import DEVICE, PRETENDED, lorarun, query_card

RANK, MODEL = 16, base.SMALL if PRETENDED else base.TRUE_SIZE
CONFIG = MODEL["transformer"]
TEXT, DTYPE, GEMM = (32, "float32", 128) if PRETENDED else (512, "bfloat16", 8192)
STEPS, RESOLUTIONS = (3, (64, 128)) if PRETENDED else (10, (512, 1024))
OWNERS = ("weights", "adapters", "state", "activations")
MIB, GIB = 2.0**20, 2.0**30
PLAN_BOUND = 0.10        # plan's promise
RECOMPUTE_BOUND = 1e-3   # the same numbers twice; a card may add them up in another order


def bench(folder, flags, deadline_s):
    return lorarun("bench", "step", folder, "--device", DEVICE, "--rank", str(RANK), *map(str, flags), deadline_s=deadline_s)


def flags_of(resolution, recompute):
    flags = ["--resolution", resolution, "--text", TEXT, "--dtype", DTYPE, "--steps", STEPS, "--gemm", GEMM]
    return [*flags, "--recompute"] if recompute else flags


def planned_step(folder, resolution, recompute):
    """Gives what `lorarun plan` expects a training step to hold on the device, by owner, or None when it does not say."""
    (folder / "photos").mkdir(exist_ok=True)
    recipe = folder / "recipe.lua"
    recipe.write_text(f"""return recipe {{
  name = "true_size", seed = 42, steps = 10, device = "cpu",
  model = flux {{ path = ".", dtype = "{DTYPE}", recompute = {str(recompute).lower()} }},
  network = lora {{ rank = {RANK} }}, optimizer = adamw {{ lr = 1e-4 }}, ema = 0,
  data = {{ images {{ dir = "photos", resolution = {resolution}, size_step = 16, min_size = 64 }} }},
}}
""")
    ended = lorarun("plan", recipe, "--json", folder=folder)
    phases = ((ended.json() or {}).get("memory") or {}).get("phases") or []
    return next((phase for phase in phases if phase["name"] == "a training step"), None)


def planned_gib(phase):
    """Gives what of a phase the bench holds too: its model has no VAE and no encoders."""
    return phase and sum(phase[owner] for owner in OWNERS) / GIB


def card_gib():
    """Gives the card's memory, or None: "81559 MiB"."""
    words = query_card().get("memory", "").split()
    return float(words[0]) / 1024 if words and words[0].isdigit() else None


def measured(result, resolution, recompute, planned):
    sizes = dict(resolution=resolution, text=TEXT, rank=RANK, recompute=recompute)
    rate, step_s = result.get("gemm_tflops"), result["step_s_median"]
    peak = result.get("peak_vram_mib")
    return {"resolution": resolution, "recompute": recompute, "step_ms": 1e3 * step_s, "first_step_s": result["first_step_s"],
            "peak_gib": peak and peak * MIB / GIB, "gemm_tflops": rate, "step_tflop": step_flop(CONFIG, **sizes) / 1e12,
            "floor_ratio": rate and ratio(CONFIG, rate, step_s, **sizes), "losses": result["losses"],
            "planned_gib": planned, "peak_over_plan": peak and planned and peak * MIB / GIB / planned}


def try_case(stage, folder, resolution, recompute):
    name = f"{resolution} px, {'recompute' if recompute else 'everything kept'}"
    planned, card = planned_gib(planned_step(folder, resolution, recompute)), card_gib()
    stage.check(f"{name}: plan says what a step holds", planned)
    if planned and card and planned > card:
        return stage.row("left_out", f"{name}: plan says {planned:.1f} GiB, the card has {card:.1f}")
    ended = bench(folder, flags_of(resolution, recompute), 60)
    result = ended.json()
    if not stage.check(f"{name}: {STEPS} steps run", result, "" if result else ended.last_words()):
        return
    row = measured(result, resolution, recompute, planned)
    stage.row("cases", row)
    stage.check(f"{name}: the losses are finite", all(abs(loss) < 1e6 for loss in result["losses"]))
    if row["peak_over_plan"]:
        stage.check(f"{name}: the peak is what plan said", abs(row["peak_over_plan"] - 1) <= PLAN_BOUND,
                    f"{row['peak_gib']:.3f} of {planned:.3f} GiB")


def check_recompute(stage, rows, resolution):
    pair = [row["losses"] for row in rows if row["resolution"] == resolution]
    if len(pair) == 2:
        worst = max(abs(x - y) / abs(y) for x, y in zip(*pair))
        stage.check(f"{resolution} px: recompute changes no loss", worst <= RECOMPUTE_BOUND, f"largest relative difference {worst:.2g}")


def main():
    stage = Findings("D", "FLUX.1, small, on the pretended GPU" if PRETENDED else "FLUX.1 at true size")
    folder = base.write(MODEL, TEXT)
    stage.fact("model", CONFIG)
    for resolution in RESOLUTIONS:
        for recompute in (True, False):
            try_case(stage, folder, resolution, recompute)
        check_recompute(stage, stage.found["facts"].get("cases", []), resolution)
    stage.end()


if __name__ == "__main__":
    main()
