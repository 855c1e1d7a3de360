"""Stage A: the program starts here, finds the card, and says what attention will run on."""
import json

import base
from findings import Findings
from machine import DEVICE, PRETENDED, PROGRAM, lorarun, query_card, run
from stage_d import bench

FOLDERS = ("share", "ld_library_path", "cuda_libraries")  # whose machine it is, is nobody's business


def unresolved(program):
    """Gives the libraries that the loader does not find for a program."""
    return [line.split()[0] for line in run(["ldd", program], 30).out.splitlines() if "not found" in line]


def check_start(stage):
    ended = lorarun("--version")
    stage.check("the program starts", ended.code == 0, ended.out.strip() if ended.code == 0 else ended.last_words())
    missing = unresolved(PROGRAM)
    stage.check("every library it links is here", not missing, ", ".join(missing))
    stage.fact("help_s", round(lorarun("--help").seconds, 2))


def ask_doctor():
    """Gives what `lorarun doctor` found, or {}."""
    ended = lorarun("doctor", "--json")
    try:
        return json.loads(ended.out)
    except ValueError:
        return {}


def check_cards(stage, doctor):
    cards = [card for card in doctor.get("cards", []) if card["device"].startswith(DEVICE)]
    stage.check(f"doctor shows {DEVICE}", cards, ", ".join(card["name"] for card in cards) or doctor.get("why_no_cuda"))
    for card in cards:
        stage.check(f"{card['device']} can be used", not card["trouble"], card["trouble"])
        backends = card.get("attention", {})
        stage.check(f"{card['device']} has a fused attention for bf16", backends.get("bf16") not in (None, "math", "none"), backends)
    stage.fact("wrong", doctor.get("wrong", []))
    if not PRETENDED:
        stage.check("nvidia-smi answers", query_card(), query_card() or "")
        stage.check("the kernels' plugin is loaded", doctor.get("plugin"), doctor.get("why_no_plugin"))


def check_device(stage):
    ended = bench(base.write(base.SMALL, 16), ["--resolution", 64, "--text", 16, "--steps", 2, "--dtype", "float32"], 60)
    result = ended.json()
    stage.check(f"a step runs on {DEVICE}", result, ended.last_words() if not result else "")
    stage.fact("first_step_s", result and round(result["first_step_s"], 2))


def main():
    stage = Findings("A", "doctor and back ends")
    check_start(stage)
    doctor = ask_doctor()
    stage.check("doctor answers", doctor)
    stage.fact("doctor", {key: value for key, value in doctor.items() if key not in FOLDERS})
    check_cards(stage, doctor)
    check_device(stage)
    stage.end()


if __name__ == "__main__":
    main()
