#!/usr/bin/env python3
"""perf/lang/run.py: the language beside Lua, LuaJIT, Node and C.

    run.py [PROGRAM…] [--rounds N] [--check] [--json FILE]

Each program of this folder exists once for each language and prints one line; the lines must be
equal. A round runs every program once in every language, one after the other, so that what else the
machine does meets all of them alike. The figure is the CPU time of the process (user and system)
with its start, median over the rounds; the table prints the ratio of Baseline to each other
language, and the median of these ratios over the programs. --check runs each once in Baseline and
in C and only compares what they print.
"""
import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
SECONDS_MAX = 120


def languages(scratch):
    """{name: function from a program's name to its command, or None}; C is compiled on the way."""
    def compiled(program):
        target = pathlib.Path(scratch) / program
        if not target.exists():
            subprocess.run(["cc", "-O2", "-std=c11", "-D_GNU_SOURCE", "-o", str(target),
                            str(FOLDER / f"{program}.c"), "-lm"], check=True)
        return [str(target)]

    candidates = {
        "baseline": (ROOT / "build" / "bl-uring",
                     lambda tool, program: [tool, str(FOLDER / f"{program}.bl")]),
        "lua": ("lua5.4", lambda tool, program: [tool, str(FOLDER / f"{program}.lua")]),
        "luajit -joff": ("luajit",
                         lambda tool, program: [tool, "-joff", str(FOLDER / f"{program}.lua")]),
        "luajit": ("luajit", lambda tool, program: [tool, str(FOLDER / f"{program}.lua")]),
        "node": ("node", lambda tool, program: [tool, str(FOLDER / f"{program}.js")]),
        "c": ("cc", lambda tool, program: compiled(program)),
    }
    found = {}
    for name, (tool, command) in candidates.items():
        path = shutil.which(str(tool))
        if path:
            found[name] = lambda program, path=path, command=command: command(path, program)
        else:
            print(f"left out: {name}: {tool} is not here")
    return found


def run(command):
    """(CPU seconds, output or a sentence on what went wrong)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX,
                              stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return SECONDS_MAX, f"no end after {SECONDS_MAX} s"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode != 0:
        return seconds, f"status {done.returncode}: {(done.stdout + done.stderr).strip()[:200]}"
    return seconds, done.stdout.strip()


def measure(programs, commands, rounds):
    """{program: {language: seconds}} and the number of programs that disagree."""
    seconds = {program: {name: [] for name in commands} for program in programs}
    wrong = 0
    for round_index in range(rounds):
        for program in programs:
            outputs = {}
            for name, command in commands.items():
                used, outputs[name] = run(command(program))
                seconds[program][name].append(used)
            want = outputs.get("c", next(iter(outputs.values())))
            bad = {name: text for name, text in outputs.items() if text != want}
            if bad and round_index == 0:
                wrong += 1
                print(f"FAIL {program}: {want!r}, but {bad}")
            for name in bad:
                seconds[program][name] = [float("nan")]
    medians = {program: {name: statistics.median(found) for name, found in row.items()}
               for program, row in seconds.items()}
    return medians, wrong


def print_table(medians, commands):
    names = list(commands)
    print(f"\n{'CPU milliseconds':<18}" + "".join(f"{name:>14}" for name in names))
    for program, row in medians.items():
        print(f"{program:<18}" + "".join(f"{row[name] * 1000:>14.0f}" for name in names))
    others = [name for name in names if name != "baseline"]
    if "baseline" not in names:
        return
    print(f"\n{'baseline against':<18}" + "".join(f"{name:>14}" for name in others))
    ratios = {name: [] for name in others}
    for program, row in medians.items():
        line = f"{program:<18}"
        for name in others:
            ratio = row["baseline"] / row[name]
            if ratio == ratio:  # Not a wrong answer.
                ratios[name].append(ratio)
            line += f"{ratio:>14.2f}"
        print(line)
    print(f"{'median':<18}" + "".join(
        f"{statistics.median(ratios[name]) if ratios[name] else float('nan'):>14.2f}"
        for name in others))
    print(f"{'largest':<18}" + "".join(
        f"{max(ratios[name]) if ratios[name] else float('nan'):>14.2f}" for name in others))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json")
    options = parser.parse_args()
    programs = options.programs or sorted(path.stem for path in FOLDER.glob("*.bl"))
    os.environ.setdefault("LC_ALL", "C")
    with tempfile.TemporaryDirectory(prefix="bl-lang-") as scratch:
        commands = languages(scratch)
        if options.check:
            commands = {name: commands[name] for name in ("baseline", "c") if name in commands}
        medians, wrong = measure(programs, commands, 1 if options.check else options.rounds)
    if options.check:
        print(f"{len(programs) - wrong} passed, {wrong} failed")
    else:
        print_table(medians, commands)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(medians, indent=1))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
