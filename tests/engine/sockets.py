#!/usr/bin/env python3
"""tests/engine/sockets.py SERVER [--sanitized] [CASE …]: faults, limits and drain over sockets.

Each case starts tests/engine/server.c with its options, misbehaves, then ends the server with
SIGTERM and looks at its counters: no connection, request or buffer may be left.
"""
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

SERVER = sys.argv[1]
SANITIZED = "--sanitized" in sys.argv  # Memory is not what it is without.
WANTED = [name for name in sys.argv[2:] if name.startswith("case_")]
HELLO = b"GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"


class Server:
    def __init__(self, *options, files=None):
        def limit():
            if files:
                import resource
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        self.process = subprocess.Popen([SERVER, *options], stdout=subprocess.PIPE, text=True,
                                        preexec_fn=limit)
        line = self.process.stdout.readline()
        assert line.startswith("PORT "), line
        self.port = int(line.split()[1])

    def connect(self, receive_size=None):
        client = socket.socket()
        if receive_size:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_size)
        client.settimeout(10)
        client.connect(("127.0.0.1", self.port))
        return client

    def end(self, status=0, again=False, **wanted):
        self.process.send_signal(signal.SIGTERM)
        if again:
            time.sleep(0.2)
            self.process.send_signal(signal.SIGTERM)
        try:
            output, _ = self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the server does not end")
        assert self.process.returncode == status, (self.process.returncode, output)
        counters = dict(line.rsplit(" ", 1) for line in output.splitlines())
        counters = {name: int(value) for name, value in counters.items()}
        for name in ("open_connections", "lent_buffers", "live_requests", "kept_bodies"):
            assert counters[name] == 0, (name, counters)
        assert counters["accepted"] == counters["closed"], counters
        for name, value in wanted.items():
            assert counters[name] == value, (name, value, counters)
        return counters


def read_response(client, buffer=b"", head_only=False):
    """One response: (status, head, body, rest)."""
    while b"\r\n\r\n" not in buffer:
        data = client.recv(65536)
        assert data, "closed early: %r" % buffer[:200]
        buffer += data
    head, rest = buffer.split(b"\r\n\r\n", 1)
    status = int(head.split()[1])
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, value = line.split(b":", 1)
        if name.lower() == b"content-length" and not head_only:
            length = int(value)
    while len(rest) < length:
        data = client.recv(1 << 20)
        assert data, "body cut off"
        rest += data
    return status, head, rest[:length], rest[length:]


def expect(client, status, body=None):
    got = read_response(client)
    assert got[0] == status, got
    assert body is None or got[2] == body, got[2][:100]
    return got


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


# ---- cases -------------------------------------------------------------------------------------

def case_plain():
    server = Server("--cores", "2")
    for _ in range(20):
        client = server.connect()
        client.sendall(HELLO * 3)
        rest = b""
        for _ in range(3):
            status, _, body, rest = read_response(client, rest)
            assert (status, body) == (200, b"Hello, World!")
        client.close()
    server.end(requests=60)


def case_bodies():
    server = Server()
    client = server.connect()
    for size in (1, 100, 4000, 4096, 5000, 100000, 1048576):
        body = random.randbytes(size)
        head = b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size
        client.sendall(head + body)
        expect(client, 200, body)
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 3000]), body[i:i + 3000])
                          for i in range(0, size, 3000))
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
                       chunks + b"0\r\n\r\n")
        expect(client, 200, body)
    client.sendall(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1048577\r\n\r\n")
    assert b"Connection: close" in expect(client, 413)[1]
    assert client.recv(1) == b""
    client.close()
    server.end()


def case_byte_by_byte():
    server = Server()
    client = server.connect()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in b"\r\nPOST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc":
        client.sendall(bytes([byte]))
        time.sleep(0.0005)
    expect(client, 200, b"abc")
    server.end()


def case_late_and_pipelined():
    server = Server("--cores", "2")
    client = server.connect()
    client.sendall((b"GET /late HTTP/1.1\r\nHost: h\r\n\r\n" + HELLO) * 200)
    rest = b""
    for i in range(400):
        status, _, body, rest = read_response(client, rest)
        assert body == (b"Hello, World!" if i % 2 else b"late"), (i, body)
    server.end()


def case_error_arrives():
    """The answer to garbage arrives although megabytes of it are unread."""
    server = Server()
    for _ in range(20):
        client = server.connect()
        try:
            client.sendall(HELLO + b"BAD\r\n\r\n" + b"x" * 200000)
        except OSError:
            pass
        rest = read_response(client)
        assert rest[0] == 200
        assert read_response(client, rest[3])[0] == 400
        client.close()
    server.end()


def case_half_close():
    server = Server()
    client = server.connect()
    client.sendall(b"GET /sleep/200 HTTP/1.1\r\nHost: h\r\n\r\n" + HELLO)
    client.shutdown(socket.SHUT_WR)
    rest = read_response(client)
    assert rest[2] == b"slept"
    assert read_response(client, rest[3])[2] == b"Hello, World!"
    assert client.recv(1) == b""
    server.end()


def case_client_gone_at_any_moment():
    server = Server("--cores", "2", "--buffers", "64")
    body = b"x" * 20000
    script = (HELLO + b"GET /late HTTP/1.1\r\nHost: h\r\n\r\n" +
              b"GET /big/300000 HTTP/1.1\r\nHost: h\r\n\r\n" +
              b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 20000\r\n\r\n" + body +
              b"GET /sleep/20 HTTP/1.1\r\nHost: h\r\n\r\n")
    generator = random.Random(7)

    def misbehave():
        for _ in range(150):
            client = server.connect()
            client.settimeout(0.05)
            try:
                client.sendall(script[:generator.randrange(len(script) + 1)])
                if generator.random() < 0.5:
                    client.recv(generator.randrange(1, 400000))
            except OSError:
                pass
            if generator.random() < 0.5:
                reset(client)
            else:
                client.close()

    threads = [threading.Thread(target=misbehave) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client = server.connect()
    client.sendall(HELLO)
    expect(client, 200)
    client.close()
    server.end()


def case_reset_flood():
    server = Server()
    for _ in range(2000):
        reset(server.connect())
    client = server.connect()
    client.sendall(HELLO)
    expect(client, 200)
    server.end()


def case_slow_reader():
    server = Server()
    client = server.connect(receive_size=4096)
    client.sendall(b"GET /big/3000000 HTTP/1.1\r\nHost: h\r\n\r\n" * 2)
    other = server.connect()
    rest = b""
    for _ in range(2):
        got = read_response(client, rest, head_only=True)
        rest, left = got[3], 3000000 - len(got[3])
        while left > 0:
            data = client.recv(30000)
            assert data
            left -= len(data)
        rest = b""
        if left < 0:
            rest = data[left:]
        other.sendall(HELLO)
        expect(other, 200)
    server.end()


def case_peer_that_never_reads():
    server = Server("--idle", "400")
    client = server.connect(receive_size=4096)
    client.sendall(b"GET /big/8000000 HTTP/1.1\r\nHost: h\r\n\r\n")
    time.sleep(1.2)
    assert server.end()["timeouts"] == 1


def case_time_limits():
    server = Server("--idle", "300")
    idle, silent, head, body = (server.connect() for _ in range(4))
    idle.sendall(HELLO)
    expect(idle, 200)
    head.sendall(b"GET /hello HTT")
    body.sendall(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab")
    start = time.monotonic()
    assert idle.recv(1) == b"" and silent.recv(1) == b""
    expect(head, 408)
    expect(body, 408)
    assert 0.2 < time.monotonic() - start < 1.5
    head.close()
    body.close()
    server.end(timeouts=2)


def case_handler_limit():
    server = Server("--handler", "200")
    client = server.connect()
    client.sendall(b"GET /sleep/1000 HTTP/1.1\r\nHost: h\r\n\r\n")
    start = time.monotonic()
    expect(client, 500)
    assert time.monotonic() - start < 0.6
    assert client.recv(1) == b""
    server.end()


def case_connection_limit():
    server = Server("--connections", "4")
    clients = [server.connect() for _ in range(8)]
    for client in clients:
        client.sendall(HELLO)
    for client in clients[:4]:
        expect(client, 200)
    clients[7].settimeout(0.2)
    try:
        data = clients[7].recv(1)
        assert False, data
    except socket.timeout:
        pass
    for client in clients[:4]:
        client.close()
    clients[7].settimeout(10)
    for client in clients[4:]:
        expect(client, 200)
    server.end()


def case_few_files():
    """As many connections as files: the rest waits, none is dropped."""
    server = Server(files=200)
    clients = [server.connect() for _ in range(300)]
    for client in clients:
        client.sendall(HELLO)
    for i, client in enumerate(clients):
        expect(client, 200)
        client.close()
    server.end()


def case_greedy():
    server = Server("--buffers", "64")
    greedy = [server.connect() for _ in range(20)]
    for client in greedy:
        client.sendall(b"GET /sleep/700 HTTP/1.1\r\nHost: h\r\n\r\n")
        client.settimeout(0.05)
        try:
            client.sendall(b"x" * 3000000)
        except OSError:
            pass
    modest = server.connect()
    start = time.monotonic()
    modest.sendall(HELLO)
    expect(modest, 200)
    assert time.monotonic() - start < 0.5
    for client in greedy:
        client.close()
    modest.close()
    server.end()


def case_address():
    server = Server("--addresses")
    client = server.connect()
    client.sendall(b"GET /peer HTTP/1.1\r\nHost: h\r\n\r\n")
    expect(client, 200, b"4 127.0.0.1 port")
    clients = [server.connect() for _ in range(100)]
    for client in clients:
        client.sendall(HELLO)
    for client in clients:
        expect(client, 200)
    server.end()


def case_drain():
    server = Server("--cores", "2")
    busy = [server.connect() for _ in range(3)]
    for client in busy:
        client.sendall(b"GET /sleep/600 HTTP/1.1\r\nHost: h\r\n\r\n")
    idle = server.connect()
    idle.sendall(HELLO)
    expect(idle, 200)
    time.sleep(0.1)
    ended = threading.Thread(target=lambda: results.append(server.end(DRAIN=3, cut=0)))
    results = []
    ended.start()
    time.sleep(0.1)
    idle.sendall(HELLO)
    assert b"Connection: close" in expect(idle, 200)[1]
    for client in busy:
        assert b"Connection: close" in expect(client, 200)[1]
        assert client.recv(1) == b""
    ended.join()
    assert results
    try:
        server.connect()
        assert False, "still accepting"
    except OSError:
        pass


def case_nothing_to_drain():
    server = Server()
    start = time.monotonic()
    server.end(DRAIN=0)
    assert time.monotonic() - start < 0.5


def case_second_signal():
    server = Server()
    client = server.connect()
    client.sendall(b"GET /sleep/600 HTTP/1.1\r\nHost: h\r\n\r\n")
    time.sleep(0.1)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    start = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    output, _ = server.process.communicate(timeout=5)
    assert server.process.returncode == 1 and time.monotonic() - start < 1.5
    assert "cut 1" in output


def case_port_in_use():
    server = Server()
    other = subprocess.run([SERVER, "--port", str(server.port)], capture_output=True, text=True)
    assert other.returncode == 1 and "in use" in other.stdout, other
    server.end()


def case_many_idle():
    """Idle connections are cheap."""
    count = 2000
    server = Server()
    first = server.connect()
    first.sendall(HELLO)
    expect(first, 200)
    before = resident(server.process.pid)
    clients = [server.connect() for _ in range(count)]
    for client in clients:
        client.sendall(HELLO)
    for client in clients:
        expect(client, 200)
    each = (resident(server.process.pid) - before) / count
    assert each < 1024 or SANITIZED, each
    for client in clients:
        client.close()
    server.end()


def resident(pid):
    with open("/proc/%d/statm" % pid) as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main():
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    cases = {name: function for name, function in globals().items() if name.startswith("case_")}
    failed = []
    for name, function in cases.items():
        if WANTED and name not in WANTED:
            continue
        start = time.monotonic()
        try:
            function()
            print("ok   %-36s %.2f s" % (name, time.monotonic() - start))
        except Exception as error:
            failed.append(name)
            print("FAIL %s: %s: %s" % (name, type(error).__name__, str(error)[:2000]))
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


main()
