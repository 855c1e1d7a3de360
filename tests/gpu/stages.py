"""Runs the stages in order, each in a process of its own under a deadline, and writes the report.

    python3 stages.py [A] [B] [C] [D] [E]

A stage that fails or hangs does not stop the others, and what it had found stays.
"""
import os
import pathlib
import signal
import subprocess
import sys
import time

import findings
import report

TITLES = {"A": "doctor and back ends", "B": "kernels and training against the CPU", "C": "quickstart",
          "D": "FLUX.1 at true size", "E": "the peer"}
STAGE_S, ALL_S = float(os.environ.get("LORARUN_GPU_STAGE_S", 235)), float(os.environ.get("LORARUN_GPU_ALL_S", 590))
HERE = pathlib.Path(__file__).resolve().parent


def run_stage(stage, deadline_s):
    """Gives the exit code, or None when the deadline came; then the stage and all it started are ended."""
    process = subprocess.Popen([sys.executable, "-B", HERE / f"stage_{stage.lower()}.py"], start_new_session=True)
    try:
        return process.wait(timeout=deadline_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None


def settle(stage, code, seconds):
    """Gives a stage that did not come to its end a state that says so."""
    found = findings.read(stage) or findings.blank(stage, TITLES[stage])
    if found["state"] in ("passed", "failed", "skipped"):
        return found["state"]
    found["state"] = "stopped" if code is None else "failed"
    found["seconds"] = round(seconds, 1)
    found["facts"]["why"] = f"killed after {seconds:.0f} s" if code is None else f"the stage's script ended with exit code {code}"
    findings.write(found)
    return found["state"]


def main():
    wanted = [word.upper() for word in sys.argv[1:]] or list(TITLES)
    begin_s, states = time.monotonic(), []
    for stage in wanted:
        findings.path_of(stage).unlink(missing_ok=True)
    for stage in wanted:
        print(f"\n== {stage}: {TITLES[stage]}", flush=True)
        stage_begin_s = time.monotonic()
        left_s = ALL_S - (stage_begin_s - begin_s)
        code = run_stage(stage, max(1.0, min(STAGE_S, left_s)))
        states.append(settle(stage, code, time.monotonic() - stage_begin_s))
        print(f"== {stage}: {states[-1]} after {time.monotonic() - stage_begin_s:.0f} s", flush=True)
        report.write()
    print(f"\nreport: {findings.OUT / 'report.md'}")
    counts = [sum(state == one for state in states) for one in ("passed", "skipped")]
    print(f"{counts[0]} of {len(states)} stages passed, {counts[1]} skipped, in {time.monotonic() - begin_s:.0f} s")
    return 0 if sum(counts) == len(states) and counts[0] else 1


if __name__ == "__main__":
    sys.exit(main())
