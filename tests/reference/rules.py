# SPDX-License-Identifier: Apache-2.0
"""Compares the published rules in float64 with the synchronization core.

    rules.py TRACE_PROGRAM [CASE]

reference-trace records a run of the core: gradients, rows, scales and signs in the order in which they
were sent and arrived. Here the published rules (dist-EF-blockSGDM: Zheng, Huang, Kwok, NeurIPS 2019;
ROG, MICRO 2022) are applied to the same gradients and the same pattern of rows: each worker has its
residual in units of a gradient, and the server what each worker still has to receive. The core has
none of these arrays (librog/sync/server.h); models must agree nevertheless.

Compared are: scales and models within TOLERANCE, for models relative to how far they have moved; which
worker may continue; the least number of rows sent. If a number is so close to zero that it may have the
other sign in float32, the core's sign is used and counted: any other different sign is an error. At the
published learning rate the models must be as close as float32 allows (SMALL).
"""

import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("skipped: this test needs NumPy (python3-numpy)")
    sys.exit(77)

MOMENTUM, WEIGHT_DECAY = 0.9, 5e-4
STEPS = 200
TOLERANCE = 1e-4
NEAR = 1e-3  # of a scale: closer to zero a sign may differ
SMALL_STEPS = 60
SMALL_FACTOR = 1.5

PUSHED, BEGIN, ROWS, OTHER, ARRIVED, MODELS = range(1, 7)
PUSH, DEMANDED, PULL = range(1, 4)


class Case:
    """A run: a strategy with its threshold, workers, and the learning rate, which may be halved
    later."""

    def __init__(self, library, threshold, workers, rate, halve_every, seed):
        self.library, self.threshold, self.workers = library, threshold, workers
        self.rate, self.halve_every, self.seed = rate, halve_every, seed

    def name(self):
        halved = f", halved every {self.halve_every}" if self.halve_every else ""
        return f"{self.library} {self.threshold}, {self.workers} worker(s), {self.rate:g}{halved}"


CASES = [Case(library, threshold, workers, 0.01, halve_every, 10 * workers + (halve_every > 0))
         for library, threshold in (("BSP", 0), ("SSP", 3), ("ROG", 4), ("ROG", 20))
         for workers in (1, 4) for halve_every in (0, 40)]


# At the published learning rate a step is a few units in the last place of a weight. Signs are not
# taken from the core there: the core must be as close to the rules in float64 as the published
# system was, whose arrays were float32.
SMALL = [Case(library, threshold, 4, 1e-6, 0, 7)
         for library, threshold in (("BSP", 0), ("SSP", 3), ("ROG", 4))]


class Rows:
    """How the model is divided: the tensor and the row of each element."""

    def __init__(self, counts, sizes):
        elements = counts * sizes
        self.row_count, self.params = int(counts.sum()), int(elements.sum())
        self.ends = np.cumsum(elements)
        self.tensor = np.repeat(np.arange(len(counts)), elements)
        self.row = np.repeat(np.arange(self.row_count), np.repeat(sizes, counts))
        self.tensors = [slice(end - size, end) for end, size in zip(self.ends, elements)]

    def elements(self, rows):
        chosen = np.zeros(self.row_count, dtype=bool)
        chosen[rows] = True
        return np.flatnonzero(chosen[self.row])


def mean_magnitudes(rows, values, within=None):
    """Returns a scale for each tensor, over all of it or over the elements of `within`."""
    if within is None:
        return np.array([np.abs(values[t]).mean() for t in rows.tensors], dtype=values.dtype)
    sums = np.bincount(rows.tensor[within], np.abs(values[within]), len(rows.tensors))
    counts = np.bincount(rows.tensor[within], minlength=len(rows.tensors))
    return (sums / np.maximum(counts, 1)).astype(values.dtype)


class Worker:
    def __init__(self, model):
        self.w = model.copy()
        self.m, self.r = np.zeros_like(model), np.zeros_like(model)
        self.rate = None

    def compute(self, gradient, rate):
        """m <- mu m + g;  d <- g + mu m + r + wd / (1 - mu) w; d is all residual until rows go."""
        kind = self.w.dtype.type
        if self.rate is not None and self.rate != rate:
            self.r *= kind(self.rate / rate)
        self.rate = rate
        self.m = kind(MOMENTUM) * self.m + gradient
        self.r = (gradient + kind(MOMENTUM) * self.m + self.r
                  + kind(WEIGHT_DECAY / (1 - MOMENTUM)) * self.w)


class Published:
    """The published system, with arrays of one float type. Signs are its own unless given."""

    def __init__(self, rows, model, workers, kind):
        self.rows, self.kind, self.start = rows, kind, model.astype(kind)
        self.workers = [Worker(self.start) for _ in range(workers)]
        self.waiting = [np.zeros_like(self.start) for _ in range(workers)]  # p, not received yet
        self.moved = np.zeros_like(self.start)  # of the server's model

    def residual(self, worker, stream):
        return self.waiting[worker] if stream == PULL else self.workers[worker].r

    def unit(self, worker, stream):
        """The factor of a scale on the link: pushes contain the learning rate there."""
        return 1.0 if stream == PULL else self.workers[worker].rate

    def send(self, worker, stream, elements, scales, signs):
        """Sends rows, which reduces the residual. Returns what the receiver subtracts."""
        said = scales[self.rows.tensor[elements]] * signs
        self.residual(worker, stream)[elements] -= said
        return said * self.kind(self.unit(worker, stream))

    def receive(self, worker, stream, elements, change):
        if stream == PULL:
            self.workers[worker].w[elements] -= change
            return
        share = change / self.kind(len(self.workers))
        self.moved[elements] -= share
        for waiting in self.waiting:
            waiting[elements] += share

    def models(self):
        return [self.start + self.moved] + [worker.w for worker in self.workers]


class Reader:
    """The file of reference-trace."""

    def __init__(self, path):
        self.words = np.fromfile(path, dtype=np.uint32)
        self.at = 0

    def take(self, count):
        self.at += count
        assert self.at <= len(self.words), "the trace is cut off"
        return self.words[self.at - count:self.at]

    def numbers(self, count):
        return [int(n) for n in self.take(count)]

    def floats(self, count):
        return self.take(count).view(np.float32)


class Stream:
    """What one side is sending: its scales, as computed and as sent by the core."""

    def __init__(self, scales, sent, iteration):
        self.scales, self.sent, self.iteration, self.rows = scales, sent, iteration, 0


class Fault(Exception):
    pass


def least_share(threshold):
    """Returns the root of (1 - P)^(S - 1) = P, 1 up to S = 1."""
    low, high = 0.0, 1.0
    for _ in range(60 if threshold > 1 else 0):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 - middle) ** (threshold - 1) > middle else (low, middle)
    return high


class Replay:
    """Processes a trace together with the published system."""

    def __init__(self, case, path, kind=np.float64, follow=True):
        self.case, self.follow = case, follow
        self.reader = Reader(path)
        tensors, workers = self.reader.numbers(2)
        layout = self.reader.take(2 * tensors).astype(np.int64).reshape(tensors, 2)
        self.rows = Rows(layout[:, 0], layout[:, 1])
        self.start = self.reader.floats(self.rows.params).astype(np.float64)
        self.system = Published(self.rows, self.start, workers, kind)
        self.links = {(worker, down): [] for worker in range(workers) for down in (0, 1)}
        self.streams = {}
        self.version = np.zeros((workers, self.rows.row_count), dtype=np.int64)
        self.signs, self.flips, self.partial, self.demanded = 0, 0, 0, 0
        self.largest, self.worst_scale = {}, 0.0

    def pushed(self):
        worker, _ = self.reader.numbers(2)
        rate = float(self.reader.floats(1)[0])
        gradient = self.reader.floats(self.rows.params).astype(self.system.kind)
        # The configured rate, not its value as a float.
        self.system.workers[worker].compute(gradient, float(f"{rate:.7g}"))

    def check_admission(self, worker, iteration):
        """At iteration t no worker continues while any row of any worker is older than t - S."""
        oldest = self.version.min()
        if oldest < iteration - self.case.threshold:
            raise Fault(f"worker {worker} goes on at iteration {iteration} with version {oldest}")

    def begin(self):
        worker, stream, iteration, count = self.reader.numbers(4)
        pairs = self.reader.take(2 * count).reshape(count, 2)
        sent = dict(zip(pairs[:, 0].tolist(), pairs[:, 1].copy().view(np.float32).tolist()))
        if stream == PULL:
            self.check_admission(worker, iteration)
        scales = None
        if stream != DEMANDED:
            scales = mean_magnitudes(self.rows, self.system.residual(worker, stream))
            self.compare_scales(worker, stream, scales, sent)
        self.streams[worker, stream] = Stream(scales, sent, iteration)
        self.links[worker, int(stream == PULL)].append(None)

    def compare_scales(self, worker, stream, scales, sent):
        """Compares with the previous scales if nothing is left to be sent except rounding
        errors."""
        unit = self.system.unit(worker, stream)
        for tensor, found in sent.items():
            expected = float(scales[tensor]) * unit
            key = worker, stream, tensor
            self.largest[key] = max(self.largest.get(key, 0.0), expected)
            size = max(expected, 0.1 * self.largest[key])
            off = abs(found - expected) / size if size > 0 else float(found != 0)
            self.worst_scale = max(self.worst_scale, off)

    def demanded_scales(self, worker, stream):
        """Scales of demanded rows between two pushes: our own rule, because none was published. The
        trace does not tell which rows will follow a scale, so the scale is taken from it."""
        scales = np.zeros(len(self.rows.tensors), dtype=self.system.kind)
        for tensor, found in stream.sent.items():
            scales[tensor] = found / self.system.unit(worker, DEMANDED)
        return scales

    def take_signs(self, worker, stream, elements, scales):
        """Returns the signs that were sent, after checking that they are those of the numbers,
        unless these are near zero."""
        bits = self.reader.take((len(elements) + 31) // 32)
        sent = 1.0 - 2.0 * np.unpackbits(bits.view(np.uint8), bitorder="little")[:len(elements)]
        values = self.system.residual(worker, stream)[elements]
        own = np.where(np.signbit(values), -1.0, 1.0)
        flipped = np.flatnonzero(own != sent)
        self.signs += len(elements)
        self.flips += len(flipped)
        if not self.follow:
            return own.astype(self.system.kind)
        far = np.abs(values[flipped]) > NEAR * scales[self.rows.tensor[elements[flipped]]]
        if far.any():
            raise Fault(f"{int(far.sum())} signs are not those of the numbers")
        return sent.astype(self.system.kind)

    def send_rows(self):
        worker, stream, count = self.reader.numbers(3)
        rows = np.zeros(count, dtype=np.int64)
        rows[:] = self.reader.take(count)
        elements = self.rows.elements(rows)
        state = self.streams[worker, stream]
        scales = state.scales if stream != DEMANDED else self.demanded_scales(worker, state)
        signs = self.take_signs(worker, stream, elements, scales)
        change = self.system.send(worker, stream, elements, scales, signs)
        state.rows += count
        self.demanded += count if stream == DEMANDED else 0
        self.links[worker, int(stream == PULL)].append((stream, rows, elements, change,
                                                       state.iteration))

    def other(self):
        worker, stream = self.reader.numbers(2)
        down = int(stream in (0, PULL))
        if stream in (PUSH, PULL):
            state = self.streams.pop((worker, stream))
            self.check_share(worker, state)
        self.links[worker, down].append(None)

    def check_share(self, worker, state):
        share = least_share(self.case.threshold) if self.case.library == "ROG" else 1.0
        if state.rows < np.floor(share * self.rows.row_count):
            raise Fault(f"worker {worker}: {state.rows} of {self.rows.row_count} rows")
        self.partial += state.rows < self.rows.row_count

    def arrived(self):
        worker, down = self.reader.numbers(2)
        message = self.links[worker, down].pop(0)
        if message:
            stream, rows, elements, change, iteration = message
            self.system.receive(worker, stream, elements, change)
            if stream != PULL:
                self.version[worker, rows] = iteration

    def run(self):
        steps = {PUSHED: self.pushed, BEGIN: self.begin, ROWS: self.send_rows,
                 OTHER: self.other, ARRIVED: self.arrived}
        while True:
            kind = self.reader.numbers(1)[0]
            if kind == MODELS:
                break
            steps[kind]()
        count = 1 + len(self.system.workers)
        self.models = self.reader.floats(count * self.rows.params).reshape(count, -1)
        return self

    def errors(self, models):
        """Returns for each model, the server's first, its error relative to how far it should have
        moved."""
        for expected, found in zip(self.system.models(), models):
            off, moved = found.astype(np.float64) - expected, expected - self.start
            yield float(np.sqrt((off ** 2).mean() / (moved ** 2).mean()))


def trace(program, case, path, steps=STEPS):
    subprocess.run([program, path, case.library, str(case.threshold), str(case.workers),
                    str(steps), repr(case.rate), str(case.halve_every), str(case.seed)], check=True)


def check(program, case, path):
    trace(program, case, path)
    replay = Replay(case, path).run()
    worst = max(replay.errors(replay.models))
    print(f"{case.name():46} models {worst:.1e}  scales {replay.worst_scale:.1e}  "
          f"{replay.flips} of {replay.signs} signs near zero, {replay.partial} partial streams, "
          f"{replay.demanded} rows demanded")
    if worst > TOLERANCE or replay.worst_scale > TOLERANCE:
        raise Fault("not the published rules")
    if case.library == "ROG" and replay.partial == 0:
        raise Fault("this case sends everything: it shows nothing")


def check_small(program, case, path):
    trace(program, case, path, SMALL_STEPS)
    exact = Replay(case, path, follow=False).run()
    single = Replay(case, path, kind=np.float32, follow=False).run()
    server, *workers = exact.errors(exact.models)
    server_single, *workers_single = exact.errors(single.system.models())
    print(f"{case.name():46} server {server:.1e}, workers {max(workers):.1e}  published in float32: "
          f"{server_single:.1e}, {max(workers_single):.1e}")
    if (server > SMALL_FACTOR * server_single
            or max(workers) > SMALL_FACTOR * max(workers_single)):
        raise Fault("less precise than what was published")


def main():
    program, wanted = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES + SMALL:
            if wanted not in case.name():
                continue
            try:
                (check_small if case in SMALL else check)(program, case,
                                                          os.path.join(folder, "trace"))
            except Fault as fault:
                print(f"{case.name()}: {fault}")
                failed += 1
    print(f"{failed} case(s) failed" if failed else "as published")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
