"""Stage B: kernels against their CPU twins, and the training comparisons of tests/pretend, on the device.

    test_tensor   OnDevice.*      each operation of kernels/ beside its twin, many sizes
    test_pretend                  recipes, objectives, networks, resume, evaluation, rendering: the CPU's losses

Each case starts programs of its own, so a suite runs in as many parts at once as the machine has pairs of cores.
"""
import concurrent.futures
import os
import re

from findings import Findings
from machine import BUILD, DEVICE, PRETENDED, environment, run

# the pretended GPU's whole suite is `./lorarun test pretend`; the rehearsal runs what shows that the two meet
CASES = "OnTheCard.ALoraTrains*:OnTheCard.AResumedRun*:*/quickstart" if PRETENDED else "*"
SUITES = [("test_tensor", "OnDevice.*", 1, 60), ("test_pretend", CASES, max(1, min(6, (os.cpu_count() or 1) // 2)), 165)]


def names(mark, output):
    """Gives the tests that GoogleTest marks so, by their own lines (which end with a time)."""
    return re.findall(r"^\[ +" + mark + r" +\] (\S+) \(\d+ ms\)$", output, re.MULTILINE)


def words_of_failures(output):
    """Gives what failing tests said, shortened."""
    parts = re.findall(r"^\[ RUN +\] (?:(?!^\[ RUN ).)*?^\[ +FAILED +\] [^\n]*\(\d+ ms\)$", output, re.MULTILINE | re.DOTALL)
    return "\n".join(part[:1500] for part in parts[:8])


def hung_tests(output):
    begun, ended = re.findall(r"^\[ RUN +\] (\S+)$", output, re.MULTILINE), re.findall(r"\] (\S+) \(\d+ ms\)$", output, re.MULTILINE)
    return [name for name in begun if name not in ended]


def run_part(name, chosen, part, parts, deadline_s):
    env = environment(GTEST_TOTAL_SHARDS=str(parts), GTEST_SHARD_INDEX=str(part))
    # the tests preload the pretended GPU into the programs that they start; a test program that computes needs it itself
    if name != "test_tensor":
        env.pop("LD_PRELOAD", None)
    return run([BUILD / name, f"--gtest_filter={chosen}", "--gtest_color=no"], deadline_s, env=env)


def try_suite(stage, name, chosen, parts, deadline_s):
    with concurrent.futures.ThreadPoolExecutor(parts) as pool:
        ended = list(pool.map(lambda part: run_part(name, chosen, part, parts, deadline_s), range(parts)))
    output = "".join(one.out for one in ended)
    good, bad, skipped, hung = (*(names(mark, output) for mark in ("OK", "FAILED", "SKIPPED")), hung_tests(output))
    stage.row("suites", {"program": name, "parts": parts, "passed": len(good), "failed": bad, "skipped": skipped, "hung": hung,
                         "seconds": round(max(one.seconds for one in ended), 1)})
    detail = f"{len(good)} passed, {len(bad)} failed, {len(skipped)} skipped"
    detail += (": " + ", ".join(bad) if bad else "") + (f"; killed after {deadline_s} s in " + ", ".join(hung) if hung else "")
    if not good:
        detail += "; " + ended[0].last_words()
    stage.check(f"{name} passes on {DEVICE}", good and not bad and all(one.code == 0 for one in ended), detail)
    if bad or hung:
        stage.fact(f"words_of_{name}", words_of_failures(output))


def main():
    stage = Findings("B", "kernels and training against the CPU")
    for suite in SUITES:
        try_suite(stage, *suite)
    stage.end()


if __name__ == "__main__":
    main()
