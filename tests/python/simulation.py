# SPDX-License-Identifier: Apache-2.0
"""For tests of the Python package: the simulation's side of librog/virtual/protocol.h, which gives
control to one worker after the other and applies their mean with SGD, like BSP without compression."""

import ctypes
import itertools
import json
import mmap
import os
import re
import select
import socket
import struct
import threading

from cluster import SOURCE, torch

from rog import _librog


def _kinds():
    """Returns the numbers of messages by name, as in the header."""
    with open(os.path.join(SOURCE, "librog", "virtual", "protocol.h")) as file:
        text = file.read().split("enum rog_virtual_kind {")[1].split("};")[0]
    names = re.findall(r"\bROG_VIRTUAL_(\w+)(?: = 1)?,", re.sub(r"/\*.*?\*/", "", text, flags=re.S))
    return {name: number for number, name in enumerate(names, 1)}


KINDS = _kinds()
HELLO, STEP, FINISH, FAIL, STATE_GET, STATE_PUT, KEPT, START, GO, STATE, ERROR = (
    KINDS[name] for name in ["HELLO", "STEP", "FINISH", "FAIL", "STATE_GET", "STATE_PUT", "KEPT",
                             "START", "GO", "STATE", "ERROR"])
KEEP, RESUMED = 1, 2
MESSAGE = struct.Struct("@5I2d2Q3072s")
_names = itertools.count()


class Head(ctypes.Structure):
    _fields_ = [("hello_bytes", ctypes.c_uint64), ("layout_bytes", ctypes.c_uint64),
                ("without_values", ctypes.c_uint32), ("local_steps", ctypes.c_uint32),
                ("next_iteration", ctypes.c_uint32), ("statistics", _librog.CStatistics)]


class Failed(Exception):
    """Raised if a worker reports an error."""


class Peer:
    """A worker's connection and region."""

    def __init__(self, connection):
        self.connection = connection
        data, files, _, _ = socket.recv_fds(connection, MESSAGE.size, 1)
        if not data:
            raise Failed("a worker has closed before it said who it is")
        fields = MESSAGE.unpack(data)
        assert fields[0] == HELLO, fields
        self.rank = fields[1]
        self.memory = mmap.mmap(files[0], os.fstat(files[0]).st_size)
        os.close(files[0])
        self.head = Head.from_buffer(self.memory)
        self.end = 0
        self._place(ctypes.sizeof(Head))
        self._place(self.head.hello_bytes)
        at = self._place(self.head.layout_bytes)
        self.layout = json.loads(self.memory[at:at + self.head.layout_bytes])
        trained = [t for t in self.layout if not t.get("constant")]
        self.sizes = [torch.Size(t["shape"]).numel() for t in trained]
        self.values = self._floats(sum(self.sizes))
        self.constants = self._floats(sum(torch.Size(t["shape"]).numel() for t in self.layout)
                                      - sum(self.sizes))
        self.gradients = self._floats(sum(self.sizes))
        self.given = self._place(len(trained))
        self.rules = self._place(len(trained) * ctypes.sizeof(_librog.Rule))
        self.momentum = torch.zeros_like(self.values)
        self.through = False

    def _place(self, size):
        """Returns the position of the next `size` bytes."""
        at, self.end = self.end, (self.end + size + 63) // 64 * 64
        return at

    def _floats(self, count):
        at = self._place(4 * count)
        return (torch.frombuffer(self.memory, dtype=torch.float32, count=count, offset=at) if count
                else torch.empty(0))

    def send(self, kind, number=0, part=0, flags=0, text=""):
        self.connection.send(MESSAGE.pack(kind, self.rank, number, part, flags, 0.0, 0.0, 0, 0,
                                          text.encode()))

    def receive(self):
        """Returns kind, number, part and text of a message."""
        data = self.connection.recv(MESSAGE.size)
        if not data:
            raise Failed("worker %d has closed" % self.rank)
        fields = MESSAGE.unpack(data)
        return fields[0], fields[2], fields[3], fields[9].split(b"\0")[0].decode()

    def answer_state(self, kind, tensor, part):
        at = sum(self.sizes[:tensor])
        place = slice(at, at + self.sizes[tensor])
        state = self.momentum[place] if part == 0 else torch.zeros(self.sizes[tensor])
        if kind == STATE_PUT:
            state.copy_(self.gradients[place])
        else:
            self.gradients[place] = state
        self.send(STATE, tensor, part)

    def update(self, rule_count):
        """Returns the update computed from its gradients."""
        way = torch.zeros_like(self.values)
        at = 0
        for index, size in enumerate(self.sizes):
            part = slice(at, at + size)
            at += size
            if not self.memory[self.given + index]:
                continue
            rule = _librog.Rule.from_buffer(
                self.memory,
                self.rules + (index if rule_count > 1 else 0) * ctypes.sizeof(_librog.Rule))
            step = self.gradients[part] + rule.weight_decay * self.values[part]
            self.momentum[part].mul_(rule.momentum).add_(step)
            way[part] = rule.learning_rate * self.momentum[part]
        return way


class Simulation:
    """Exists until the `with` ends, which waits for the run; `error` is why it failed, `order` the
    workers in order of control."""

    def __init__(self, workers=1, *, deltas=False, local_steps=1, seconds=None, keep=(), resumed=None):
        """`seconds`: number of iterations after which the run ends; `keep`: iterations before which
        all workers are asked to keep; `resumed`: the `snapshot` of an earlier simulation."""
        self.workers, self._deltas, self._local_steps = workers, deltas, local_steps
        self._seconds, self._keep, self._resumed = seconds, keep, resumed
        self.was_resumed = resumed is not None
        self.nobody_comes = False  # set by the test: all processes have ended
        self.error, self.order, self.kept, self.snapshot, self.peers = None, [], {}, None, []
        name = "rog-test-%d-%d" % (os.getpid(), next(_names))
        self.server = "virtual:" + name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.bind("\0" + name)
        self._socket.listen(socket.SOMAXCONN)
        self._socket.settimeout(60)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        if kind is None:
            self._thread.join(60)
            assert not self._thread.is_alive(), "the simulation still waits for somebody"
        self._socket.close()
        for peer in self.peers:
            peer.connection.close()

    def _serve(self):
        try:
            while len(self.peers) < self.workers:
                self._wait_for_one()
            self.peers.sort(key=lambda peer: peer.rank)
            self._run()
        except (Failed, OSError) as cause:
            self.error = str(cause)
            for peer in self.peers:
                try:
                    peer.send(ERROR, 7, text="the run has failed: " + self.error[:100])
                except OSError:
                    pass

    def _wait_for_one(self):
        waits = [self._socket] + [peer.connection for peer in self.peers]
        ready = []
        while not ready:
            if self.nobody_comes:
                raise Failed("a worker has closed before it connected")
            ready = select.select(waits, [], [], 0.1)[0]
        for peer in self.peers:
            if peer.connection in ready:
                raise Failed("worker %d: %s" % (peer.rank, peer.receive()[3]))
        self.peers.append(Peer(self._socket.accept()[0]))

    def _run(self):
        model = self.peers[0].values.clone()
        iteration = 0
        if self._resumed:
            iteration, model = self._resumed["iteration"], self._resumed["model"].clone()
            for peer, momentum in zip(self.peers, self._resumed["momentum"]):
                peer.momentum.copy_(momentum)
        begins = True
        while not all(peer.through for peer in self.peers):
            over = self._seconds is not None and iteration >= self._seconds
            keeps = iteration in self._keep and not over
            if keeps:
                self.snapshot = {"iteration": iteration, "model": model.clone(),
                                 "momentum": [peer.momentum.clone() for peer in self.peers]}
            ways = [self._turn(peer, iteration, model, begins, keeps, over)
                    for peer in self.peers if not peer.through]
            ways = [way for way in ways if way is not None]
            if ways:
                model = model - sum(ways) / len(self.peers)
            iteration, begins = iteration + 1, False
        for peer in self.peers:
            self._give(peer, GO, iteration, model, over=True)

    def _give(self, peer, kind, iteration, model, flags=0, over=False):
        peer.values.copy_(model)
        peer.head.local_steps, peer.head.next_iteration = self._local_steps, iteration + 1
        peer.head.statistics.iteration = iteration
        peer.head.statistics.over = over
        peer.send(kind, iteration if kind == START else 0, flags=flags)

    def _turn(self, peer, iteration, model, begins, keeps, over):
        """Returns the update of the worker's iteration; None: there is none."""
        flags = KEEP * keeps + RESUMED * bool(begins and self._resumed)
        if over:
            peer.through = True
            return None
        self._give(peer, START if begins else GO, iteration, model, flags)
        self.order.append(peer.rank)
        while True:
            kind, number, part, text = peer.receive()
            if kind == FAIL:
                raise Failed("worker %d: %s" % (peer.rank, text))
            if kind in (STATE_GET, STATE_PUT):
                peer.answer_state(kind, number, part)
            if kind == KEPT:
                self.kept.setdefault(iteration, {})[peer.rank] = text
            if kind == FINISH:
                peer.through = True
                return None
            if kind == STEP:
                return model - peer.values if self._deltas else peer.update(number)
