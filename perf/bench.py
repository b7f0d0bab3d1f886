#!/usr/bin/env python3
"""perf/bench.py: the server beside its peers, in one run.

    bench.py [--servers A,B] [--workloads A,B] [--rounds N] [--seconds S] [--rate R] [--json FILE]

Every server is pinned to one core, the load generator (wrk) to another; the servers take turns in
each round, so that what else the machine does meets all of them alike; a figure is the median over
the rounds. What counts is the CPU time of the server's process for each request: on a small
machine requests per second depend on the client's core as much. Absolute figures are of this
machine; the ratios are what to compare.
"""
import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys

import peers

# name: (path, connections, script of wrk)
WORKLOADS = {
    "hello": ("/hello", 64, None),
    "json": ("/json", 64, None),
    "user": ("/users/42", 64, None),
    "echo": ("/echo", 64, "echo"),
    "pipelined": ("/hello", 64, "pipelined"),
    "close": ("/hello", 64, "close"),
    "hello-1": ("/hello", 1, None),
    "hello-1000": ("/hello", 1000, None),
}
BASES = ("axum", "actix")


def microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}[unit]


def run_wrk(server, workload, seconds):
    """One turn: {"rps", "cpu_us", "p50", "p99", "errors"}."""
    path, connections, script = WORKLOADS[workload]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "5s"]
    if script:
        command += ["-s", str(peers.ROOT / "perf" / "workloads" / f"{script}.lua")]
    command.append(f"http://127.0.0.1:{server.port}{path}")
    before = server.cpu_seconds()
    done = subprocess.run(peers.pinned(peers.CLIENT_CORE, command), capture_output=True, text=True,
                          timeout=seconds + 60)
    used = server.cpu_seconds() - before
    text = done.stdout
    count = int(re.search(r"(\d+) requests in", text).group(1))
    errors = sum(int(number) for line in re.findall(r"Socket errors: (.*)", text)
                 for number in re.findall(r"\d+", line))
    errors += sum(int(number) for number in re.findall(r"Non-2xx or 3xx responses: (\d+)", text))
    if count == 0:
        raise RuntimeError(f"{server.name} answered nothing to {workload}: {text}")
    return {
        "rps": float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
        "cpu_us": used * 1e6 / count,
        "p50": microseconds(re.search(r"^ +50% +(\S+)", text, re.M).group(1)),
        "p99": microseconds(re.search(r"^ +99% +(\S+)", text, re.M).group(1)),
        "errors": errors,
    }


def run_rate(server, rate, seconds, tool):
    """Latency at a fixed rate, from the moment at which a request was due."""
    command = [tool, str(server.port), "/users/42", "64", str(rate), str(seconds)]
    done = subprocess.run(peers.pinned(peers.CLIENT_CORE, command), capture_output=True, text=True,
                          timeout=seconds + 60)
    if done.returncode != 0:
        raise RuntimeError(f"the rate tool failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


def build_tool(name):
    """A load tool of perf/tools, compiled; None without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        return None
    folder = peers.ROOT / "perf" / "results"
    folder.mkdir(exist_ok=True)
    target = folder / name
    source = peers.ROOT / "perf" / "tools" / f"{name}.c"
    subprocess.run([compiler, "-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-o",
                    str(target), str(source)], check=True)
    return str(target)


def median_of(turns):
    return {key: statistics.median(turn[key] for turn in turns) for key in turns[0]}


def measure(servers, workloads, rounds, seconds):
    """{workload: {server name: medians}}, servers taking turns."""
    results = {}
    for workload in workloads:
        turns = {server.name: [] for server in servers}
        for round_index in range(rounds):
            # Another one begins each time: none always runs behind the same neighbour.
            shift = round_index % len(servers)
            for server in servers[shift:] + servers[:shift]:
                if workload in server.lacks:
                    continue
                turns[server.name].append(run_wrk(server, workload, seconds))
        results[workload] = {name: median_of(rows) for name, rows in turns.items() if rows}
        print_workload(workload, results[workload])
    return results


def print_workload(workload, rows):
    print(f"\n{workload}: {WORKLOADS[workload][0]}, {WORKLOADS[workload][1]} connections")
    bases = [base for base in BASES if base in rows]
    head = "".join(f"{'cpu/' + base:>12}{'req/' + base:>12}" for base in bases)
    print(f"  {'server':<18}{'CPU us/req':>12}{'req/s':>12}{'p50 us':>10}{'p99 us':>10}{head}")
    for name, row in rows.items():
        ratios = "".join(f"{row['cpu_us'] / rows[base]['cpu_us']:>12.2f}"
                         f"{row['rps'] / rows[base]['rps']:>12.2f}" for base in bases)
        errors = f"  {row['errors']:.0f} errors" if row["errors"] else ""
        print(f"  {name:<18}{row['cpu_us']:>12.2f}{row['rps']:>12.0f}{row['p50']:>10.0f}"
              f"{row['p99']:>10.0f}{ratios}{errors}", flush=True)


def measure_rate(servers, rate, rounds, seconds):
    tool = build_tool("rate")
    if not tool:
        print("left out: latency at a fixed rate: no C compiler")
        return {}
    turns = {server.name: [] for server in servers}
    for _ in range(rounds):
        for server in servers:
            turns[server.name].append(run_rate(server, rate, seconds, tool))
    rows = {name: median_of(found) for name, found in turns.items()}
    print(f"\nlatency at {rate} requests/s, /users/42, 64 connections (us)")
    print(f"  {'server':<18}{'p50':>10}{'p99':>10}{'p99.9':>10}{'missed':>10}")
    for name, row in rows.items():
        print(f"  {name:<18}{row['p50']:>10.0f}{row['p99']:>10.0f}{row['p999']:>10.0f}"
              f"{row['missed']:>10.0f}")
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=lambda text: text.split(","))
    parser.add_argument("--workloads", type=lambda text: text.split(","), default=list(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=10000, help="of the latency run; 0: none")
    parser.add_argument("--json", help="write all medians to this file")
    options = parser.parse_args()
    unknown = [name for name in options.workloads if name not in WORKLOADS]
    if unknown:
        sys.exit(f"unknown workload: {', '.join(unknown)} (there are {', '.join(WORKLOADS)})")
    if not shutil.which("wrk"):
        sys.exit("wrk is not here: sh scripts/setup.sh bench")

    servers = peers.ready_servers(options.servers)
    if not servers:
        sys.exit("no server is left to measure")
    try:
        print(f"kernel {platform.release()}, {os.cpu_count()} processors, server on core "
              f"{peers.SERVER_CORE}, load on core {peers.CLIENT_CORE}; medians of "
              f"{options.rounds} rounds of {options.seconds} s")
        results = measure(servers, options.workloads, options.rounds, options.seconds)
        rates = measure_rate(servers, options.rate, options.rounds, options.seconds) \
            if options.rate else {}
        memory = {server.name: server.resident_kib() for server in servers}
        print("\nresident memory after it all: "
              + ", ".join(f"{name} {kib / 1024:.1f} MiB" for name, kib in memory.items()))
    finally:
        for server in servers:
            server.stop()
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"workloads": results, "rate": rates, "resident_kib": memory}, file,
                      indent=1)


if __name__ == "__main__":
    main()
