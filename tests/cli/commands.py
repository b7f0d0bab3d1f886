#!/usr/bin/env python3
"""tests/cli/commands.py PROGRAM [FILTER]: commands with their output and status, word for word.

The cases stand in the files *.cases beside this one. A file is a list of cases; a case runs in an
empty folder of its own:

    === name of the case
    --- FILE                        writes a file (a name with `/` makes folders); up to next ---
    text
    --- run ARGUMENTS               runs the program with them; quotes and wildcards of a shell work
    what stdout must be
    ! what stderr must be           lines that begin with `! `
    = 1                             the exit status; 0 if there is no such line
    --- is FILE                     what the file must hold now
    text

`--- sh COMMAND` runs a shell command with the same expectations ($BL is the program), for links,
permissions and standard input. A case may have several of all these. In expected lines `…` stands
for anything within the line, a line that is only `…` for any number of lines. Empty lines at the
end of a text do not count. Lines that begin with `#` before the first case are comments.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SECONDS_MAX = 60


class Step:
    def __init__(self, kind, argument):
        self.kind = kind
        self.argument = argument
        self.lines = []


def cases_of(path):
    """[(name, [Step, …])]"""
    cases = []
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        if line.startswith("=== "):
            cases.append((line[4:], []))
        elif line.startswith("--- "):
            kind, _, argument = line[4:].partition(" ")
            known = kind in ("run", "sh", "is")
            cases[-1][1].append(Step(kind, argument) if known else Step("file", line[4:]))
        elif cases and cases[-1][1]:
            cases[-1][1][-1].lines.append(line)
        elif line and not line.startswith("#"):
            sys.exit(f"{path.name}: not in a case: {line}")
    for _, steps in cases:
        for step in steps:
            while step.lines and step.lines[-1] == "":
                step.lines.pop()
    return cases


def matches(expected, got):
    """Do the lines match? `…` is a wildcard in a line, alone on a line one for lines."""
    def pattern(line):
        return ".*".join(re.escape(part) for part in line.split("…"))
    source = ""
    for line in expected:
        source += "(?:[^\n]*\n)*" if line == "…" else pattern(line) + "\n"
    return re.fullmatch(source, "".join(line + "\n" for line in got)) is not None


def difference(what, expected, got):
    shown = [f"    {what}, expected:"] + ["      " + line for line in expected]
    return shown + [f"    {what}, got:"] + ["      " + line for line in got]


def lines_of(data):
    text = data.decode("utf-8", "replace")
    return text.split("\n")[:-1] if text.endswith("\n") else text.split("\n") if text else []


def run_step(program, folder, step):
    """What is wrong, as lines."""
    command = f'"$BL" {step.argument}' if step.kind == "run" else step.argument
    environment = {"PATH": os.environ["PATH"], "BL": program, "LC_ALL": "C.UTF-8"}
    environment.update({name: value for name, value in os.environ.items()
                        if name.endswith("SAN_OPTIONS")})
    done = subprocess.run(["sh", "-c", command], cwd=folder, env=environment,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS_MAX)
    status, out, err = 0, [], []
    for line in step.lines:
        if re.fullmatch(r"= \d+", line):
            status = int(line[2:])
        elif line == "!" or line.startswith("! "):
            err.append(line[2:])
        else:
            out.append(line)
    wrong = []
    if not matches(out, lines_of(done.stdout)):
        wrong += difference("stdout", out, lines_of(done.stdout))
    if not matches(err, lines_of(done.stderr)):
        wrong += difference("stderr", err, lines_of(done.stderr))
    if done.returncode != status:
        wrong.append(f"    exit status {done.returncode}, expected {status}")
    return [f"    {step.kind} {step.argument}"] + wrong if wrong else []


def run_case(program, steps):
    with tempfile.TemporaryDirectory() as folder:
        for step in steps:
            path = pathlib.Path(folder, step.argument)
            text = "".join(line + "\n" for line in step.lines)
            if step.kind == "file":
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            elif step.kind == "is":
                got = path.read_bytes() if path.exists() else b"(no such file)"
                if got != text.encode():
                    return difference(step.argument, step.lines, lines_of(got))
            else:
                wrong = run_step(program, folder, step)
                if wrong:
                    return wrong
    return []


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    passed = failed = 0
    for path in sorted(HERE.glob("*.cases")):
        for name, steps in cases_of(path):
            if wanted not in f"{path.stem}: {name}":
                continue
            wrong = run_case(program, steps)
            passed, failed = passed + (not wrong), failed + bool(wrong)
            if wrong:
                print(f"FAIL {path.stem}: {name}", *wrong, sep="\n")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
