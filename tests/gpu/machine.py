"""Where things are on the machine that is tried, and how its programs are run.

The tree and the pack have the same layout (tests/gpu/pack.sh), so one set of stages serves both:

    ROOT/build/release/lorarun  lorarun-policy  test_*  liblorarun_cuda.so
    ROOT/lua  ROOT/examples/quickstart  ROOT/bench  ROOT/tests
    ROOT/pack.json              only in a pack: what it was made of
    ROOT/site                   only in a pack: the peer's packages

run.sh sets the environment: LORARUN_GPU_DEVICE ("cuda", or "pretend" for a rehearsal), LORARUN_GPU_OUT (the
folder of the results), LORARUN_GPU_LIBRARIES (what the programs need on LD_LIBRARY_PATH), LORARUN_GPU_PRELOAD
(the pretended GPU) and LORARUN_GPU_PYTHON (a Python with the peer; empty: this one).
"""
import json
import os
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/release"
PROGRAM = BUILD / "lorarun"
DEVICE = os.environ.get("LORARUN_GPU_DEVICE", "cuda")
PRETENDED = DEVICE == "pretend"
OUT = pathlib.Path(os.environ.get("LORARUN_GPU_OUT", "gpu_report")).absolute()


def environment(**more):
    """Gives the environment of lorarun and its tests."""
    values = {"GOMP_SPINCOUNT": "10000", **os.environ, "LORARUN_SHARE": str(ROOT), "LORARUN_PROGRAM": str(PROGRAM),
              "LORARUN_TEST_DEVICE": DEVICE, **more}  # the spin is the front door's
    for name, source in (("LD_LIBRARY_PATH", "LORARUN_GPU_LIBRARIES"), ("LD_PRELOAD", "LORARUN_GPU_PRELOAD")):
        if os.environ.get(source):
            values[name] = os.environ[source]
    return values


class Ended:
    """How a program ended: exit code (None: killed at its deadline), both outputs, seconds."""

    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    def last_words(self, lines=6):
        words = (self.err.strip() or self.out.strip()).splitlines()
        return " / ".join(words[-lines:])[-1000:]

    def json(self):
        """Gives the object in the last line of the output, or None."""
        lines = self.out.strip().splitlines()
        try:
            return json.loads(lines[-1]) if lines else None
        except ValueError:
            return None


def run(command, deadline_s, folder=None, env=None):
    """Runs a command to its end, or kills it at the deadline."""
    begin_s = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], cwd=folder, env=env or environment(),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
    try:
        out, err = process.communicate(timeout=deadline_s)
        code = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        code = None
    return Ended(code, out, err, time.monotonic() - begin_s)


def lorarun(*words, deadline_s=60, folder=None, **more):
    return run([PROGRAM, *words], deadline_s, folder, environment(**more))


def query_card():
    """Gives what nvidia-smi says of the first card, or {} where there is none."""
    if PRETENDED:
        return {}
    keys = ["name", "driver_version", "memory.total", "compute_cap"]
    try:
        ended = run(["nvidia-smi", "--query-gpu=" + ",".join(keys), "--format=csv,noheader"], 30, env=dict(os.environ))
    except OSError:
        return {}
    lines = ended.out.strip().splitlines()
    if ended.code != 0 or not lines:
        return {}
    return dict(zip(["card", "driver", "memory", "compute_capability"], (word.strip() for word in lines[0].split(","))))
