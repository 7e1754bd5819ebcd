# SPDX-License-Identifier: Apache-2.0
"""pair.c in Python, hook by hook."""

import math
import struct

import rog

MASK = (1 << 64) - 1
NOBODY = 0xffffffff


def whole(total, number):
    z = (total + int(number) * 0xd1342543de82ef95 + 0x9e3779b97f4a7c15) & MASK
    z = ((z ^ z >> 30) * 0xbf58476d1ce4e5b9) & MASK
    z = ((z ^ z >> 27) * 0x94d049bb133111eb) & MASK
    return z ^ z >> 31


def real(total, number):
    bits = 7 if math.isnan(number) else struct.unpack("Q", struct.pack("d", number))[0]
    return whole(total, bits)


def wholes(total, numbers):
    for number in numbers:
        total = whole(total, number)
    return total


def reals(total, numbers):
    for number in numbers:
        total = real(total, number)
    return total


def node_of(total, node):
    return whole(reals(total, node[:7]), node.local_steps)


def history_of(total, history):
    total = wholes(total, history[:3])
    return reals(total, history[3:])


class Pair(rog.Strategy):
    summary = "everything matters"
    threshold_min, threshold_max, threshold_default, threshold_help = 0, 9, 3, "a number"
    wants = ["weights", "reports"]
    parameters = {
        "flag": rog.Boolean(True, "a flag"),
        "number": rog.Number(0.1, 0, 1, unit="s", help="a number"),
        "whole": rog.Integer(-7, -10, 10, "a whole number"),
        "word": rog.Choice(["one", "two", "three"], "a word", default="two"),
    }

    def create(self):
        config, model, chosen = self.config, self.config.model, self.config.parameters
        total = wholes(config.seed, [config.rows, config.workers, config.threshold,
                                     NOBODY if config.worker is None else config.worker,
                                     chosen.whole, chosen.flag,
                                     ["one", "two", "three"].index(chosen.word)])
        total = wholes(real(total, chosen.number), [model.levels, model.pull_levels])
        total = wholes(wholes(total, model.first_row), model.row_elements)
        for table in model.push_bytes, model.pull_bytes:
            for row in table:
                total = wholes(total, row)
        for name in model.names:
            total = wholes(total, name.encode())
        self.total = total

    def versions_of(self, total, versions):
        for numbers in versions.oldest, versions.latest, versions.active:
            total = wholes(total, numbers)
        if total % 4 == 0:
            for row in versions.version:
                total = wholes(total, row)
        return total

    def plan(self, view, plan, levels):
        total = wholes(self.total, [view.worker, view.iteration])
        total = reals(wholes(real(total, view.now), view.age), view.magnitude)
        total = reals(wholes(total, view.demanded), view.weight)
        total = self.total = node_of(history_of(total, view.history), view.node)
        if total % 8 == 0:
            return
        rows = []
        for row in range(self.config.rows):
            drawn = whole(total, row)
            if drawn % 3:
                rows.append(row)
                plan.level[row] = (drawn >> 8) % levels
        plan.send(rows, len(rows) // 3, 0.1 * (total % 20))

    def plan_push(self, view, plan):
        self.plan(view, plan, self.config.model.levels)

    def plan_pull(self, view, plan):
        self.plan(view, plan, self.config.model.pull_levels)

    def admit(self, view, admission):
        total = wholes(self.total, [view.worker, view.iteration])
        total = real(whole(real(total, view.now), view.again), view.waited_s)
        for node in view.nodes:
            total = node_of(total, node)
        total = self.total = self.versions_of(total, view.versions)
        workers = self.config.workers
        for worker in range(workers):
            admission.iteration[worker] = max(view.iteration - whole(total, worker) % 3, 0)
        if total % 4 == 0:
            admission.needed[(total >> 8) % workers] = view.iteration // 2
        admission.quorum = 1 if view.again else (total >> 16) % (workers + 1)
        if total % 2:
            admission.deadline_s = view.now + 0.3 + 0.1 * ((total >> 24) % 30)

    def grant(self, view):
        total = whole(real(self.total, view.now), view.granted_count)
        total = wholes(wholes(total, view.waiting), view.granted)
        for goodput, node in zip(view.goodput, view.nodes):
            total = node_of(real(total, goodput), node)
        total = self.total = self.versions_of(total, view.versions)
        return view.waiting[total % len(view.waiting)] if view.granted_count < 2 else None

    def weigh(self, view):
        total = wholes(real(self.total, view.now), [view.worker, view.iteration])
        total = node_of(wholes(total, [view.lag, view.steps]), view.node)
        total = self.total = self.versions_of(total, view.versions)
        return total % 3 / math.sqrt(1.0 + view.lag)

    def plan_work(self, view, plan):
        total = wholes(real(self.total, view.now), [view.iteration, view.local_steps])
        total = self.total = node_of(history_of(total, view.history), view.node)
        plan.local_steps = 1 + total % 3

    def save(self):
        return struct.pack("Q", self.total)

    def load(self, data):
        self.total, = struct.unpack("Q", data)

    def most_granted(self):
        return 2
