#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Connections to a server with sanitizers: thousands by strangers, who get no answer, and hundreds by
peers that have the key and send what no worker sends. Two honest workers continue to the end
meanwhile, and their models stay finite; so do the server's checkpoints.
"""
import os
import signal
import sys
import time

from attempts import HANGS_S, SANITIZED, Kind, kill, wait_until

# Codecs that copy values from messages, and others that compute them.
CODECS = ["none", "sign", "int8", "fp16", "topk", "qsgd", "lowrank", "dct"]
HONEST_S = 6
STRANGERS, PEERS = 1500, 60  # between two checks of the server
GROWS_BYTES = 600 << 20      # maximum, including the memory of the sanitizer
PEERS_PROGRAM = os.path.join(SANITIZED, "tests/torture_peers")


def memory_of(process):
    with open("/proc/%d/statm" % process.pid, encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Run:
    """A server and its honest workers."""

    def __init__(self, kind, rng):
        self.kind, self.codec = kind, rng.choice(CODECS)
        with open(os.open("key", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(rng.randbytes(32))
        self.said = open("said", "wb")
        command = ["rog-trainer", "serve", "--workers", "8", "--key-file", "key", "--out", "server", "--port-file",
                   "port", "--listen", "127.0.0.1:0", "--library", "SSP", "--threshold", "inf", "--compression",
                   self.codec, "--min-workers", "2", "--worker-timeout", "2",
                   "--join-timeout", "120"]
        self.server = kind.start(command, stdout=self.said, stderr=self.said)
        self.honest = []
        if wait_until(lambda: os.path.exists("port") or self.server.poll() is not None) and os.path.exists("port"):
            with open("port", encoding="ascii") as file:
                self.address = "127.0.0.1:" + file.read().strip()
            self.honest = [self.start("honest", rank, 0, HONEST_S * 10) for rank in (1, 2)]

    def words(self, mode, rank, seed, count):
        return [PEERS_PROGRAM, mode, self.address, "key", self.codec, str(rank), str(seed), str(count)]

    def start(self, *words):
        return self.kind.start(self.words(*words))

    def began(self):
        """Returns whether a worker has joined. All hellos before that count as the run's own."""
        try:
            with open("server/events.jsonl", "rb") as file:
                return b'"join"' in file.read()
        except FileNotFoundError:
            return False

    def hostile(self, mode, rank, seed, count, what):
        result = self.kind.run(self.words(mode, rank, seed, count))
        self.kind.count(count, what)
        if result.status != 0:
            which = {None: "hung", 1: "silent"}.get(result.status, "crashed")
            # The end of the server is handled below.
            if self.server.poll() is None:
                self.kind.problem(which, "%s as worker %d, seed %d" % (mode, rank, seed), result, what)

    def end(self, what):
        exchanges = 0
        for process in self.honest:
            if not wait_until(lambda: process.poll() is not None):
                self.kind.problem("hung", "an honest worker does not get on", what=what)
                kill(process.pid)
            out, err = process.communicate()
            if process.returncode != 0:
                self.kind.problem("lost", "an honest worker ends with status %d: %s" % (
                    process.returncode, err.decode(errors="replace")[-2000:]), what=what)
            else:
                exchanges += int(out)
        if not wait_until(lambda: self.server.poll() is not None, HANGS_S):
            self.kind.problem("hung", "the server goes on without workers", what=what)
            kill(self.server.pid)
        self.said.close()
        self.look(self.server.wait(), what)
        return exchanges

    def look(self, status, what):
        with open("said", "rb") as file:
            said = file.read()
        if status != 0:
            crashed = status < 0 or status == 99 or b"Sanitizer" in said or b"runtime error" in said
            self.kind.problem("crashed" if crashed else "lost", "the server (%s) ends with status %d: %s" % (
                self.codec, status, said.decode(errors="replace")[-3000:]), what=what)
            return
        with open("server/events.jsonl", "rb") as file:
            if any(word in file.read().lower() for word in (b":nan", b":inf", b":-inf")):
                self.kind.problem("silent", "an event has a number that is none", what=what)


def attempt(kind, rng):
    strangers, peers = kind.counts
    run = Run(kind, rng)
    wait_until(lambda: run.began() or any(process.poll() is not None for process in run.honest + [run.server]))
    end = time.monotonic() + HONEST_S - 1
    before = memory_of(run.server) if run.server.poll() is None else 0
    while run.server.poll() is None and time.monotonic() < end:
        run.hostile("strangers", 0, rng.randrange(10**9), STRANGERS, strangers)
        run.hostile("peers", rng.randint(3, 8), rng.randrange(10**9), PEERS, peers)
    if run.server.poll() is None and memory_of(run.server) > before + GROWS_BYTES:
        kind.problem("lost", "the server grew by %d MB" % ((memory_of(run.server) - before) >> 20), what=peers)
    if run.end(peers) < 20 and not kind.found:
        kind.problem("hung", "honest workers hardly get on", what=peers)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    sys.exit(Kind("connections", ["connections-of-strangers", "connections-with-the-key"]).main(attempt, build=SANITIZED))
