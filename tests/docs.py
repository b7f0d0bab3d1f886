#!/usr/bin/env python3
"""tests/docs.py: every command in README.md and docs/ does what the page says.

Commands stand in fenced blocks marked `console`: a line that starts with `$ ` is a command, the
lines below it are lines that its output must contain, in order; `…` stands for any text, also
inside of a line. A page is one session: what it started in the background (`&`, or `make run`)
lives until its end. Commands run in the root of the project and must exit with 0, unless a line
`# exit N` follows. The port 8080 is replaced by a free one. Other targets of make than `run` would
run the tests inside of the tests: of them only the names are checked.

    docs.py [PAGE…]      ends with `N passed, N failed`
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMAND_SECONDS_MAX = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def commands_of(text):
    """[(line number, command, [expected line, …], expected exit status)]"""
    found, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            inside = line.strip() == "```console"
        elif inside and line.startswith("$ "):
            found.append([number, line[2:], [], 0])
        elif inside and found and re.fullmatch(r"# exit \d+", line):
            found[-1][3] = int(line.split()[2])
        elif inside and found and found[-1][1].endswith("\\"):
            found[-1][1] = found[-1][1][:-1] + line.strip()
        elif inside and found:
            found[-1][2].append(line)
    return found


def lacks(output, expected):
    """The first expected line that the output does not have after those before it, or None."""
    lines = output.splitlines()
    for want in expected:
        pattern = ".*".join(re.escape(part) for part in want.rstrip().split("…"))
        while lines and not re.fullmatch(pattern, lines[0].rstrip()):
            lines.pop(0)
        if not lines and want.strip("… "):
            return want
        if lines:
            lines.pop(0)
    return None


class Session:
    """What one page started, and the free port that it has for 8080."""

    def __init__(self):
        self.port = free_port()
        self.background = []

    def run(self, command, expected, want_status):
        """A sentence on what went wrong, or None."""
        command = command.replace("8080", str(self.port))
        if re.match(r"(sh scripts/setup\.sh.*&& )?make\b(?! run)", command):
            target = command.split("make", 1)[1].split()
            done = subprocess.run(["make", "-n", *target], cwd=ROOT, capture_output=True)
            return None if done.returncode == 0 else done.stderr.decode()
        if re.search(r"\bmake run\b", command):
            return self.start(command + f" PORT={self.port}")
        if command.rstrip().endswith("&"):
            return self.start(command.rstrip()[:-1])
        with tempfile.TemporaryFile() as file:
            done = subprocess.Popen(["bash", "-c", command], cwd=ROOT, stdin=subprocess.DEVNULL,
                                    stdout=file, stderr=subprocess.STDOUT)
            try:
                status = done.wait(COMMAND_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                done.kill()
                return f"no end after {COMMAND_SECONDS_MAX} s"
            file.seek(0)
            output = file.read().decode("utf-8", "replace").replace(str(self.port), "8080")
        if status != want_status:
            return f"exit status {status}, expected {want_status}: {output[-500:]}"
        missing = lacks(output, expected)
        return f"the output lacks {missing!r}: {output[-500:]}" if missing is not None else None

    def start(self, command):
        """Starts a server; it must accept at the page's port."""
        log = tempfile.TemporaryFile()
        process = subprocess.Popen(["bash", "-c", command], cwd=ROOT, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, start_new_session=True)
        self.background.append(process)
        deadline = time.monotonic() + COMMAND_SECONDS_MAX
        while time.monotonic() < deadline and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return None
            except OSError:
                time.sleep(0.05)
        log.seek(0)
        return "does not serve: " + log.read().decode("utf-8", "replace")[-500:]

    def stop(self):
        for process in self.background:
            try:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(10)
            except (OSError, subprocess.TimeoutExpired):
                process.kill()
                process.wait()


def check_page(path):
    passed = failed = 0
    session = Session()
    try:
        for number, command, expected, status in commands_of(path.read_text(encoding="utf-8")):
            problem = session.run(command, expected, status)
            if problem is None:
                passed += 1
            else:
                failed += 1
                print(f"FAIL {path.relative_to(ROOT)}:{number}: {command}: {problem}")
    finally:
        session.stop()
    return passed, failed


def main(arguments):
    pages = [pathlib.Path(name).resolve() for name in arguments]
    pages = pages or [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    results = [check_page(page) for page in pages if page.exists()]
    passed = sum(result[0] for result in results)
    failed = sum(result[1] for result in results)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
