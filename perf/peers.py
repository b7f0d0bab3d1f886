#!/usr/bin/env python3
"""perf/peers.py: the servers that are compared: how each is built, started and read.

A server is built when its toolchain is there; why it is left out is kept in `reason`. All run on
one core with one thread, access log off, on 127.0.0.1.
"""
import glob
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "perf" / "peers"
SERVER_CORE = "0"
CLIENT_CORE = "1" if (os.cpu_count() or 1) > 1 else "0"
START_SECONDS_MAX = 10


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pinned(core, command):
    return ["taskset", "-c", core, *command]


class Server:
    """One server process (with its children), pinned to the server's core."""

    lacks = ()  # Workloads that it cannot serve.

    def __init__(self, name):
        self.name = name
        self.reason = None
        self.process = None
        self.port = 0

    def build(self):
        """Builds what is missing; False with self.reason set when that cannot be."""
        return True

    def command(self):
        raise NotImplementedError

    def start(self):
        """Starts it; returns the seconds until its port accepts."""
        self.port = free_port()
        self.log = tempfile.TemporaryFile()
        started = time.monotonic()
        env = dict(os.environ, BL_LOG_REQUESTS="0")
        self.process = subprocess.Popen(pinned(SERVER_CORE, self.command()), cwd=ROOT, env=env,
                                        stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log)
        while time.monotonic() - started < START_SECONDS_MAX:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return time.monotonic() - started
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.0005)
        self.log.seek(0)
        said = self.log.read().decode("utf-8", "replace")[-500:]
        self.stop()
        raise RuntimeError(f"{self.name} does not accept: {said}")

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def pids(self):
        """The process and its children (nginx works in one)."""
        found, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            for path in glob.glob(f"/proc/{pid}/task/*/children"):
                queue += [int(child) for child in pathlib.Path(path).read_text().split()]
        return found

    def cpu_seconds(self):
        """Time on a processor, of all threads, user and kernel: nanoseconds of the scheduler."""
        total = 0
        for pid in self.pids():
            for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
                try:
                    total += int(pathlib.Path(path).read_text().split()[0])
                except OSError:
                    pass  # A thread that has just ended.
        return total / 1e9

    def resident_kib(self):
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
        return total

    def descriptor_count(self):
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.pids())

    def answers(self, lacks=()):
        """A sentence on the first endpoint that it does not answer as it should, or None."""
        expected = [
            ("/hello", None, b"Hello, World!"),
            ("/json", None, b'{"message":"Hello, World!"}'),
            ("/users/42", None, b'{"id":"42","name":"User 42"}'),
            ("/health", None, b'{"status":"ok"}'),
            ("/echo", b"some bytes", b"some bytes"),
        ]
        for path, body, want in expected:
            if path == "/echo" and "echo" in self.lacks:
                continue
            try:
                url = f"http://127.0.0.1:{self.port}{path}"
                with urllib.request.urlopen(url, data=body, timeout=5) as response:
                    got = response.read()
            except OSError as error:
                return f"{path}: {error}"
            if got != want:
                return f"{path}: {got[:80]!r}"
        return None


class BlUring(Server):
    def __init__(self, name="bl-uring", *options):
        super().__init__(name)
        self.options = options
        self.script = ROOT / "examples" / "hello.bl"

    def build(self):
        self.binary = ROOT / "build" / "bl-uring"
        if not self.binary.exists():
            self.reason = "build/bl-uring is not there (make build)"
        return self.reason is None

    def command(self):
        return [str(self.binary), "--cores", "1", "--listen", f"127.0.0.1:{self.port}",
                *self.options, str(self.script)]


class Bare(Server):
    """The engine alone, with a handler in C."""

    def build(self):
        folder = ROOT / "build-perf"
        if not (PEERS / "bare").exists():
            self.reason = "perf/peers/bare is not there"
            return False
        done = subprocess.run([shutil.which("python3", path="/usr/bin") or "python3",
                               str(ROOT / "scripts" / "build.py"), "build-perf", "-Dperf=true",
                               "-Dtests=false"], capture_output=True, text=True)
        self.binary = folder / "perf" / "peers" / "bare" / "bare"
        if done.returncode != 0:
            self.reason = "the bare engine does not build: " + done.stdout[-300:]
        return done.returncode == 0

    def command(self):
        return [str(self.binary), "--cores", "1", "--no-pin", "--address", "127.0.0.1", "--port",
                str(self.port)]


class Cargo(Server):
    def build(self):
        if not shutil.which("cargo"):
            self.reason = "cargo is not here"
            return False
        folder = PEERS / self.name
        done = subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=folder,
                              capture_output=True, text=True)
        self.binary = folder / "target" / "release" / f"peer-{self.name}"
        if done.returncode != 0:
            self.reason = "cargo build failed: " + done.stderr[-300:]
        return done.returncode == 0

    def command(self):
        return [str(self.binary), "--threads", "1", "--port", str(self.port)]


class Go(Server):
    def build(self):
        if not shutil.which("go"):
            self.reason = "go is not here"
            return False
        folder = PEERS / self.name
        self.binary = folder / "target" / f"peer-{self.name}"
        done = subprocess.run(["go", "build", "-o", str(self.binary), "."], cwd=folder,
                              capture_output=True, text=True)
        if done.returncode != 0:
            self.reason = "go build failed: " + done.stderr[-300:]
        return done.returncode == 0

    def command(self):
        return [str(self.binary), "--threads", "1", "--port", str(self.port)]


class Nginx(Server):
    lacks = ("echo",)

    def build(self):
        self.binary = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if not self.binary:
            self.reason = "nginx is not here"
        return self.reason is None

    def command(self):
        folder = tempfile.mkdtemp(prefix="bl-nginx-")
        text = (PEERS / "nginx" / "nginx.conf").read_text()
        for name, value in (("PORT", str(self.port)), ("THREADS", "1"), ("FOLDER", folder)):
            text = text.replace(f"@{name}@", value)
        path = pathlib.Path(folder) / "nginx.conf"
        path.write_text(text)
        return [self.binary, "-p", folder, "-c", str(path)]


def all_servers():
    return [
        BlUring(),
        BlUring("bl-uring-worker", "--placement", "worker"),
        Bare("bare"),
        Cargo("axum"),
        Cargo("actix"),
        Go("fiber"),
        Nginx("nginx"),
    ]


def ready_servers(names=None, report=print):
    """Builds and starts the named servers; reports what is left out and why."""
    ready = []
    for server in all_servers():
        if names and server.name not in names:
            continue
        problem = None
        if not server.build():
            problem = server.reason
        else:
            try:
                server.start()
                problem = server.answers()
            except RuntimeError as error:
                problem = str(error)
        if problem:
            server.stop()
            report(f"left out: {server.name}: {problem}")
        else:
            ready.append(server)
    return ready
