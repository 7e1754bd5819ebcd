# SPDX-License-Identifier: Apache-2.0
"""ROG (MICRO 2022): row stale synchronous parallel with adaptive transmission. The same rules as
plugins/rog.c, which gives the source of each."""

import functools
import math
import operator
from array import array

import rog

# G(S): the published table, which ends at S = 40, and its last value beyond.
LARGEST = (0, 0, 0, 0, 0, 0.03, 0.05, 0.06, 0.05, 0.07, 0.075, 0.085, 0.09, 0.095, 0.10, 0.102,
           0.104, 0.106, 0.107, 0.108, 0.11, 0.11, 0.111, 0.111, 0.112, 0.112, 0.112, 0.113, 0.113,
           0.113, 0.113, 0.114, 0.114, 0.114, 0.114, 0.114, 0.115, 0.115, 0.115, 0.115, 0.115)


def oldest_share(threshold):
    """P(S): the root in (0, 1) of (1 - P)^(S - 1) = P, and 1 up to S = 1."""
    low, high = 0.0, 1.0
    for _ in range(100 if threshold > 1 else 0):
        middle = (low + high) / 2
        if (1 - middle) ** (threshold - 1) > middle:
            low = middle
        else:
            high = middle
    return high


def largest_first(keys, rows):
    """`rows` by descending keys; rows with equal keys keep their order."""
    return sorted(rows, key=keys.__getitem__, reverse=True)


class ROG(rog.Strategy):
    version = "1.1"
    summary = "row stale synchronous parallel with adaptive transmission (MICRO 2022)"
    threshold_min = 1
    threshold_max = 1000000
    threshold_default = 4
    threshold_help = "S: how many iterations a row may be older than the worker that waits for it"
    parameters = {
        "importance": rog.Choice(["row", "tensor"],
                                 "rank rows by their own mean magnitude, or by that of their "
                                 "whole tensor, as published"),
        "least_budget": rog.Number(0, 0, 600, unit="s",
                                   help="minimum time in each push and pull for rows that are not "
                                        "mandatory; 0 as published"),
        "pulls": rog.Choice(["age", "importance"],
                            "mandatory rows of a pull: the oldest ones, as in the publication, or "
                            "the most important ones, as in the published program, which treats "
                            "all rows that a worker has received once as equally old"),
        "start_budget": rog.Number(0, 0, 600, unit="s",
                                   help="time budget of each push and pull until every worker has "
                                        "sent once; 5 in the published program, so that its "
                                        "budgets do not start near 0"),
    }

    def create(self):
        rows, threshold = self.config.rows, self.config.threshold
        self.oldest = min(rows, math.ceil(oldest_share(threshold) * rows))
        self.largest = min(rows - self.oldest, math.ceil(LARGEST[min(threshold, 40)] * rows))

    def importance(self, magnitude):
        """The importance of each row: its own mean magnitude, or that of its tensor."""
        if self.config.parameters.importance == "row":
            return magnitude
        means, first = array("f"), self.config.model.first_row
        for begin, end in zip(first, first[1:]):
            mean = functools.reduce(operator.add, magnitude[begin:end], 0.0) / (end - begin)
            means.extend([mean] * (end - begin))
        return means

    def budget(self, history):
        ahead = history.own >= history.slowest + 2
        budget_s = 0.0
        if ahead and history.everyone_transmitted:
            budget_s = max(history.recent_max_s, history.mean_s)
        elif ahead:
            budget_s = 5.0
        if not history.everyone_transmitted:
            budget_s = max(budget_s, self.config.parameters.start_budget)
        return max(budget_s, self.config.parameters.least_budget)

    def plan(self, view, plan, by_age):
        importance = self.importance(view.magnitude.tolist())
        order = largest_first(importance, range(self.config.rows))
        if by_age:
            order = largest_first(view.age.tolist(), order)
        others = largest_first(importance, sorted(order[self.oldest:]))
        plan.send(order[:self.oldest] + others, mandatory=self.oldest + self.largest,
                  budget_s=self.budget(view.history))

    def plan_push(self, view, plan):
        self.plan(view, plan, by_age=True)

    def plan_pull(self, view, plan):
        self.plan(view, plan, by_age=self.config.parameters.pulls == "age")

    def admit(self, view, admission):
        self.wait_beyond(view, self.config.threshold, admission.needed)

    def save(self):  # all of the state follows from the configuration
        return b""

    def load(self, data):
        pass

    def staleness_bound(self):
        return self.config.threshold

    def least_share(self):
        return oldest_share(self.config.threshold)
