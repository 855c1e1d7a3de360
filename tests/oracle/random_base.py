"""A base without weights (random.json) as one that Python programs can load.

`lorarun export` writes the weights, which are a function of the seed, into a temporary folder.
"""
import atexit
import os
import pathlib
import shutil
import subprocess
import tempfile

PROGRAM = os.environ.get("LORARUN_PROGRAM", str(pathlib.Path(__file__).resolve().parents[2] / "lorarun"))


def with_weights(base):
    """Gives `base` itself, or a temporary copy with weights when it has only a seed."""
    base = pathlib.Path(base)
    if not (base / "transformer" / "random.json").exists() or any((base / "transformer").glob("*.safetensors*")):
        return base
    folder = tempfile.mkdtemp(prefix="lorarun_base_")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run([PROGRAM, "export", str(base), folder], check=True, stdout=subprocess.DEVNULL)
    return pathlib.Path(folder)
