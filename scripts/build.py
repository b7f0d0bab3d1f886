#!/usr/bin/env python3
"""Configures and builds one build folder.

    build.py FOLDER [MESON OPTION…]

A new folder is set up with the options, an existing one is changed where it differs. Without
options a new folder leaves the tests out, so that a plain build needs no test library. Output is
shown only when it says something: warnings, or why a build failed.
"""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def tool(name):
    """Debian's own tool where there is one: it works with Debian's own Python."""
    own = pathlib.Path("/usr/bin") / name
    return str(own) if own.exists() else name


def current_options(folder):
    """{name: value} of a configured folder, values as Meson's command line writes them."""
    path = folder / "meson-info" / "intro-buildoptions.json"
    options = {}
    for option in json.loads(path.read_text()):
        value = option["value"]
        if isinstance(value, bool):
            value = "true" if value else "false"
        options[option["name"]] = str(value)
    return options


def configure(folder, options, environment=None):
    """Makes folder a build folder with these `-Dname=value` options."""
    env = dict(os.environ, **(environment or {}))
    if not (folder / "build.ninja").exists():
        command = [tool("meson"), "setup", str(folder), str(ROOT), *options]
        run_quietly(command, env)
        return
    current = current_options(folder)
    wrong = []
    for option in options:
        name, _, value = option.removeprefix("-D").partition("=")
        if current.get(name) != value:
            wrong.append(option)
    if wrong:
        run_quietly([tool("meson"), "configure", str(folder), *wrong], env)


def run_quietly(command, env=None):
    """Runs a command; prints what it said only if it failed or warned. Returns its output."""
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode != 0:
        print(done.stdout[-8000:])
        sys.exit(f"failed: {' '.join(command)}")
    for line in done.stdout.splitlines():
        if " warning: " in line:
            print(line)
    return done.stdout


def build(folder, options=(), targets=(), environment=None):
    """Configures and builds; ends the process with a message when that fails."""
    folder = pathlib.Path(folder)
    if not folder.is_absolute():
        folder = ROOT / folder
    configure(folder, options, environment)
    return run_quietly([tool("ninja"), "-C", str(folder), *targets])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    given = sys.argv[2:]
    if not given and not (ROOT / sys.argv[1] / "build.ninja").exists():
        given = ["-Dtests=false"]
    build(sys.argv[1], given)
