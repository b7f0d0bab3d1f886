#!/usr/bin/env python3
"""Writes the generated parts of docs/ from the .def tables; with --check it only compares.

A page says where a table goes, and from which file:

    <!-- table: engine/limits.def -->
    …what this script writes…
    <!-- end -->

Rows are read as the compiler reads them: NAME(arguments) with texts in quotes; COLUMNS below says
which of the arguments a table shows. A page that differs fails the tests, so that a new option or
limit is one line in its table and `make docs`.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKEN = re.compile(r'"((?:\\.|[^"\\])*)"|//[^\n]*|/\*.*?\*/|([(),])|([^\s(),"]+)', re.DOTALL)


def tokens_of(text):
    """("text", …) for quoted texts, ("mark", …) for brackets and commas, ("word", …)."""
    for match in TOKEN.finditer(text):
        if match.group(1) is not None:
            yield "text", match.group(1).replace('\\"', '"').replace("\\\\", "\\")
        elif match.group(2):
            yield "mark", match.group(2)
        elif match.group(3):
            yield "word", match.group(3)


def rows_of(path):
    """[(macro name, [argument, …])] of a .def file; adjacent texts are one."""
    rows, depth, name, arguments, previous = [], 0, None, [], None
    for kind, text in tokens_of(path.read_text(encoding="utf-8")):
        if depth == 0:
            if (kind, text) == ("mark", "(") and previous is not None:
                depth, name, arguments = 1, previous, [""]
            previous = text if kind == "word" else None
            continue
        if (kind, text) == ("mark", ",") and depth == 1:
            arguments.append("")
            continue
        if kind == "mark":
            depth += {"(": 1, ")": -1, ",": 0}[text]
            if depth == 0:
                rows.append((name, arguments))
                previous = None
                continue
        joint = " " if kind == "word" and arguments[-1] and not arguments[-1].endswith("(") else ""
        arguments[-1] += joint + text
    return rows


def cell(text):
    return text.replace("|", "\\|").strip()


def code(text):
    return f"`{cell(text)}`" if text else ""


def option_cells(macro, row):
    """A row of cli/options.def: its three kinds have their arguments in different places."""
    if macro == "FLAG":
        return [code(f"--{row[1]}"), "", "", cell(row[3])]
    if macro == "NUMBER":
        return [code(f"--{row[1]} {row[6]}"), code(row[2]), cell(row[3]), cell(row[8])]
    choices = f" ({row[5].replace('|', ', ')})" if row[5] else ""
    return [code(f"--{row[1]} {row[4]}"), code(row[2]), cell(row[3]), cell(row[7]) + choices]


def limit_option_cells(_, row):
    """A limit of the engine: an option of the command line as well."""
    name = row[0].replace("_", "-")
    return [code(f"--{name}"), cell(row[1]), f"{cell(row[2])} to {cell(row[3])}", cell(row[4]),
            cell(row[5])]


# file: (headings, function from a row to its cells)
COLUMNS = {
    "cli/options.def": (["option", "environment", "default", "meaning"], option_cells),
    "cli/commands.def": (["command", "arguments", "what it does"],
                         lambda _, row: [code(row[0]), code(row[1]), cell(row[2])]),
    "cli/exits.def": (["status", "when"], lambda _, row: [cell(row[1]), cell(row[2])]),
    "engine/limits.def": (["option", "default", "range", "answer", "reason"], limit_option_cells),
    "engine/counters.def": (["counter", "meaning"], lambda _, row: [code(row[0]), cell(row[1])]),
    "engine/http_errors.def": (["error", "status", "text"],
                               lambda _, row: [code(row[0]), cell(row[1]), cell(row[3])]),
    "router/limits.def": (["limit", "value", "reason"],
                          lambda _, row: [code(row[0]), cell(row[1]), cell(row[2])]),
    "vm_bridge/limits.def": (["limit", "value", "reason"],
                             lambda _, row: [code(row[0]), cell(row[1]), cell(row[2])]),
    "lang/limits.def": (["limit", "value", "reason"],
                        lambda _, row: [code(row[0]), cell(row[1]), cell(row[2])]),
    "vm/limits.def": (["limit", "value", "reason"],
                      lambda _, row: [code(row[0]), f"{cell(row[1])} {cell(row[2])}",
                                      cell(row[3])]),
    "vm/faults.def": (["error", "message"], lambda _, row: [code(row[0]), code(row[1])]),
    "vm/opcodes.def": (["instruction", "operands", "meaning"],
                       lambda _, row: [code(row[0]), code(row[1]), cell(row[2])]),
    "lang/diagnostics.def": (["code", "severity", "meaning"],
                             lambda _, row: [code(row[0]), cell(row[1]).lower(), cell(row[3])]),
}


def native_cells(macro, row):
    effect = "VM_EFFECT" in row[3]
    return [code(row[0] + ("!" if effect else "")), code(row[5]), cell(row[6])]


def table(name):
    """The lines of the table made from a file, or of all modules below a folder."""
    path = ROOT / name
    if path.is_dir():
        return module_tables(path)
    headings, cells = COLUMNS[name]
    lines = ["| " + " | ".join(headings) + " |", "|" + " --- |" * len(headings)]
    for macro, row in rows_of(path):
        lines.append("| " + " | ".join(cells(macro, row)) + " |")
    return lines


def module_tables(folder):
    """One section for each table of natives in a folder."""
    lines = []
    for path in sorted(folder.glob("*.def")):
        rows = [row for macro, row in rows_of(path)
                if macro == "NATIVE" and "VM_INTERNAL" not in row[3]]
        if not rows:
            continue
        title = re.search(r"the module (\w+)", path.read_text(encoding="utf-8"))
        lines += ["", f"### {title.group(1) if title else path.stem.capitalize()}", "",
                  "| function | type | what it gives |", "| --- | --- | --- |"]
        lines += ["| " + " | ".join(native_cells("NATIVE", row)) + " |" for row in rows]
    return lines + [""] if lines else lines


def fill(text):
    """A page with its tables written anew."""
    def replace(match):
        name = match.group(1)
        if not (ROOT / name).exists():
            return match.group(0)
        return "\n".join([f"<!-- table: {name} -->", *table(name), "<!-- end -->"])
    return re.sub(r"<!-- table: (\S+) -->\n.*?<!-- end -->", replace, text, flags=re.DOTALL)


def main(arguments):
    check = arguments == ["--check"]
    passed = failed = 0
    for page in sorted((ROOT / "docs").glob("*.md")):
        old = page.read_text(encoding="utf-8")
        new = fill(old)
        if old == new:
            passed += 1
        elif check:
            failed += 1
            print(f"docs/{page.name} is not what its tables say: run `make docs`")
        else:
            passed += 1
            page.write_text(new, encoding="utf-8")
            print(f"wrote docs/{page.name}")
    if check:
        print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
