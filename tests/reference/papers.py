# SPDX-License-Identifier: Apache-2.0
"""Compares methods of the literature, each written from its paper, with the synchronization core.

    papers.py PROGRAM CASES            compares CASES, and PROGRAM, with what is computed here
    papers.py PROGRAM CASES --write    writes CASES again

PROGRAM is reference-methods (described in methods.c): it runs the core with given settings. Here the
same three workers have the same quadratic functions, and a method is its paper's algorithm in
float64, in its simplest form: no rows, no messages, no strategy. An all-reduce of a paper is a mean
here; what papers number from 0 is numbered from 0.

Every model after every exchange must agree within TOLERANCE of its largest magnitude, and the same
workers must have to wait. If a method takes signs (the first steps of Adam are nearly signs), rounds
to few values or selects the largest, a number may be on the other side in float32: such elements are
counted separately, and there may only be few of them.

CASES also contains some elements of each model, so that the core can be compared with them without
NumPy.
"""

import json
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("skipped: this test needs NumPy (python3-numpy)")
    sys.exit(77)

from tensors import M64, dct_largest, drawn, largest, power_step, splitmix

TOLERANCE = 1e-6
FLIPS = 3e-3  # of all elements
WORKERS, EXCHANGES, PLACES = 3, 20, 12
SHAPES = [(40, 60), (17,), (30, 20), (6, 5), (12, 3, 3, 16)]  # as in methods.c


class Problem:
    """What the workers minimize: worker i has the gradient c_i (w - t_i)."""

    def __init__(self, numbers):
        self.count = int(numbers[0])
        parts = numbers[3:3 + 7 * self.count].reshape(7, self.count)
        self.start, self.c, self.t = parts[0], parts[1::2], parts[2::2]
        ends = np.cumsum([np.prod(shape) for shape in SHAPES])
        assert ends[-1] == self.count
        self.tensors = [slice(end - np.prod(shape), end) for end, shape in zip(ends, SHAPES)]

    def gradient(self, i, w):
        return self.c[i] * (w - self.t[i])

    def gradients(self, w):
        return [self.gradient(i, w) for i in range(WORKERS)]

    def matrices(self):
        """Returns for each tensor its elements, and its shape as a matrix of its rows
        (sync/rows.h)."""
        for where, shape in zip(self.tensors, SHAPES):
            size = int(np.prod(shape))
            yield where, (1, size) if len(shape) == 1 or size < 1000 else (shape[0], size // shape[0])

    def rows(self):
        for where, (count, width) in self.matrices():
            for row in range(count):
                yield slice(where.start + row * width, where.start + (row + 1) * width)


# ---- local steps ----

class Sgd:
    def __init__(self, s):
        self.lr, self.mu, self.m = s["learning_rate"], s.get("momentum", 0), 0

    def step(self, w, g):
        self.m = self.mu * self.m + g
        return w - self.lr * self.m


class AdamW:
    """Loshchilov, Hutter, ICLR 2019, algorithm 2."""

    def __init__(self, s):
        self.lr, self.decay = s["learning_rate"], s.get("weight_decay", 0)
        self.m, self.v, self.t = 0, 0, 0

    def step(self, w, g):
        self.t += 1
        self.m = 0.9 * self.m + 0.1 * g
        self.v = 0.999 * self.v + 0.001 * g * g
        m, v = self.m / (1 - 0.9 ** self.t), self.v / (1 - 0.999 ** self.t)
        return w - self.lr * m / (np.sqrt(v) + 1e-8) - self.lr * self.decay * w


def inner(problem, i, w, optimizer, steps):
    for _ in range(steps):
        w = optimizer.step(w, problem.gradient(i, w))
    return w


# ---- methods: each yields the model after each exchange ----

def parallel_sgd(problem, s):
    """One step of SGD with the mean of all gradients, without momentum."""
    w = problem.start
    while True:
        w = w - s["learning_rate"] * np.mean(problem.gradients(w), axis=0)
        yield w


def block_momentum(problem, s):
    """dist-EF-blockSGDM without compression (Zheng, Huang, Kwok, NeurIPS 2019)."""
    w, m = problem.start, np.zeros((WORKERS, problem.count))
    mu, decay = s["momentum"], s["weight_decay"]
    while True:
        g = np.array(problem.gradients(w))
        m = mu * m + g
        w = w - s["learning_rate"] * np.mean(g + mu * m + decay / (1 - mu) * w, axis=0)
        yield w


def fedavg(problem, s):
    """McMahan et al., AISTATS 2017, algorithm 1, all clients in each round, n_k equal."""
    w = problem.start
    while True:
        w = np.mean([inner(problem, i, w, Sgd(s), s["batchsize"]) for i in range(WORKERS)], axis=0)
        yield w


def local_sgd(problem, s):
    """Local SGD with momentum that stays from round to round (Stich, ICLR 2019; Lin et al.,
    ICLR 2020, section 3: local momentum)."""
    w, optimizers = problem.start, [Sgd(s) for _ in range(WORKERS)]
    while True:
        w = np.mean([inner(problem, i, w, optimizers[i], s["batchsize"])
                     for i in range(WORKERS)], axis=0)
        yield w


def diloco(problem, s):
    """Douillard et al., arXiv:2311.08105, algorithm 1: InnerOpt AdamW, OuterOpt Nesterov."""
    w, b, optimizers = problem.start, 0, [AdamW(s) for _ in range(WORKERS)]
    outer = s["server_optimizer_parameters"]
    while True:
        delta = np.mean([w - inner(problem, i, w, optimizers[i], s["batchsize"])
                         for i in range(WORKERS)], axis=0)
        b = outer["momentum"] * b + delta
        w = w - outer["learning_rate"] * (delta + outer["momentum"] * b)
        yield w


class Clocks:
    """SSP (Ho et al., NIPS 2013, section 3): no worker is more than s iterations ahead of the
    slowest. DSSP (Zhao, An, Liu, Chen, ICDCS 2019, algorithms 1 and 2): the fastest worker, when it
    exceeds that, is granted r extra iterations, so that it waits only shortly before a push of the
    slowest. Here no worker gets more than s_U ahead, whatever is granted. A turn takes a second."""

    def __init__(self, lower, extra):
        self.lower, self.upper = lower, lower + extra
        self.count, self.granted = [0] * WORKERS, [0] * WORKERS
        self.pushes = [[0.0, 0.0] for _ in range(WORKERS)]

    def controller(self, p, slowest, most):
        """Algorithm 2: returns which of the worker's next times is nearest to one of the slowest
        worker's."""
        own, slow = self.pushes[p][1] - self.pushes[p][0], self.pushes[slowest]
        mine = [self.pushes[p][1] + r * own for r in range(most + 1)]
        theirs = [slow[1] + (k + 1) * (slow[1] - slow[0]) for k in range(most + 1)]
        gaps = [min(abs(time - other) for other in theirs) for time in mine]
        return gaps.index(min(gaps))

    def pushed(self, p, now):
        """Returns whether the worker may continue immediately."""
        self.count[p] += 1
        self.pushes[p] = [self.pushes[p][1], now]
        ahead = self.count[p] - min(self.count)
        fastest = self.count[p] == max(self.count)
        if self.granted[p] == 0 and self.lower < ahead <= self.upper and fastest:
            slowest = self.count.index(min(self.count))
            self.granted[p] = self.controller(p, slowest, self.upper - ahead + 1)
        if self.granted[p] > 0 and ahead <= self.upper:
            self.granted[p] -= 1
            return True
        return ahead <= self.lower

    def waits_no_longer(self, p):
        return self.count[p] - min(self.count) <= self.lower


def asynchronous_sgd(problem, s, schedule):
    """Each gradient changes the model when it arrives; Clocks decides which worker continues."""
    clocks = Clocks(s["threshold"], s.get("parameters", {}).get("range", 0))
    w, held, waiting = problem.start, [problem.start] * WORKERS, set()
    for now, i in enumerate(schedule, 1):
        acts = i not in waiting
        if acts:
            w = w - s["learning_rate"] / WORKERS * problem.gradient(i, held[i])
            if clocks.pushed(i, now):
                held[i] = w
            else:
                waiting.add(i)
        for other in [other for other in waiting if clocks.waits_no_longer(other)]:
            waiting.remove(other)
            held[other] = w
        yield w, acts


def fedbuff(problem, s, schedule):
    """Nguyen et al., AISTATS 2022, algorithm 1, by turns: a client downloaded the model in its
    previous turn, and its result arrives in this one."""
    w, step, total, filled = problem.start, 0, 0, 0
    held = [(w, 0)] * WORKERS
    buffer = s["server_optimizer_parameters"]
    for i in schedule:
        from_w, from_step = held[i]
        delta = from_w - inner(problem, i, from_w, Sgd(s), s["batchsize"])
        total = total + delta / np.sqrt(1 + step - from_step)
        filled += 1
        if filled == buffer["every"]:
            w, step = w - buffer["learning_rate"] / filled * total, step + 1
            total, filled = 0, 0
        held[i] = (w, step)
        yield w, True


def gaia(problem, s):
    """Hsieh et al., NSDI 2017, section 4, with rows instead of values and a server between the data
    centers: an update larger than v0 / sqrt(t) of its value is sent; others accumulate. The server
    does the same with what it has for each worker."""
    w, held = problem.start, np.array([problem.start] * WORKERS)
    waiting, rows, t = np.zeros((WORKERS, problem.count)), list(problem.rows()), 0

    def significant(update, value):
        v0 = s["parameters"]["significance"]
        kept = np.zeros_like(update)
        for row in rows:
            if np.abs(update[row]).mean() > v0 / np.sqrt(t) * np.abs(value[row]).mean():
                kept[row] = update[row]
        return kept

    while True:
        t += 1
        sent = []
        for i in range(WORKERS):
            waiting[i] += s["learning_rate"] * problem.gradient(i, held[i])
            sent.append(significant(waiting[i], held[i]))
            waiting[i] -= sent[-1]
        w = w - np.mean(sent, axis=0)
        for i in range(WORKERS):
            held[i] += significant(w - held[i], w)
        yield w


def streaming_diloco(problem, s):
    """Douillard et al., arXiv:2501.18512, algorithm 2, without quantization: fragments, of every
    P-th tensor, in turn; a fragment is sent during the next local steps (tau of them, as many as
    between two fragments), and its result is mixed with the worker's own: alpha its own, 1 - alpha
    the outer model."""
    fragments = s["parameters"]["fragments"]
    outer, alpha = s["server_optimizer_parameters"], s["merge"]
    lr, mu = outer["learning_rate"], outer["momentum"]
    theta, b = problem.start.copy(), np.zeros(problem.count)
    w = [problem.start.copy() for _ in range(WORKERS)]
    optimizers = [AdamW(s) for _ in range(WORKERS)]
    part = [np.concatenate([np.arange(where.start, where.stop)
                            for where in problem.tensors[p::fragments]]) for p in range(fragments)]
    t, on_its_way = 0, None
    while True:
        p = part[t % fragments]
        for i in range(WORKERS):
            w[i] = inner(problem, i, w[i], optimizers[i], s["batchsize"])
            if on_its_way is not None:
                w[i][on_its_way] = alpha * w[i][on_its_way] + (1 - alpha) * theta[on_its_way]
        delta = np.mean([theta[p] - w[i][p] for i in range(WORKERS)], axis=0)
        b[p] = mu * b[p] + delta
        theta[p] -= lr * (delta + mu * b[p])
        t, on_its_way = t + 1, p
        yield theta.copy()


def count_of(density, size):
    return max(1, int(density * size + 0.5))


def top_of_rows(problem, x, density, chunk=None):
    kept = np.zeros_like(x)
    for row in problem.rows():
        width = row.stop - row.start
        step = min(chunk or width, width)
        for at in range(row.start, row.stop, step):
            part = slice(at, min(at + step, row.stop))
            kept[part] = largest(x[part], count_of(density, part.stop - at))
    return kept


def topk(problem, s):
    """Parallel Mem-SGD (Stich, Cordonnier, Jaggi, NeurIPS 2018), of each row."""
    w, m = problem.start, np.zeros((WORKERS, problem.count))
    density = s["compression_parameters"]["density"]
    while True:
        sent = []
        for i, g in enumerate(problem.gradients(w)):
            m[i] = m[i] + s["learning_rate"] * g
            sent.append(top_of_rows(problem, m[i], density))
            m[i] = m[i] - sent[-1]
        w = w - np.mean(sent, axis=0)
        yield w


def bfloat(number, up):
    """The bfloat16 at or below a positive number, or at or above it."""
    bits = int(np.float32(number).view("u4"))
    bits = (bits + 0xffff if up else bits) & 0xffff0000
    return float(np.uint32(bits).view("f4"))


def two_bits(x):
    """Encodes nonzero elements: the sign, and the nearer of two magnitudes, which are the means of
    the elements larger than the mean and of the others, as bfloat16
    (librog/codecs/packed_values.h)."""
    magnitudes = np.abs(x[x != 0])
    above = magnitudes > magnitudes.mean()
    lower = magnitudes[~above].mean()
    first, last = bfloat(lower, False), bfloat(magnitudes[above].mean() if above.any() else lower, True)
    return np.sign(x) * np.where(np.abs(x) - first < last - np.abs(x), first, last)


def sparseloco(problem, s):
    """Sarfi et al., arXiv:2508.15706, algorithm 1: the largest elements of chunks, two bits per
    value."""
    w, e = problem.start, np.zeros((WORKERS, problem.count))
    optimizers = [AdamW(s) for _ in range(WORKERS)]
    codec, beta = s["compression_parameters"], s["error_feedback"]
    while True:
        sent = []
        for i in range(WORKERS):
            delta = w - inner(problem, i, w, optimizers[i], s["batchsize"])
            e[i] = beta * e[i] + delta
            sent.append(top_of_rows(problem, e[i], codec["density"], codec["chunk"]))
            for row in problem.rows():
                sent[-1][row] = two_bits(sent[-1][row])
            e[i] = e[i] - sent[-1]
        w = w - np.mean(sent, axis=0)
        yield w


def dgc(problem, s):
    """Lin et al., ICLR 2018, section 3: local clipping, momentum correction, masking of momentum
    and of accumulated values, and the largest elements of the model."""
    w = problem.start
    u, v = np.zeros((2, WORKERS, problem.count))
    density = s["compression_parameters"]["density"]
    while True:
        sent = []
        for i, g in enumerate(problem.gradients(w)):
            g = g * min(1, s["clip_norm"] / np.linalg.norm(g))
            u[i] = s["momentum"] * u[i] + g
            v[i] = v[i] + u[i]
            mask = largest(v[i], count_of(density, problem.count)) != 0
            sent.append(np.where(mask, v[i], 0))
            v[i], u[i] = np.where(mask, 0, v[i]), np.where(mask, 0, u[i])
        w = w - s["learning_rate"] * np.mean(sent, axis=0)
        yield w


def demo(problem, s):
    """Peng, Quesnelle, Kingma, arXiv:2411.19870, algorithm 1, with the sign of its published program
    (demo.py, DeMo.step)."""
    w, m = problem.start, np.zeros((WORKERS, problem.count))
    codec, beta = s["compression_parameters"], s["error_feedback"]
    while True:
        total = 0
        for i, g in enumerate(problem.gradients(w)):
            m[i] = beta * m[i] + s["learning_rate"] * g
            q = np.zeros_like(g)
            for where, shape in problem.matrices():
                matrix = m[i, where].reshape(shape)
                q[where] = dct_largest(matrix, codec["chunk"], codec["k"])[0].ravel()
            m[i] = m[i] - q
            total = total + q
        w = w - s["server_optimizer_parameters"]["learning_rate"] * np.sign(total)
        yield w


def row_seed(s, worker, iteration, row):
    """Returns the seed of a pushed row: random numbers in a codec are those of the core
    (sync/coding.h)."""
    stream = splitmix(splitmix(s.get("seed", 1), 0, worker), iteration, 0)
    return (stream + row * 0xa0761d6478bd642f) & M64


def powersgd(problem, s):
    """Vogels et al., NeurIPS 2019, algorithms 1 and 2; each worker has its own P and Q, because its
    deltas are combined at a server (with one worker these are the paper's), followed by Nesterov's
    momentum of PyTorch, g + mu m instead of g + m."""
    w, e, b = problem.start, np.zeros((WORKERS, problem.count)), 0
    rank, q, iteration = s["compression_parameters"]["rank"], {}, 0
    outer = s["server_optimizer_parameters"]
    while True:
        iteration += 1
        sent = np.zeros((WORKERS, problem.count))
        for i, g in enumerate(problem.gradients(w)):
            e[i] = e[i] + s["learning_rate"] * g
            for tensor, (where, (rows, width)) in enumerate(problem.matrices()):
                sent[i, where] = e[i, where]
                if rows == 1:
                    continue
                matrix = e[i, where].reshape(rows, width)
                if (i, tensor) not in q:
                    q[i, tensor] = drawn(row_seed(s, i, iteration, tensor), width, rank)
                p, q[i, tensor] = power_step(matrix, q[i, tensor])
                sent[i, where] = (p @ q[i, tensor].T).ravel()
            e[i] = e[i] - sent[i]
        g = np.mean(sent, axis=0)
        b = outer["momentum"] * b + g
        w = w - outer["learning_rate"] * (g + outer["momentum"] * b)
        yield w


def lanes(seed, index):
    """librog/kernels/lane_random.h"""
    with np.errstate(over="ignore"):
        x = index.astype("u4") + np.uint32(seed & 0xffffffff)
        x = (x ^ x >> np.uint32(16)) * np.uint32(0x7feb352d) + np.uint32(seed >> 32)
        x = (x ^ x >> np.uint32(15)) * np.uint32(0x846ca68b)
        return x ^ x >> np.uint32(16)


def qsgd(problem, s):
    """Alistarh et al., NeurIPS 2017, section 3.1 and appendix (buckets): each magnitude is rounded to
    one of the two adjacent levels, to the further one with the probability that makes the mean
    right."""
    w, codec, iteration = problem.start, s["compression_parameters"], 0
    levels = 2 ** (int(codec["bits"]) - 1) - 1
    while True:
        iteration += 1
        sent = np.zeros((WORKERS, problem.count))
        for i, g in enumerate(problem.gradients(w)):
            x = s["learning_rate"] * g
            for number, row in enumerate(problem.rows()):
                seed = row_seed(s, i, iteration, number)
                part = x[row]
                for at in range(0, len(part), codec["bucket"]):
                    bucket = part[at:at + codec["bucket"]]
                    norm = np.linalg.norm(bucket) if codec["norm"] == "l2" else np.abs(bucket).max()
                    own = splitmix(seed, at, 0)
                    chance = np.concatenate([
                        lanes((own + piece) & M64, np.arange(min(256, len(bucket) - piece)))
                        >> np.uint32(8) for piece in range(0, len(bucket), 256)]) / 2.0 ** 24
                    level = np.floor(bucket / norm * levels + chance)
                    sent[i, row][at:at + codec["bucket"]] = level * norm / levels
        w = w - np.mean(sent, axis=0)
        yield w


def int8(problem, s):
    """Integers by blocks with the largest magnitude of each (Dettmers et al., ICLR 2022, section
    2.1); the rounding error is added to the next update."""
    w, e = problem.start, np.zeros((WORKERS, problem.count))
    block = s["compression_parameters"]["block"]
    while True:
        sent = np.zeros((WORKERS, problem.count))
        for i, g in enumerate(problem.gradients(w)):
            e[i] = e[i] + s["learning_rate"] * g
            for row in problem.rows():
                for at in range(row.start, row.stop, block):
                    part = slice(at, min(at + block, row.stop))
                    step = np.abs(e[i, part]).max() / 127
                    sent[i, part] = np.round(e[i, part] / step) * step
            e[i] = e[i] - sent[i]
        w = w - np.mean(sent, axis=0)
        yield w


def sign_of(problem, x):
    """One bit per element, and for each tensor its mean magnitude."""
    sent = np.empty_like(x)
    for where in problem.tensors:
        sent[where] = np.abs(x[where]).mean() * np.where(np.signbit(x[where]), -1, 1)
    return sent


def onebit_adam(problem, s):
    """Tang et al., ICML 2021, algorithm 1: workers have the momentum, which is sent unchanged at
    first and, after the warm-up, as signs with error feedback; v is then kept constant. Here v is of
    the mean momentum, because the server does not see gradients, and so momentum is without 1 -
    beta1."""
    w, e, m = problem.start, *np.zeros((2, WORKERS, problem.count))
    v, t, p = 0, 0, s["server_optimizer_parameters"]
    while True:
        t += 1
        sent = []
        for i, g in enumerate(problem.gradients(w)):
            m[i] = s["momentum"] * m[i] + g
            e[i] = e[i] + s["learning_rate"] * m[i]
            sent.append(e[i].copy() if t <= s["compression_warmup"] else sign_of(problem, e[i]))
            e[i] = e[i] - sent[-1]
        mean = np.mean(sent, axis=0)
        if t <= p["freeze_after"]:
            v, of_v = p["beta2"] * v + (1 - p["beta2"]) * mean ** 2, 1 - p["beta2"] ** t
        w = w - p["learning_rate"] * mean / (np.sqrt(v / of_v) + p["epsilon"])
        yield w


def signum(problem, s):
    """signSGD with majority vote, with momentum at the workers (Bernstein et al., ICML 2018,
    algorithms 2 and 3). The factor 1 - mu of the momentum changes no sign."""
    w, m = problem.start, np.zeros((WORKERS, problem.count))
    while True:
        m = s["momentum"] * m + np.array(problem.gradients(w))
        votes = np.where(np.signbit(m), -1, 1).sum(axis=0)
        w = w - s["server_optimizer_parameters"]["learning_rate"] * np.sign(votes)
        yield w


# ---- cases ----

EXACT = {"compression": "none", "pull_compression": "none", "momentum": 0, "weight_decay": 0}


class Case:
    def __init__(self, name, rule, settings, schedule=None, turns=None, takes_signs=False):
        self.name, self.rule, self.takes_signs = name, rule, takes_signs
        self.settings = {"library": "BSP", **EXACT, **settings}
        self.schedule = schedule or list(range(WORKERS))
        self.turns = turns or WORKERS * EXCHANGES
        self.asynchronous = schedule is not None

    def described(self):
        return {"name": self.name, "settings": self.settings, "schedule": self.schedule,
                "turns": self.turns}

    def models(self, problem):
        """Returns the models after each exchange, or after each turn; and which worker had its
        turn, or had to wait."""
        if self.asynchronous:
            turns = [self.schedule[k % len(self.schedule)] for k in range(self.turns)]
            models, acts = zip(*self.rule(problem, self.settings, turns))
            return np.array(models), np.array(acts)
        steps = self.rule(problem, self.settings)
        models = np.array([next(steps) for _ in range(self.turns // WORKERS)])
        return models, np.ones(self.turns, bool)


DELTA = {"contribution": "delta"}
LOSSLESS = {"pull_compression": "topk", "pull_compression_parameters": {"density": 1.0}}
UNEVEN = [0, 1, 0, 0, 2, 0, 1, 0, 0, 0]

CASES = [
    Case("parallel SGD", parallel_sgd, {"learning_rate": 0.1}),
    Case("block momentum", block_momentum,
         {"learning_rate": 0.02, "momentum": 0.9, "weight_decay": 5e-4}),
    Case("FedAvg", fedavg, {**DELTA, "batchsize": 5, "learning_rate": 0.05}),
    Case("local SGD", local_sgd, {**DELTA, "batchsize": 4, "learning_rate": 0.02, "momentum": 0.9}),
    Case("DiLoCo", diloco,
         {**DELTA, "batchsize": 4, "learning_rate": 0.015, "weight_decay": 0.1,
          "local_optimizer": "adamw", "server_optimizer": "nesterov",
          "server_optimizer_parameters": {"learning_rate": 0.7, "momentum": 0.9}},
         takes_signs=True),
    Case("ASP", asynchronous_sgd, {"library": "SSP", "threshold": 1000000, "learning_rate": 0.1},
         schedule=UNEVEN),
    Case("SSP", asynchronous_sgd, {"library": "SSP", "threshold": 3, "learning_rate": 0.1},
         schedule=UNEVEN),
    Case("DSSP", asynchronous_sgd, {"library": "DSSP", "threshold": 3, "learning_rate": 0.1,
                                    "parameters": {"range": 6}}, schedule=UNEVEN),
    Case("Gaia", gaia, {"library": "GAIA", "threshold": 0, "learning_rate": 0.05,
                        "parameters": {"significance": 0.5}}),
    Case("Streaming DiLoCo", streaming_diloco,
         {**DELTA, "library": "STREAM", "threshold": 0, "parameters": {"fragments": 2},
          "batchsize": 4, "learning_rate": 0.015, "local_optimizer": "adamw", "weight_decay": 0.1,
          "overlap": True, "merge": 0.5, "server_optimizer": "nesterov",
          "server_optimizer_parameters": {"learning_rate": 0.4, "momentum": 0.9}},
         takes_signs=True),
    Case("FedBuff", fedbuff,
         {**DELTA, "library": "SSP", "threshold": 1000000, "batchsize": 3, "learning_rate": 0.05,
          "server_optimizer": "buffer",
          "server_optimizer_parameters": {"every": 2, "learning_rate": 0.8}},
         schedule=UNEVEN),
    Case("top-k", topk, {"learning_rate": 0.1, "compression": "topk",
                         "compression_parameters": {"density": 0.1}}, takes_signs=True),
    Case("SparseLoCo", sparseloco,
         {**DELTA, "batchsize": 20, "learning_rate": 0.05, "local_optimizer": "adamw",
          "compression": "topk", "error_feedback": 0.95,
          "compression_parameters": {"density": 0.03, "chunk": 256, "bits": "2"}, **LOSSLESS},
         takes_signs=True),
    Case("DGC", dgc,
         {"learning_rate": 0.05, "momentum": 0.9, "momentum_kind": "heavy_ball",
          "momentum_masking": True, "clip_norm": 20.0, "compression": "topk",
          "compression_parameters": {"density": 0.02, "of": "model"}, **LOSSLESS},
         takes_signs=True),
    Case("DeMo", demo,
         {"learning_rate": 0.1, "compression": "dct", "pull_compression": "sign",
          "error_feedback": 0.999,
          "compression_parameters": {"chunk": 20, "k": 8}, "server_optimizer": "majority",
          "server_optimizer_parameters": {"learning_rate": 0.01, "of": "values"}},
         takes_signs=True),
    Case("PowerSGD", powersgd,
         {"learning_rate": 0.002, "compression": "lowrank", "compression_parameters": {"rank": 2},
          "server_optimizer": "nesterov",
          "server_optimizer_parameters": {"learning_rate": 1.0, "momentum": 0.9}}),
    Case("QSGD", qsgd,
         {"learning_rate": 0.05, "compression": "qsgd", "error_feedback": 0.0,
          "compression_parameters": {"bits": "4", "bucket": 64, "norm": "l2"}}, takes_signs=True),
    Case("int8", int8,
         {"learning_rate": 0.1, "compression": "int8", "compression_parameters": {"block": 64}},
         takes_signs=True),
    Case("1-bit Adam", onebit_adam,
         {"learning_rate": 1.0, "compression": "sign", "compression_warmup": 3,
          "server_optimizer": "adam",
          "momentum": 0.9, "momentum_kind": "heavy_ball",
          "server_optimizer_parameters": {"learning_rate": 0.003, "beta1": 0.0, "beta2": 0.999,
                                          "epsilon": 1e-12, "freeze_after": 3}}, takes_signs=True),
    Case("signSGD", signum,
         {"learning_rate": 1.0, "momentum": 0.9, "momentum_kind": "heavy_ball",
          "compression": "sign", "error_feedback": 0.0, "server_optimizer": "majority",
          "server_optimizer_parameters": {"learning_rate": 0.01, "of": "signs"}},
         takes_signs=True),
]


# ---- comparing ----

class Trace:
    """The output of the program."""

    def __init__(self, program, cases, case):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "trace")
            subprocess.run([program, cases, case.name, path], check=True)
            numbers = np.fromfile(path)
        self.problem = Problem(numbers)
        turns = numbers[3 + 7 * self.problem.count:].reshape(case.turns, 1 + 2 * self.problem.count)
        self.acts = turns[:, 0] != 0
        self.models = turns[:, 1:1 + self.problem.count]


def places(count):
    """Returns the positions of the elements in CASES."""
    return [int(place) for place in np.linspace(0, count - 1, PLACES).round()]


def write(path, cases):
    """Writes a line for each model."""
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"cases": [\n')
        for number, case in enumerate(cases):
            rest = {key: value for key, value in case.items() if key != "models"}
            file.write((",\n" if number else "") + json.dumps(rest)[:-1] + ', "models": [\n')
            file.write(",\n".join(json.dumps(model) for model in case.get("models", [])) + "]}")
        file.write("\n]}\n")


def rounded(number):
    return float(f"{number:.8g}")


def compute(program, case, path):
    trace = Trace(program, path, case)
    expected, acts = case.models(trace.problem)
    assert np.array_equal(acts, trace.acts), f"{case.name}: other workers had to wait"
    every = case.turns // len(expected)
    found = trace.models[every - 1::every]
    scale = np.abs(expected).max(axis=1, keepdims=True)
    error = np.abs(found - expected) / scale
    off = error > TOLERANCE
    print(f"{case.name:18} off by at most {error[~off].max():.1e} of the largest, "
          f"{off.sum()} of {off.size} elements elsewhere; {(~acts).sum()} turns waited")
    assert off.mean() <= FLIPS * case.takes_signs, case.name
    at = places(trace.problem.count)
    few = slice(len(expected) // EXCHANGES - 1, None, len(expected) // EXCHANGES)
    models = [[rounded(number) for number in model] for model in expected[few][:, at]]
    return {"places": at, "flips": 2 * int(off[few][:, at].sum()) + 3 * case.takes_signs,
            "largest": [rounded(number) for number in scale[few, 0]], "models": models}


def close(old, new):
    return all(np.allclose(old[key], new[key], rtol=1e-6, atol=1e-8) for key in ("largest", "models"))


def main():
    program, path = sys.argv[1:3]
    cases = [case.described() for case in CASES]
    with tempfile.TemporaryDirectory() as folder:
        given = os.path.join(folder, "cases.json")
        write(given, cases)
        cases = [description | compute(program, case, given)
                 for case, description in zip(CASES, cases)]
    if sys.argv[3:] == ["--write"]:
        write(path, cases)
        return
    with open(path, encoding="utf-8") as file:
        there = json.load(file)["cases"]
    assert [old["name"] for old in there] == [new["name"] for new in cases]
    for old, new in zip(there, cases):
        same = all(old[key] == new[key] for key in ("settings", "schedule", "turns", "places"))
        assert same and close(old, new), f"{old['name']}: {path} is of another time"


if __name__ == "__main__":
    main()
