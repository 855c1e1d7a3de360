"""One report of what the stages found: report.json, and report.md for people.

    report.json  {"card", "driver", "commit", "date", "torch", "pretended", "stages": [findings…]}

A rehearsal on the pretended GPU says so in its first line, and prints no time as if it were a card's.
"""
import json
import os
import platform
import subprocess

import findings
from machine import OUT, PRETENDED, ROOT, query_card

STAGES = "ABCDE"


def commit():
    """Gives what the pack was made of, or the tree's commit."""
    pack = ROOT / "pack.json"
    if pack.exists():
        return json.loads(pack.read_text())["commit"]
    ended = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return ended.stdout.strip() or "unknown"


def processor():
    try:
        lines = open("/proc/cpuinfo").read().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def gather():
    card = query_card()
    stages = [found for found in map(findings.read, STAGES) if found]
    return {"card": "pretended GPU" if PRETENDED else card.get("card"), "driver": card.get("driver"), "memory": card.get("memory"),
            "compute_capability": card.get("compute_capability"), "cpu": f"{processor()}, {os.cpu_count()} cores", "pretended": PRETENDED,
            "commit": commit(), "torch": os.environ.get("LORARUN_GPU_TORCH"),
            "date": findings.now(), "stages": stages}


def head(gathered):
    if PRETENDED:
        yield "# lorarun, rehearsed on the pretended GPU: not run on a GPU"
        yield "Times here are this CPU's and say nothing of a card. What holds: the scripts, placement of tensors, losses, counted bytes."
    else:
        yield f"# lorarun on {gathered['card'] or 'a machine where nvidia-smi finds no card'}"
    yield "| | |\n|---|---|\n" + "\n".join(f"| {key} | {gathered[key]} |" for key in
                                          ("card", "memory", "compute_capability", "driver", "cpu", "torch", "commit", "date") if gathered[key])


def number(value):
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def table(rows, keys):
    yield "| " + " | ".join(keys) + " |\n|" + "---|" * len(keys)
    for row in rows:
        yield "| " + " | ".join(number(row.get(key)) for key in keys) + " |"


def lines_of_checks(found):
    for one in found["checks"]:
        yield f"- {'ok' if one['ok'] else '**not ok**'}: {one['what']}" + (f" ({one['detail']})" if one["detail"] else "")


def flattened(row):
    """Gives the columns of stage E's row."""
    flat = {"resolution": row["resolution"], "peer": row["mode"], "rounds": row["rounds"], "losses differ by": row["losses_relative_difference"]}
    if row["void"]:
        return {**flat, "ratio": "void"}
    if "ratio" in row:
        flat |= {"ours ms": 1e3 * row["lorarun"]["step_s_median"], "peer ms": 1e3 * row["peer"]["step_s_median"],
                 "ratio": row["ratio"]["step_s_median"], "memory ratio": row["ratio"].get("peak_vram_mib")}
    return flat


def tables_of(found):
    cases = found["facts"].get("cases", [])
    if found["stage"] == "D" and cases:
        times = [] if PRETENDED else ["step_ms", "first_step_s", "gemm_tflops", "step_tflop", "floor_ratio"]
        yield from table(cases, ["resolution", "recompute", *times, "peak_gib", "planned_gib", "peak_over_plan"])
    if found["stage"] == "E" and cases:
        rows = [flattened(row) for row in cases]
        yield from table(rows, list(dict.fromkeys(key for row in rows for key in row)))


def section(found):
    yield f"\n## {found['stage']}: {found['title']}\n\n{found['state']}, {found['seconds']:.0f} s, {found['date']}"
    if found["facts"].get("why"):
        yield f"\n{found['facts']['why']}"
    checks, tables = "\n".join(lines_of_checks(found)), "\n".join(tables_of(found))
    yield from ("\n" + text for text in (checks, tables) if text)
    for words in found["facts"].get("left_out", []):
        yield f"\nleft out: {words}"


def write():
    gathered = gather()
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "report.json").write_text(json.dumps(gathered, indent=1) + "\n")
    parts = ["\n\n".join(head(gathered)), *("\n".join(section(found)) for found in gathered["stages"])]
    (OUT / "report.md").write_text("\n".join(parts) + "\n")
