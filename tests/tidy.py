#!/usr/bin/env python3
"""tests/tidy.py: what can be decided about the sources without compiling them.

Rules, each with a name that its findings carry:

include    a folder includes only its own headers and those that the table below lists
banned     calls that have no place here, each with the reason; `// NOLINT: why` excuses a line
opening    a C file opens with `// folder/name.c: what it is.`
guard      a header is guarded by FOLDER_NAME_H
line       at most 100 columns, no tab, no blank at the end, a newline at the end of the file
todo       TODO and FIXME carry an issue number

Prints one line for each finding and ends with `N passed, N failed`: a file passes or fails. First
it checks itself: each rule must find its fault in a made-up file, and none in a clean one.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# What each folder may include of the others. "*": everything public and private of that folder.
# One public header a folder, and the few more that a contract between two folders names.
PUBLIC = {
    "alloc": {"alloc/alloc.h", "alloc/status.def"},
    "engine": {"engine/engine.h", "engine/limits.h"},
    "router": {"router/router.h"},
    "vm": {"vm/vm.h"},
    "lang": {"lang/lang.h"},
    "vm_bridge": {"vm_bridge/bridge.h"},
    "cli": set(),
}
# Headers beside the public one that another folder is allowed to see.
CONTRACTS = {
    "lang": {"vm/chunk.h", "vm/faults.h", "vm/library.h", "vm/value.h"},
    "vm_bridge": {"vm/chunk.h", "vm/value.h", "vm/native.h", "vm/object.h", "vm/task.h",
                  "vm/heap.h", "engine/http.h", "vm/std/json.h",
                  "vm/std/console.h"},
    "cli": {"vm/chunk.h", "vm/value.h", "vm/native.h", "vm/std/console.h", "vm/std/env.h",
            "vm/std/fs.h"},
}
MAY_INCLUDE = {
    "alloc": set(),
    "engine": {"alloc"},
    "router": {"alloc"},
    "vm": {"alloc"},
    "lang": {"alloc", "vm"},
    "vm_bridge": {"alloc", "engine", "router", "vm", "lang"},
    "cli": {"alloc", "engine", "router", "vm", "lang", "vm_bridge"},
}
# A system header that belongs to one place.
SYSTEM_HEADERS = {
    "liburing.h": ("engine/ring", "the ring is the one door to the kernel"),
    "mimalloc.h": ("alloc/system", "alloc/ is the one door to the allocator"),
    "llhttp.h": ("engine/", "only the engine speaks HTTP/1.1"),
}
# (pattern, where it is allowed, why not elsewhere)
BANNED = [
    (r"\b(malloc|calloc|realloc|free|strdup|strndup|aligned_alloc)\s*\(",
     ("alloc/", "tests/", "perf/"), "memory comes from alloc/alloc.h"),
    (r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok)\s*\(", (), "has no bound or hides state"),
    (r"\b(atoi|atol|atof|atoll)\s*\(", ("tests/",),
     "cannot report an error: strtol and the like can"),
    (r"\b(rand|srand)\s*\(", (), "use a seeded generator of one's own, or getrandom"),
    (r"\b(setjmp|longjmp)\s*\(", (), "errors are values"),
    (r"\balloca\s*\(", (), "the stack has no limit that a caller could check"),
    (r"\bsystem\s*\(", (), "runs a shell"),
    (r"\bio_uring_(get_sqe|prep_|sqe_|cqe_|wait_|submit|peek_|register|setup|queue_)",
     ("engine/ring",), "only engine/ring.c talks to the ring"),
]
CODE_FOLDERS = ("alloc", "engine", "router", "vm", "lang", "vm_bridge", "cli", "tests", "perf")


def tracked(*patterns):
    done = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard",
                           "--", *patterns], cwd=ROOT, capture_output=True, check=True)
    return [name for name in done.stdout.decode().split("\0") if name and (ROOT / name).exists()]


def without_comments_and_strings(text):
    """The same number of lines; comments and the insides of literals are blank."""
    def blank(match):
        found = match.group(0)
        if found.startswith("/"):
            return re.sub(r"[^\n]", " ", found)
        return found[0] + " " * (len(found) - 2) + found[-1]
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, blank, text, flags=re.DOTALL)


def check_includes(name, text):
    folder = name.split("/")[0]
    for number, line in enumerate(text.splitlines(), 1):
        local = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        system = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
        if system and system.group(1) in SYSTEM_HEADERS:
            owner, why = SYSTEM_HEADERS[system.group(1)]
            if not name.startswith((owner, "tests/", "perf/")):
                yield number, "include", f"<{system.group(1)}> here, but {why}"
        if not local or folder not in MAY_INCLUDE:
            continue
        header = local.group(1)
        target = header.split("/")[0]
        if "/" not in header:
            yield number, "include", f'"{header}" is not written from the root'
        elif target == folder or target not in MAY_INCLUDE:
            continue
        elif target not in MAY_INCLUDE[folder]:
            yield number, "include", f"{folder}/ must know nothing of {target}/ ({header})"
        elif header not in PUBLIC[target] | CONTRACTS.get(folder, set()) and not (
                header.endswith(".def")):
            yield number, "include", f"{header} is private to {target}/"


def check_banned(name, text):
    code = without_comments_and_strings(text)
    excused = {number for number, line in enumerate(text.splitlines(), 1)
               if re.search(r"// NOLINT: \S", line)}
    for number, line in enumerate(code.splitlines(), 1):
        if number in excused:
            continue
        for pattern, allowed, why in BANNED:
            found = re.search(r"(?<![\w.>])" + pattern, line)
            if found and not (allowed and name.startswith(allowed)):
                yield number, "banned", f"{found.group(0).strip().rstrip('(')}: {why}"


def check_opening(name, text):
    if name.endswith((".c", ".h", ".def", ".cc")):
        first = text.split("\n", 1)[0]
        if not re.match(rf"// {re.escape(name)}: \S", first):
            yield 1, "opening", f"must open with `// {name}: what it is.`"


def check_guard(name, text):
    if name.endswith(".h") and not name.startswith(("tests/", "perf/")):
        guard = re.sub(r"[^A-Z0-9]", "_", name.upper())
        if f"#ifndef {guard}\n#define {guard}\n" not in text:
            yield 1, "guard", f"must be guarded by {guard}"


def check_lines(name, text):
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "line", "no newline at the end of the file"
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > 100 and not name.endswith((".md", ".def")):
            yield number, "line", f"{len(line)} columns, at most 100"
        if "\t" in line and pathlib.Path(name).name != "Makefile":
            yield number, "line", "a tab"
        if line != line.rstrip():
            yield number, "line", "blanks at the end"


def check_todo(name, text):
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"\b(TODO|FIXME|XXX)\b(?!.*#\d)", line) and name != "tests/tidy.py":
            yield number, "todo", "without an issue number"


def findings(name, text):
    if name.endswith((".c", ".h", ".cc", ".def")):
        yield from check_includes(name, text)
        yield from check_banned(name, text)
        yield from check_opening(name, text)
        yield from check_guard(name, text)
    yield from check_lines(name, text)
    yield from check_todo(name, text)


SELF_TEST = [
    ("engine/a.c", '// engine/a.c: x.\n#include "vm/vm.h"\n', "include"),
    ("vm/a.c", '// vm/a.c: x.\n#include "router/router.h"\n', "include"),
    ("vm_bridge/a.c", '// vm_bridge/a.c: x.\n#include "engine/conn.h"\n', "include"),
    ("vm/a.c", '// vm/a.c: x.\n#include "value.h"\n', "include"),
    ("vm/a.c", "// vm/a.c: x.\n#include <liburing.h>\n", "include"),
    ("vm/a.c", "// vm/a.c: x.\nvoid *p = malloc(3);\n", "banned"),
    ("cli/a.c", "// cli/a.c: x.\nint n = atoi(s);\n", "banned"),
    ("vm/a.c", "int x;\n", "opening"),
    ("vm/a.h", "// vm/a.h: x.\n#ifndef A_H\n#define A_H\n#endif\n", "guard"),
    ("vm/a.c", "// vm/a.c: x.\nint x; \n", "line"),
    ("vm/a.c", "// vm/a.c: x.\n\tint x;\n", "line"),
    ("vm/a.c", "// vm/a.c: x.\nint x;", "line"),
    ("vm/a.c", "// vm/a.c: x.\n// TODO: all of it.\n", "todo"),
    ("vm/a.c", '// vm/a.c: x.\n#include "alloc/alloc.h"\nbl_free(p); // Not malloc().\n', None),
    ("vm/a.c", "// vm/a.c: x.\nfree(p); // NOLINT: it is the C library's.\n", None),
    ("alloc/a.c", "// alloc/a.c: x.\nvoid *p = malloc(3);\n", None),
    ("vm/a.c", '// vm/a.c: x.\nchar *s = "system(";\n', None),
    ("lang/a.c", '// lang/a.c: x.\n#include "vm/chunk.h"\n', None),
]


def self_test():
    failed = 0
    for name, text, rule in SELF_TEST:
        found = {finding[1] for finding in findings(name, text)}
        if found != ({rule} if rule else set()):
            print(f"FAIL self test: {name}: {text!r}: found {found or 'nothing'}, wanted {rule}")
            failed += 1
    return len(SELF_TEST) - failed, failed


def main():
    passed, failed = self_test()
    patterns = [f"{folder}/*{ending}" for folder in CODE_FOLDERS
                for ending in (".c", ".h", ".def", ".cc", ".py", "meson.build")]
    for name in tracked(*patterns, "meson.build", "Makefile", "scripts/*", "docs/*.md", "*.md"):
        if name.startswith(("tests/corpus/", "tests/fuzz/corpus/")) or "/target/" in name:
            continue
        text = (ROOT / name).read_text(encoding="utf-8", errors="strict")
        found = sorted(findings(name, text))
        for number, rule, message in found:
            print(f"{name}:{number}: {rule}: {message}")
        passed, failed = (passed, failed + 1) if found else (passed + 1, failed)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
