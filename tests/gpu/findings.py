"""What a stage found: checks that hold or not, and facts; on the disk after each, so that a kill loses nothing.

    {"stage": "C", "title": "…", "device": "cuda", "date": "2026-11-28 12:00 UTC", "state": "passed", "seconds": 31.2,
     "checks": [{"what": "a killed run goes on", "ok": true, "detail": "from step 10"}], "facts": {…}}

state: running (only while it runs), passed, failed (a check did not hold, or the stage broke), stopped (at its
deadline), skipped (with the reason in facts.why).
"""
import datetime
import json
import os
import time

from machine import DEVICE, OUT


def path_of(stage):
    return OUT / f"{stage}.json"


def read(stage):
    """Gives a stage's findings, or None when it left none."""
    try:
        return json.loads(path_of(stage).read_text())
    except (OSError, ValueError):
        return None


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def blank(stage, title):
    return {"stage": stage, "title": title, "device": DEVICE, "date": now(), "state": "running", "seconds": 0.0, "checks": [], "facts": {}}


def write(found):
    OUT.mkdir(parents=True, exist_ok=True)
    path = path_of(found["stage"])
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(found, indent=1) + "\n")
    os.replace(temporary, path)


class Findings:
    def __init__(self, stage, title):
        self.begin_s = time.monotonic()
        self.found = blank(stage, title)
        self.save()

    def save(self):
        self.found["seconds"] = round(time.monotonic() - self.begin_s, 1)
        write(self.found)

    def check(self, what, ok, detail=""):
        """Adds a sentence and whether it holds; gives `ok`."""
        self.found["checks"].append({"what": what, "ok": bool(ok), "detail": str(detail)[:1000]})
        print(("ok      " if ok else "not ok  ") + what + (f"  ({str(detail)[:300]})" if detail else ""), flush=True)
        self.save()
        return ok

    def fact(self, name, value):
        self.found["facts"][name] = value
        self.save()

    def row(self, table, values):
        """Adds a row to a table of facts."""
        self.found["facts"].setdefault(table, []).append(values)
        self.save()

    def skip(self, why):
        self.found["facts"]["why"] = why
        self.found["state"] = "skipped"
        self.save()
        print("skipped " + why, flush=True)

    def end(self):
        if self.found["state"] == "running":
            good = self.found["checks"] and all(one["ok"] for one in self.found["checks"])
            self.found["state"] = "passed" if good else "failed"
        self.save()
