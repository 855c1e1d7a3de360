"""Stage C: the quickstart on the device: 20 steps, killed in the middle, resumed, replayed, a picture, beside the CPU.

The CPU's run and the device's encode their pictures apart, so that the VAE and the text encoders are compared too.
"""
import json
import pathlib
import signal
import subprocess
import tempfile
import time

from findings import Findings
from machine import DEVICE, PROGRAM, ROOT, environment, lorarun

RECIPE = ROOT / "examples/quickstart/recipe.lua"
STEPS, SAVE_EVERY, PICTURE_PX = 20, 5, 128
# a step's loss may differ by what TF32 in the VAE and another order of sums make of it, and 20 steps of it
LOSS_BOUND = 0.02


def words(device, **more):
    settings = {"device": device, "save.every": SAVE_EVERY, "evaluate": "false", **more}
    flags = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    return [RECIPE, "--prior", "0", "--steps", str(STEPS), *flags]


def words_of_the_card():
    return words(DEVICE, **{"render.every": STEPS, "render.steps": 4})


def words_of_the_cpu():
    return words("cpu", render="false")


def metrics(folder):
    """Gives step -> loss of the run's metrics."""
    try:
        lines = (folder / "runs/quickstart/metrics.jsonl").read_text().splitlines()
    except OSError:
        return {}
    rows = [json.loads(line) for line in lines if line.endswith("}")]
    return {row["step"]: row["loss"] for row in rows}


def last_saved(folder):
    """Gives the step of the newest checkpoint, or 0."""
    saved = folder.glob("runs/quickstart/checkpoints/quickstart-*.state")
    return max((int(path.stem.rsplit("-", 1)[1]) for path in saved), default=0)


def train_and_kill(folder, deadline_s):
    """Starts the run and ends it with SIGKILL after its checkpoint of step 10; gives the step it had saved, or 0."""
    process = subprocess.Popen([str(word) for word in [PROGRAM, *words_of_the_card()]], cwd=folder, env=environment(),
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end_s = time.monotonic() + deadline_s
    while process.poll() is None and time.monotonic() < end_s and last_saved(folder) < 2 * SAVE_EVERY:
        time.sleep(0.002)
    was_running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return last_saved(folder) if was_running else 0


def check_picture(stage, folder):
    pictures = sorted(folder.glob("runs/quickstart/samples/*/*.png"))
    sizes = [path.stat().st_size for path in pictures]
    # a picture of one colour is some hundred bytes; 128 x 128 drawn pixels are thousands
    stage.check("it draws pictures that are not of one colour", pictures and min(sizes) > 4 * PICTURE_PX,
                f"{len(pictures)} pictures, the smallest {min(sizes, default=0)} bytes")


def compare(stage, here, reference):
    differences = [abs(here[step] - loss) / abs(loss) for step, loss in reference.items() if step in here]
    worst = max(differences, default=None)
    stage.fact("losses", {DEVICE: list(here.values()), "cpu": list(reference.values())})
    stage.fact("largest_relative_difference", worst)
    stage.check("its losses are the CPU's", len(differences) == STEPS and worst <= LOSS_BOUND, f"largest relative difference {worst}")


def check_replay(stage, folder):
    ended = lorarun("replay", "quickstart", "--json", deadline_s=90, folder=folder)
    stage.fact("replay", ended.json())
    stage.check("a replay gives the same run", ended.code == 0, "" if ended.code == 0 else ended.last_words())


def try_device(stage, folder):
    saved = train_and_kill(folder, 90)
    stage.check("a run is killed with SIGKILL after a checkpoint", saved, f"at step {saved}")
    ended = lorarun(*words_of_the_card(), deadline_s=90, folder=folder)
    here = metrics(folder)
    stage.check("started again, it goes on to its end", ended.code == 0 and len(here) == STEPS,
                f"{len(here)} steps" if ended.code == 0 else ended.last_words())
    check_picture(stage, folder)
    check_replay(stage, folder)
    return here


def main():
    stage = Findings("C", "quickstart: kill, resume, replay, a picture, beside the CPU")
    with tempfile.TemporaryDirectory() as scratch:
        device, cpu = pathlib.Path(scratch, "device"), pathlib.Path(scratch, "cpu")
        device.mkdir(), cpu.mkdir()
        here = try_device(stage, device)
        ended = lorarun(*words_of_the_cpu(), deadline_s=90, folder=cpu)
        stage.check("the same run on the CPU", ended.code == 0, "" if ended.code == 0 else ended.last_words())
        compare(stage, here, metrics(cpu))
    stage.end()


if __name__ == "__main__":
    main()
