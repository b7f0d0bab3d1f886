#!/usr/bin/env python3
"""perf/report.py: writes measured results into docs/performance.md.

    report.py [--bench FILE] [--lang FILE] [--figures FILE]

The files are what `bench.py --json`, `lang/run.py --json` and `figures.py --json` wrote. Each
replaces the lines between `<!-- results: NAME -->` and `<!-- end results -->`.
"""
import argparse
import json
import pathlib
import re
import statistics

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "performance.md"


def table(headings, rows):
    lines = ["| " + " | ".join(headings) + " |", "| --- |" + " ---: |" * (len(headings) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def bench_lines(data):
    """CPU time for a request as ratios to Axum, then the latency at a fixed rate."""
    names = list(dict.fromkeys(name for rows in data["workloads"].values() for name in rows))
    rows = []
    for workload, found in data["workloads"].items():
        base = found["axum"]["cpu_us"]
        rows.append([workload, *(f"{found[name]['cpu_us'] / base:.2f}" if name in found else ""
                                 for name in names), f"{base:.1f}"])
    lines = ["CPU time for a request, as a ratio to Axum (last column: Axum's own, microseconds):",
             "", *table(["workload", *names, "Axum, µs"], rows)]
    if data.get("rate"):
        lines += ["", "Latency at 10,000 requests/s on /users/42, microseconds:", "",
                  *table(["server", "p50", "p99", "p99.9"],
                         [[name, *(f"{row[key]:.0f}" for key in ("p50", "p99", "p999"))]
                          for name, row in data["rate"].items()])]
    lines += ["", "Resident memory after all of it: "
              + ", ".join(f"{name} {kib / 1024:.0f} MiB"
                          for name, kib in data["resident_kib"].items()) + "."]
    return lines


def lang_lines(data):
    names = list(next(iter(data.values())))
    others = [name for name in names if name != "baseline"]
    rows, ratios = [], {name: [] for name in others}
    for program, row in data.items():
        for name in others:
            ratios[name].append(row["baseline"] / row[name])
        rows.append([program, f"{row['baseline'] * 1000:.0f}",
                     *(f"{row['baseline'] / row[name]:.2f}" for name in others)])
    rows.append(["**median**", "",
                 *(f"**{statistics.median(ratios[name]):.2f}**" for name in others)])
    return ["CPU time of Baseline, and its ratio to that of the same program elsewhere:", "",
            *table(["program", "ms", *others], rows)]


def figures_lines(data):
    verdicts = {True: "yes", False: "no", None: "not measured"}
    return table(["figure", "target", "measured", "reached"],
                 [[row[0], row[1], row[2], verdicts[row[3]]] for row in data])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    writers = {"bench": bench_lines, "lang": lang_lines, "figures": figures_lines}
    for name in writers:
        parser.add_argument(f"--{name}")
    options = parser.parse_args()
    text = PAGE.read_text(encoding="utf-8")
    for name, writer in writers.items():
        path = getattr(options, name)
        if not path:
            continue
        data = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        body = "\n".join([f"<!-- results: {name} -->", *writer(data), "<!-- end results -->"])
        text = re.sub(rf"<!-- results: {name} -->\n.*?<!-- end results -->", lambda _: body, text,
                      flags=re.DOTALL)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
