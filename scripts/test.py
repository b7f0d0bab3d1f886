#!/usr/bin/env python3
"""The test driver: runs sections, sums what they counted, ends with `N passed, N failed`.

    test.py check | all | full | SECTION…

check    format, tidy, build, unit: under a minute
all      every section but lint; fuzz targets run for seconds each
full     all, the linter, clang as second compiler, a minute for each fuzz target
SECTION  one or more by name; `test.py list` names them

A section counts what it ran: cases of Criterion, programs of the corpus, cases of HTTP
transcripts, commands of the documentation. A failed step of a section (a build, say) counts as one
failure, so that nothing that could not run looks like success. Programs that are known not to pass
yet stand in tests/corpus/pending.txt, one id a line and a reason behind it; one of them that
passes is a failure, so that the list only shrinks.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import build as builder

ROOT = builder.ROOT
PYTHON = builder.tool("python3")
CORES = os.cpu_count() or 1
IN_CI = bool(os.environ.get("CI"))
SANITIZER_ENV = {
    "ASAN_OPTIONS": "abort_on_error=1:detect_leaks=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}
# A program that ends with objects that nobody counts any more fails.
LEAK_ENV = {"BL_LEAK_CHECK": "1"}
# Longer than any single step takes on two slow cores.
STEP_SECONDS_MAX = 1200


class Tally:
    """What one section counted."""

    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failed = 0
        self.skipped = []

    def add(self, passed, failed):
        self.passed += passed
        self.failed += failed

    def result(self, passed, what):
        self.add(1 if passed else 0, 0 if passed else 1)
        if not passed:
            print(f"FAIL {self.name}: {what}")

    def skip(self, why):
        self.skipped.append(why)


def run(command, env=None, timeout=STEP_SECONDS_MAX, cwd=ROOT):
    """Exit status (or "timeout") and output of a command, both streams in one."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=cwd, env=dict(os.environ, **(env or {})),
                                   stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            status = "timeout"
        output.seek(0)
        return status, output.read().decode("utf-8", "replace")


def tracked_files(*patterns):
    listed = subprocess.run(["git", "ls-files", "-z", "--", *patterns], cwd=ROOT,
                            capture_output=True, check=True)
    return [name for name in listed.stdout.decode().split("\0") if name]


def compile_folder(tally, folder, options, compiler=None, targets=()):
    """One step: configure and build. False if it failed (and is counted)."""
    env = {}
    if compiler:
        env = {"CC": compiler, "CXX": compiler.replace("clang", "clang++")}
    # Warnings are errors here, never for users: another compiler may know more of them.
    options = ["-Dwerror=true", *options] if IN_CI or folder != "build" else list(options)
    try:
        builder.build(folder, options, targets, env)
    except SystemExit as failure:
        tally.result(False, str(failure))
        return False
    tally.result(True, folder)
    return True


# ---- counting ------------------------------------------------------------------------------------

SYNTHESIS = re.compile(r"Tested: .*?(\d+).*?Passing: .*?(\d+).*?Failing: .*?(\d+).*?"
                       r"Crashing: .*?(\d+)")
CLOSING = re.compile(r"^(\d+) passed, (\d+) failed", re.MULTILINE)
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def count_output(text):
    """(passed, failed) that a test program printed about itself, or None."""
    text = ESCAPES.sub("", text)
    found = SYNTHESIS.findall(text)
    if found:
        passed = sum(int(row[1]) for row in found)
        return passed, sum(int(row[2]) + int(row[3]) for row in found)
    found = CLOSING.findall(text)
    if found:
        return int(found[-1][0]), int(found[-1][1])
    return None


def meson_tests(tally, folder, arguments=(), env=None):
    """Runs the tests that Meson knows in a build folder, counting the cases inside of them."""
    log = ROOT / folder / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    command = [builder.tool("meson"), "test", "-C", folder, "--no-rebuild", "--print-errorlogs",
               "--num-processes", str(CORES), *arguments]
    status, output = run(command, env)
    if not log.exists():
        if "No suitable tests defined" in output or "No tests defined" in output:
            tally.skip(f"{folder} has no such test")
            return
        print(output[-4000:])
        tally.result(False, f"meson test in {folder}: {status}")
        return
    failed_before = tally.failed
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        if entry["result"] == "SKIP":
            tally.skip(entry["name"])
            continue
        passed = entry["result"] in ("OK", "EXPECTEDFAIL")
        counted = count_output(entry.get("stdout", "") + entry.get("stderr", ""))
        if counted is None or (not passed and counted[1] == 0):
            tally.add(0 if not passed else 1, 0 if passed else 1)
        else:
            tally.add(*counted)
    if status != 0:
        print(output[-12000:])
        if tally.failed == failed_before:
            tally.result(False, f"meson test in {folder}: {status}")


# ---- the corpus ----------------------------------------------------------------------------------

def pending_ids():
    """{id: reason} of the programs that are known not to pass yet."""
    path = ROOT / "tests" / "corpus" / "pending.txt"
    ids = {}
    if path.exists():
        for line in path.read_text().splitlines():
            words = line.split(None, 1)
            if words and not words[0].startswith("#"):
                ids[words[0]] = words[1] if len(words) > 1 else ""
    return ids


def judge_cases(tally, cases, details):
    """cases: {id: passed}; what is pending must fail, all else must pass."""
    pending = pending_ids()
    waiting = 0
    for name, passed in cases.items():
        if name not in pending:
            tally.add(1 if passed else 0, 0 if passed else 1)
            if not passed:
                print(details.get(name, f"FAIL {name}"))
        elif passed:
            tally.result(False, f"{name} passes: take it off tests/corpus/pending.txt")
        else:
            waiting += 1
    if waiting:
        tally.skip(f"{waiting} pending")


def corpus_cases(output):
    """{id: passed} and {id: text of the failure} from the lines of run.py -v."""
    cases, details, name = {}, {}, None
    for line in output.splitlines():
        words = line.split()
        if line.startswith("ok   "):
            name = None
            cases[words[1]] = True
        elif line.startswith("FAIL "):
            name = words[1]
            cases[name] = False
            details[name] = line
        elif line.startswith("    ") and name:
            details[name] += "\n" + line
        else:
            name = None
    return cases, details


def corpus(tally, folder, env=None, timeout=20, name="bl-uring", option=""):
    """The programs by the program `name` of a build folder; option: one more for what runs."""
    runner = ROOT / "tests" / "corpus" / "run.py"
    binary = ROOT / folder / name
    if not runner.exists() or not binary.exists():
        tally.skip(f"{'no corpus' if binary.exists() else 'no program'} yet")
        return
    program = str(binary)
    modes = ["--run", f"{program} run {option} {{}}", "--test", f"{program} test {option} {{}}"]
    if not option:
        modes += ["--check", f"{program} check {{}} --json"]
    _, output = run([PYTHON, str(runner), "-v", "-j", str(CORES), "--timeout", str(timeout),
                     *modes], {**LEAK_ENV, **(env or {})})
    cases, details = corpus_cases(output)
    closing = CLOSING.findall(output)
    if not closing or sum(map(int, closing[-1])) != len(cases):
        print(output[-4000:])
        tally.result(False, "the corpus runner did not reach its end")
    judge_cases(tally, cases, details)


# ---- HTTP transcripts ----------------------------------------------------------------------------

TRANSCRIPT_OK = re.compile(r"ok   (.*?\.http): (.*)$")
TRANSCRIPT_CASE = re.compile(r"FAIL (.*?\.http):\d+ (.*?): (?:line \d+: |server did not start)")
TRANSCRIPT_WHOLE = re.compile(r"FAIL (.*?\.http): ")


def transcript_cases(output, root):
    """The same from the lines of http.py -v; an id is `PATH:TITLE` with `_` for blanks. What is
    said of a transcript as a whole (it did not stop, it died) has the title `process`."""
    cases, details, name = {}, {}, None
    for line in output.splitlines():
        found = (TRANSCRIPT_OK.match(line) or TRANSCRIPT_CASE.match(line)
                 or TRANSCRIPT_WHOLE.match(line))
        if found:
            path = os.path.relpath(ROOT / found.group(1), root).removesuffix(".http")
            title = found.group(2) if found.lastindex > 1 else "process"
            name = f"{path}:{title}".replace(" ", "_")
            while name in cases:
                name += "'"
            cases[name] = line.startswith("ok ")
            details[name] = line
        elif line.startswith("  ") and name:
            details[name] += "\n" + line
        else:
            name = None
    return cases, details


def transcripts(tally, folder, root, env=None):
    """Replays the transcripts below root against the program of a build folder."""
    runner = ROOT / "tests" / "corpus" / "http.py"
    binary = ROOT / folder / "bl-uring"
    if not runner.exists() or not binary.exists() or not root.exists():
        tally.skip("no transcripts yet" if binary.exists() else "no program yet")
        return
    _, output = run([PYTHON, str(runner), "--serve", f"{binary} {{}}", "-v", "--root", str(root)],
                    env)
    cases, details = transcript_cases(output, root)
    closing = CLOSING.findall(output)
    if not closing or sum(map(int, closing[-1])) < len(cases):
        print(output[-4000:])
        tally.result(False, f"the transcripts of {root.name} did not reach their end")
        return
    # A transcript that must fail to start passes without a line of its own.
    tally.passed += sum(map(int, closing[-1])) - len(cases)
    judge_cases(tally, cases, details)


def example_tree(target):
    """Examples beside their transcripts of tests/web, as the runner wants them."""
    for transcript in sorted((ROOT / "tests" / "web").glob("*.http")):
        name = transcript.stem
        program = ROOT / "examples" / name
        if program.is_dir():
            shutil.copytree(program, target / name)
            shutil.copy(transcript, target / name / "main.http")
        elif program.with_suffix(".bl").exists():
            shutil.copy(program.with_suffix(".bl"), target)
            shutil.copy(transcript, target)
        else:
            # A transcript with a program of its own beside it.
            shutil.copy(transcript.with_suffix(".bl"), target)
            shutil.copy(transcript, target)
    for program in target.rglob("*.bl"):
        # The port that the runner replaces by a free one.
        program.write_text(program.read_text().replace("listen!(8080)", "listen!(18080)"))


def examples(tally, folder, env=None):
    """Every example passes `check`, and its inline tests pass."""
    binary = ROOT / folder / "bl-uring"
    if not binary.exists():
        tally.skip("no program yet")
        return
    programs = sorted((ROOT / "examples").glob("*.bl"))
    programs += sorted((ROOT / "examples").glob("*/main.bl"))
    for program in programs:
        status, output = run([str(binary), "check", str(program)], env)
        tally.result(status == 0, f"check {program.relative_to(ROOT)}: {output}")
    for program in sorted((ROOT / "examples").rglob("*.bl")):
        if "@test" in program.read_text():
            status, output = run([str(binary), "test", str(program)], env)
            tally.result(status == 0, f"test {program.relative_to(ROOT)}: {output}")


def web(tally, folder, env=None):
    examples(tally, folder, env)
    transcripts(tally, folder, ROOT / "tests" / "corpus" / "web", env)
    with tempfile.TemporaryDirectory(prefix="bl-web-") as scratch:
        example_tree(pathlib.Path(scratch))
        transcripts(tally, folder, pathlib.Path(scratch), env)


# ---- sections ------------------------------------------------------------------------------------

def section_format(tally):
    formatter = shutil.which("clang-format-14")
    if not formatter:
        tally.skip("clang-format-14 is not here, and versions disagree")
        return
    sources = tracked_files("*.c", "*.h")
    status, output = run([formatter, "--dry-run", "-Werror", *sources])
    wrong = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", output, re.MULTILINE)))
    for name in wrong:
        print(f"FAIL format: {name} (clang-format-14 -i {name})")
    tally.add(len(sources) - len(wrong), len(wrong))
    if status != 0 and not wrong:
        tally.result(False, output[-2000:])


def section_tidy(tally):
    for command in (["tests/tidy.py"], ["scripts/docs.py", "--check"]):
        status, output = run([PYTHON, *command])
        if status != 0:
            print(output)
        tally.add(*(count_output(output) or (0, 1)))


def section_build(tally):
    compile_folder(tally, "build", ["-Dtests=true"])


def section_unit(tally):
    # The tidy test is a section of its own here.
    meson_tests(tally, "build", ["--no-suite", "tidy"])


def section_corpus(tally):
    corpus(tally, "build")


def section_differential(tally):
    """What runs gives the same results without the optimiser, and by the other instruction loop."""
    corpus(tally, "build", option="--no-optimiser")
    corpus(tally, "build", name="bl-uring-switch")


def section_programs(tally):
    """The benchmark programs give the same results in every language that is here."""
    if not (ROOT / "build" / "bl-uring").exists():
        tally.skip("no program yet")
        return
    status, output = run([PYTHON, "perf/lang/run.py", "--check"])
    if status != 0:
        print(output)
    tally.add(*(count_output(output) or (0, 1)))


def section_web(tally):
    web(tally, "build")


def section_docs(tally):
    if not (ROOT / "build" / "bl-uring").exists():
        tally.skip("no program yet")
        return
    status, output = run([PYTHON, "tests/docs.py"])
    print(output, end="" if status else "")
    tally.add(*(count_output(output) or (0, 1)))


def section_sanitize(tally):
    """AddressSanitizer and UndefinedBehaviorSanitizer over all that runs."""
    options = ["-Dbuildtype=debug", "-Db_sanitize=address,undefined", "-Db_lundef=false",
               "-Dallocator=libc", "-Dparanoid=true", "-Doptimization=1",
               # With its null checks gcc sees formats that could be NULL, and cannot be.
               "-Dc_args=-Wno-format-truncation"]
    if not compile_folder(tally, "build-asan", options):
        return
    meson_tests(tally, "build-asan", ["--no-suite", "tidy", "--timeout-multiplier", "10"],
                SANITIZER_ENV)
    corpus(tally, "build-asan", SANITIZER_ENV, timeout=120)
    web(tally, "build-asan", SANITIZER_ENV)


def section_threads(tally):
    """ThreadSanitizer over the programs of tests/threads (Criterion does not start under it)."""
    options = ["-Dbuildtype=debug", "-Db_sanitize=thread", "-Db_lundef=false", "-Dallocator=libc",
               "-Doptimization=1"]
    if compile_folder(tally, "build-tsan", options):
        meson_tests(tally, "build-tsan", ["--suite", "threads", "--timeout-multiplier", "10"],
                    SANITIZER_ENV)


def section_fuzz(tally, seconds=20):
    compiler = shutil.which("clang-14") or shutil.which("clang")
    if not compiler:
        tally.skip("clang is not here; the corpora were replayed with the unit tests")
        return
    options = ["-Dbuildtype=debug", "-Doptimization=1", "-Dfuzz=true", "-Dtests=true",
               "-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dallocator=libc"]
    if not compile_folder(tally, "build-fuzz", options, compiler, ["fuzz"]):
        return
    targets = sorted(path for path in (ROOT / "build-fuzz" / "tests" / "fuzz").glob("fuzz_*")
                     if path.is_file() and os.access(path, os.X_OK))
    for target in targets:
        with tempfile.TemporaryDirectory(prefix="bl-fuzz-") as scratch:
            # New inputs go to the first folder: the corpus of the repository stays as it is.
            found = pathlib.Path(scratch) / "found"
            found.mkdir()
            seeds = ROOT / "tests" / "fuzz" / "corpus" / target.name.removeprefix("fuzz_")
            command = [str(target), f"-max_total_time={seconds}", "-timeout=20",
                       "-rss_limit_mb=2048", "-print_final_stats=0", "-verbosity=0",
                       f"-artifact_prefix={ROOT}/build-fuzz/", str(found)]
            command += [str(seeds)] if seeds.is_dir() else []
            status, output = run(command, SANITIZER_ENV, seconds + 180)
            if status != 0:
                print(output[-6000:])
            tally.result(status == 0, f"{target.name} for {seconds} s: {status}")


def section_lint(tally):
    linter = shutil.which("clang-tidy-14")
    if not linter:
        tally.skip("clang-tidy-14 is not here, and versions disagree")
        return
    # Configured only, and with assertions: they tell the linter what holds.
    builder.configure(ROOT / "build-lint", ["-Dbuildtype=debug", "-Dtests=true"])
    sources = [name for name in tracked_files("*.c") if not name.startswith(("perf/", "examples/"))]
    known = {os.path.relpath(os.path.join(entry["directory"], entry["file"]), ROOT)
             for entry in json.loads((ROOT / "build-lint" / "compile_commands.json").read_text())}
    for name in sources:
        if name not in known:
            continue
        status, output = run([linter, "-p", "build-lint", "--quiet", "--warnings-as-errors=*",
                              name])
        if status != 0:
            print("\n".join(line for line in output.splitlines() if "warning" not in line[:2]))
        tally.result(status == 0, name)


def section_clang(tally):
    compiler = shutil.which("clang-14") or shutil.which("clang")
    if not compiler:
        tally.skip("clang is not here")
        return
    if compile_folder(tally, "build-clang", [], compiler):
        meson_tests(tally, "build-clang", ["--no-suite", "tidy"])


def section_fuzz_minute(tally):
    section_fuzz(tally, 60)


SECTIONS = {
    "format": section_format,
    "tidy": section_tidy,
    "build": section_build,
    "unit": section_unit,
    "corpus": section_corpus,
    "differential": section_differential,
    "programs": section_programs,
    "web": section_web,
    "docs": section_docs,
    "sanitize": section_sanitize,
    "threads": section_threads,
    "fuzz": section_fuzz,
    "lint": section_lint,
    "clang": section_clang,
    "fuzz-minute": section_fuzz_minute,
}
GROUPS = {
    "check": ["format", "tidy", "build", "unit"],
    "all": ["format", "tidy", "build", "unit", "corpus", "differential", "programs", "web",
            "docs", "sanitize", "threads", "fuzz"],
    "full": ["format", "tidy", "build", "unit", "corpus", "differential", "programs", "web",
             "docs", "lint", "clang", "sanitize", "threads", "fuzz-minute"],
}


def main(arguments):
    if arguments == ["list"]:
        print("\n".join([*GROUPS, *SECTIONS]))
        return 0
    names = [name for argument in arguments for name in GROUPS.get(argument, [argument])]
    unknown = [name for name in names if name not in SECTIONS]
    if unknown or not names:
        print(f"unknown section: {' '.join(unknown)}" if unknown else __doc__, file=sys.stderr)
        return 2
    os.chdir(ROOT)
    tallies = []
    for name in names:
        print(f"---- {name}", flush=True)
        started = time.monotonic()
        tally = Tally(name)
        SECTIONS[name](tally)
        tallies.append(tally)
        notes = f" (left out: {'; '.join(tally.skipped)})" if tally.skipped else ""
        print(f"{name}: {tally.passed} good, {tally.failed} bad, "
              f"{time.monotonic() - started:.0f} s{notes}", flush=True)
    passed = sum(tally.passed for tally in tallies)
    failed = sum(tally.failed for tally in tallies)
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
