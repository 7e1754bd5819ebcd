# SPDX-License-Identifier: Apache-2.0
"""Compares server optimizers that work in rounds, written from their papers, with the synchronization
core.

    optimizers.py ROUNDS_PROGRAM [CASE]

reference-rounds records a run of the core: which contributions arrived from which workers in which
order, which workers left, and the server's model after each push. Here the published rules are applied
to the same contributions in float64: FedBuff (Nguyen et al., AISTATS 2022), the outer step of DiLoCo
(Douillard et al., 2311.08105), FedAdam (Reddi et al., ICLR 2021), Adam, 1-bit Adam's frozen variance
(Tang et al., ICML 2021), signSGD with majority vote (Bernstein et al., ICML 2018). If PyTorch is
installed and whole models are pushed, torch.optim.SGD(nesterov=True) and torch.optim.Adam get the same
means, too.

The changes of the models must agree within TOLERANCE, relative to their size.
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
try:
    import torch
except ImportError:
    torch = None

TOLERANCE = 1e-6
PULL, PUSH, DEMANDED, LEFT, MODEL, END = range(1, 7)


class Case:
    def __init__(self, optimizer, parameters, library, threshold, codec="none", workers=3,
                 iterations=20, torch=None):
        self.optimizer, self.parameters, self.library = optimizer, parameters, library
        self.threshold, self.codec, self.workers = threshold, codec, workers
        self.iterations, self.torch = iterations, torch

    def name(self):
        given = ", ".join(f"{key} {value}" for key, value in self.parameters.items())
        return (f"{self.optimizer}{' ' if given else ''}{given}; {self.library} {self.threshold}, "
                f"{self.codec}, {self.workers} workers")


CASES = [
    Case("buffer", {"every": 2}, "SSP", 2147483647),
    Case("buffer", {"every": 10, "learning_rate": 3.0, "exponent": 1.0}, "SSP", 4, workers=4),
    Case("buffer", {"every": 0, "exponent": 0.0}, "BSP", 0, "sign"),
    Case("buffer", {"every": 3}, "ROG", 4, "sign", workers=5),
    Case("nesterov", {}, "BSP", 0, torch="sgd"),
    Case("nesterov", {"every": 2, "learning_rate": 0.4}, "SSP", 4, "sign", torch="sgd"),
    Case("nesterov", {"every": 4, "momentum": 0.5}, "ROG", 4, workers=5),
    Case("adam", {"learning_rate": 0.01}, "BSP", 0, torch="adam"),
    Case("adam", {"learning_rate": 0.01, "every": 2, "beta2": 0.99}, "SSP", 2, torch="adam"),
    Case("adam", {"bias_correction": False, "beta2": 0.99, "epsilon": 1e-3}, "BSP", 0),
    Case("adam", {"freeze_after": 5}, "BSP", 0, "sign"),
    Case("adam", {"freeze_after": 3, "every": 2}, "ROG", 20, "sign", workers=4),
    Case("majority", {"learning_rate": 0.01}, "BSP", 0),
    Case("majority", {"every": 4}, "ROG", 4, "sign", workers=5),
    Case("majority", {"of": "values", "every": 2}, "SSP", 4, workers=4),
]


class Fault(Exception):
    pass


# ---- the rules: sum over a round, how many contributions, steps of each element -> change ----

class Buffer:
    def __init__(self, size, p):
        self.rate, self.exponent = p.get("learning_rate", 1.0), p.get("exponent", 0.5)

    def weight(self, behind):
        return (1.0 + behind) ** -self.exponent

    def step(self, total, count, _steps):
        return -self.rate / count * total


class Rule:
    def weight(self, _behind):
        return 1.0


class Nesterov(Rule):
    def __init__(self, size, p):
        self.rate, self.mu = p.get("learning_rate", 0.7), p.get("momentum", 0.9)
        self.v = np.zeros(size)

    def step(self, total, count, steps):
        now, g = steps > 0, total / count
        self.v[now] = self.mu * self.v[now] + g[now]
        return -self.rate * (g + self.mu * self.v)


class Adam(Rule):
    def __init__(self, size, p):
        self.rate, self.eps = p.get("learning_rate", 0.001), p.get("epsilon", 1e-8)
        self.b1, self.b2 = p.get("beta1", 0.9), p.get("beta2", 0.999)
        self.corrects, self.freeze = p.get("bias_correction", True), p.get("freeze_after", 0)
        self.m, self.v = np.zeros(size), np.zeros(size)

    def step(self, total, count, steps):
        now, g = steps > 0, total / count
        self.m[now] = (self.b1 * self.m + (1 - self.b1) * g)[now]
        varies = now & (steps <= self.freeze) if self.freeze else now
        self.v[varies] = (self.b2 * self.v + (1 - self.b2) * g * g)[varies]
        m, v, t = self.m, self.v, np.maximum(steps, 1)
        if self.corrects:
            m = m / (1 - self.b1 ** t)
            v = v / (1 - self.b2 ** (np.minimum(t, self.freeze) if self.freeze else t))
        return -self.rate * m / (np.sqrt(v) + self.eps)


class Majority(Rule):
    def __init__(self, size, p):
        self.rate = p.get("learning_rate", 1e-4)

    def step(self, total, _count, _steps):
        return -self.rate * np.sign(total)


RULES = {"buffer": Buffer, "nesterov": Nesterov, "adam": Adam, "majority": Majority}


class Torch:
    """Applies the same means as gradients of a torch.optim optimizer, in float64."""

    def __init__(self, kind, model, p):
        self.w = torch.tensor(model, dtype=torch.float64, requires_grad=True)
        if kind == "sgd":
            self.optimizer = torch.optim.SGD([self.w], lr=p.get("learning_rate", 0.7),
                                             momentum=p.get("momentum", 0.9), nesterov=True)
        else:
            self.optimizer = torch.optim.Adam([self.w], lr=p.get("learning_rate", 0.001),
                                              betas=(p.get("beta1", 0.9), p.get("beta2", 0.999)))

    def step(self, mean):
        self.w.grad = torch.tensor(mean)
        self.optimizer.step()

    def model(self):
        return self.w.detach().numpy()


class Server:
    """The part of a parameter server that does not depend on the rule."""

    def __init__(self, case, workers, model):
        self.case, self.rule = case, RULES[case.optimizer](len(model), case.parameters)
        self.model = model.astype(np.float64)
        self.torch = Torch(case.torch, model, case.parameters) if torch and case.torch else None
        self.active, self.seen = [True] * workers, [0] * workers
        self.weights = [1.0] * workers
        self.sum, self.has = np.zeros(len(model)), np.zeros(len(model), dtype=bool)
        self.element_steps = np.zeros(len(model), dtype=np.int64)
        self.made, self.gone = [0] * workers, 0  # contributions to this round
        self.count = self.steps = self.partial = self.stale = 0

    def add(self, worker, x, has):
        if self.case.optimizer == "majority" and self.case.parameters.get("of") != "values":
            x = np.sign(x)
        self.sum += self.weights[worker] * x
        self.has |= has
        self.partial += not has.all()

    def pushed(self, worker, x, has):
        behind = self.steps - self.seen[worker]
        self.stale += behind > 0
        self.weights[worker] = self.rule.weight(behind)
        self.add(worker, x, has)
        self.made[worker] += 1
        self.count += 1

    def left(self, worker):
        self.active[worker] = False
        self.gone += self.made[worker]

    def end_round(self):
        """Ends the round if it is complete."""
        every = self.case.parameters.get("every", 10 if self.case.optimizer == "buffer" else 0)
        if self.count == 0 or self.count < (every or sum(self.active) + self.gone):
            return
        self.element_steps += self.has
        change = self.rule.step(self.sum, self.count, np.where(self.has, self.element_steps, 0))
        self.model[self.has] += change[self.has]
        if self.torch:
            if not self.has.all():
                raise Fault("this case is not for PyTorch: not all of the model is in a round")
            self.torch.step(self.sum / self.count)
        self.sum[:], self.has[:] = 0, False
        self.made, self.gone = [0] * len(self.made), 0
        self.count, self.steps = 0, self.steps + 1


class Reader:
    def __init__(self, path):
        self.words, self.at = np.fromfile(path, dtype=np.uint32), 0

    def number(self):
        self.at += 1
        return int(self.words[self.at - 1])

    def floats(self, count):
        self.at += count
        return self.words[self.at - count:self.at].view(np.float32)


def off(found, expected):
    moved = np.sqrt((expected ** 2).mean())
    return float(np.sqrt(((found - expected) ** 2).mean()) / moved) if moved > 0 else \
        float(np.abs(found).max())


def replay(case, path):
    reader = Reader(path)
    workers, size = reader.number(), reader.number()
    server, worst, left = Server(case, workers, np.zeros(size)), 0.0, 0
    while (kind := reader.number()) != END:
        if kind == MODEL:
            server.end_round()
            found = reader.floats(size).astype(np.float64)
            worst = max(worst, off(found, server.model))
            if server.torch:
                worst = max(worst, off(found, server.torch.model()))
            continue
        worker = reader.number()
        if kind == PULL:
            server.seen[worker] = server.steps
        elif kind == LEFT:
            server.left(worker)
            left += 1
        else:
            x, has = reader.floats(size).astype(np.float64), reader.floats(size) > 0
            (server.pushed if kind == PUSH else server.add)(worker, x, has)
    print(f"{case.name():72} {worst:.1e}  {server.steps} steps, {server.stale} pushes behind, "
          f"{server.partial} partial, {left} left{', PyTorch' if server.torch else ''}")
    if worst > TOLERANCE:
        raise Fault(f"{case.name()}: not the published rule")
    if server.steps < 3 or (case.library == "ROG" and server.partial == 0):
        raise Fault(f"{case.name()}: this case shows nothing")


def main():
    program, wanted = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trace")
        for seed, case in enumerate(CASES, 1):
            if wanted not in case.name():
                continue
            subprocess.run([program, path, case.optimizer, json.dumps(case.parameters),
                            case.library, str(case.threshold), str(case.workers),
                            str(case.iterations), case.codec, str(seed)], check=True)
            try:
                replay(case, path)
            except Fault as fault:
                print(fault)
                failed += 1
    print(f"{failed} case(s) failed" if failed else "as published")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
