"""Factors of PyTorch's schedulers for tests/lua/schedule_spec.lua.

    python tests/oracle/schedules.py        writes tests/golden/schedules.json

Each case holds a schedule of lorarun, the number of steps of its span, and the
factors of PyTorch's scheduler at progress 0/steps, 1/steps, ...
"""

import json
import pathlib

import torch
from torch.optim import lr_scheduler


def factors(make, count):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    scheduler = make(optimizer)
    values = []
    for _ in range(count):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return values


def case(name, spec, steps, make, count=None):
    return {"name": name, "spec": spec, "steps": steps, "values": factors(make, count or steps)}


def one_cycle(strategy, kind):
    # PyTorch puts the peak at step 0.3 * 101 - 1 of the steps 0 .. 100
    spec = {"kind": "one_cycle", "rise": (0.3 * 101 - 1) / 100, "start": 0.04, "floor": 0.04 / 1e4, "shape": kind}
    return case(f"OneCycleLR {strategy}", spec, 100, lambda o: lr_scheduler.OneCycleLR(
        o, max_lr=1.0, total_steps=101, pct_start=0.3, anneal_strategy=strategy, cycle_momentum=False), 100)


CASES = [
    case("CosineAnnealingLR", {"kind": "cosine", "floor": 0.1}, 50,
         lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=50, eta_min=0.1)),
    case("LinearLR", {"kind": "linear", "floor": 0.2}, 50,
         lambda o: lr_scheduler.LinearLR(o, start_factor=1.0, end_factor=0.2, total_iters=50)),
    case("CosineAnnealingWarmRestarts", {"kind": "cosine_restarts", "cycles": 3, "growth": 2, "floor": 0.05}, 70,
         lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=10, T_mult=2, eta_min=0.05)),
    case("CosineAnnealingWarmRestarts even", {"kind": "cosine_restarts", "cycles": 4}, 60,
         lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=15)),
    case("PolynomialLR", {"kind": "polynomial", "power": 2.5}, 40,
         lambda o: lr_scheduler.PolynomialLR(o, total_iters=40, power=2.5)),
    one_cycle("cos", "cosine"),
    one_cycle("linear", "linear"),
]


def main():
    path = pathlib.Path(__file__).resolve().parents[1] / "golden" / "schedules.json"
    path.write_text(json.dumps(CASES) + "\n")


if __name__ == "__main__":
    main()
