# SPDX-License-Identifier: Apache-2.0
"""Strategies in Python, for experiments: the base class for a file that `library` names.

    import rog

    class Mine(rog.Strategy):
        \"\"\"every worker waits for all others\"\"\"

        def admit(self, view, admission):
            self.wait_beyond(view, 0, admission.needed)

The hooks are those of include/rog/strategy.h, which explains the questions and answers of each;
docs/write-a-strategy.md is the introduction. Arrays are numpy arrays if numpy is installed,
otherwise memoryviews. The simulation calls one hook at a time; each worker has an object of the
class, and the server has another one. torch is not needed.
"""

import collections
import math
import operator
import struct
from array import array

INFINITE = 2147483647
"""An unlimited threshold."""

MASK = (1 << 64) - 1

History = collections.namedtuple(
    "History", "own slowest everyone_transmitted recent_max_s mean_s")
Node = collections.namedtuple(
    "Node", "compute_s push_s pull_s goodput_up goodput_down loss energy_j local_steps")
Model = collections.namedtuple(
    "Model", "tensors first_row levels pull_levels row_elements names push_bytes pull_bytes")
Config = collections.namedtuple("Config", "rows workers threshold parameters model seed worker")


# ---- parameters ----

class Number:
    """A parameter of a strategy: a number in [min, max]."""
    type = "number"

    def __init__(self, default, min, max, help, unit=None):
        self.default, self.min, self.max = float(default), float(min), float(max)
        self.help, self.unit, self.choices = help, unit, None

    def text(self):
        return "%.12g" % self.default if float("%.12g" % self.default) == self.default \
            else repr(self.default)

    def value(self, text):
        return float.fromhex(text)


class Integer(Number):
    """An integer in [min, max]."""
    type = "integer"

    def __init__(self, default, min, max, help, unit=None):
        super().__init__(operator.index(default), operator.index(min), operator.index(max), help,
                         unit)

    def text(self):
        return "%d" % self.default

    def value(self, text):
        return int(text)


class Boolean:
    """True or false."""
    type, min, max, unit, choices = "boolean", 0.0, 0.0, None, None

    def __init__(self, default, help):
        self.default, self.help = bool(default), help

    def text(self):
        return "true" if self.default else "false"

    def value(self, text):
        return text == "true"


class Choice:
    """One of several words; the first is the default unless `default` is given."""
    type, min, max, unit = "choice", 0.0, 0.0, None

    def __init__(self, choices, help, default=None):
        self.choices, self.help = "|".join(choices), help
        self.default = choices[0] if default is None else default

    def text(self):
        return self.default

    def value(self, text):
        return text


# ---- arrays ----

class Arrays:
    """Bytes as arrays of numbers: numpy's if it is installed."""
    numpy = None
    dtypes = {"I": "uint32", "f": "float32", "d": "float64", "B": "uint8"}

    @classmethod
    def find_numpy(cls):
        """Imports numpy, which takes a while, only when a strategy makes plans."""
        try:
            import numpy
            cls.numpy = numpy
        except ImportError:
            cls.numpy = None

    @classmethod
    def over(cls, data, kind):
        if cls.numpy is not None:
            return cls.numpy.frombuffer(data, cls.dtypes[kind])
        return memoryview(data).cast("B").cast(kind)

    @classmethod
    def zeros(cls, count, kind):
        return cls.over(bytearray(count * struct.calcsize(kind)), kind)


class Nodes(collections.abc.Sequence):
    """What is known about each worker, read on access."""
    _eight = struct.Struct("=8d")

    def __init__(self, data):
        self._data = data

    def __len__(self):
        return len(self._data) // self._eight.size

    def __getitem__(self, worker):
        worker = range(len(self))[operator.index(worker)]
        values = self._eight.unpack_from(self._data, worker * self._eight.size)
        return Node(*values[:7], int(values[7]))


class Versions:
    """The versions table, `version[worker][row]`, which is fetched on access, and what is known
    about each worker as a whole."""
    __slots__ = ("oldest", "latest", "active", "_fetch", "_version")

    def __init__(self, oldest, latest, active, fetch):
        self.oldest, self.latest, self.active = oldest, latest, active
        self._fetch, self._version = fetch, None

    @property
    def version(self):
        if self._version is None:
            self._version = self._fetch()
        return self._version


# ---- arguments and answers of hooks ----

class SendView:
    __slots__ = ("worker", "iteration", "now", "age", "magnitude", "demanded", "history", "weight",
                 "node")


class AdmitView:
    __slots__ = ("worker", "iteration", "now", "versions", "nodes", "again", "waited_s")


class GrantView:
    __slots__ = ("now", "waiting", "granted_count", "granted", "goodput", "versions", "nodes")


class WeighView:
    __slots__ = ("worker", "iteration", "lag", "steps", "now", "versions", "node")


class WorkView:
    __slots__ = ("iteration", "local_steps", "now", "history", "node")


class Plan:
    """What is sent: the first `count` rows of `order`. The first `mandatory` of these are always
    sent, the others until `budget_s` has passed; each row at its `level`. `send` fills it in."""
    __slots__ = ("order", "count", "mandatory", "budget_s", "_rows", "_level")

    def __init__(self, rows):
        self.order = Arrays.zeros(rows, "I")
        self.count, self.mandatory, self.budget_s = 0, 0, 0.0
        self._rows, self._level = rows, None

    @property
    def level(self):
        if self._level is None:
            self._level = Arrays.zeros(self._rows, "B")
        return self._level

    def send(self, rows, mandatory=None, budget_s=0.0):
        """Sends `rows` in this order: the first `mandatory` of them always (None: all), the others
        until `budget_s` seconds have passed."""
        numpy = Arrays.numpy
        if not hasattr(rows, "__len__"):
            rows = list(rows)
        if len(rows) > self._rows:
            raise ValueError("%d rows to send, but the model has %d" % (len(rows), self._rows))
        if numpy is None:
            self.order[:len(rows)] = array("I", rows)
        else:
            numbers = numpy.asarray(rows)
            if len(numbers) and numbers.dtype.kind not in "iu":
                raise TypeError("rows to send must be whole numbers, not %s" % numbers.dtype)
            if len(numbers) and numbers.min() < 0:  # a signed number would become a large one
                raise ValueError("row %d to send: rows are numbered from 0" % numbers.min())
            self.order[:len(numbers)] = numbers
        self.count = len(rows)
        self.mandatory = self.count if mandatory is None else mandatory
        self.budget_s = budget_s


class Admission:
    """When the worker may continue: see struct rog_admission."""
    __slots__ = ("needed", "iteration", "quorum", "deadline_s")

    def __init__(self, workers):
        self.needed = Arrays.zeros(workers, "I")
        self.iteration = Arrays.zeros(workers, "I")
        self.quorum, self.deadline_s = 0, math.inf


class WorkPlan:
    """The number of local steps before the next push, and whether they overlap with this one."""
    __slots__ = ("local_steps", "overlap")

    def __init__(self, local_steps, overlap):
        self.local_steps, self.overlap = local_steps, overlap


# ---- the strategy ----

class Strategy:
    """The base class of strategies in Python.

    A strategy describes itself by class attributes; everything except the hook admit is optional:

    name            upper case; default: the file's name, which it should match
    version         of the strategy
    summary         one line; default: the first line of the class's docstring
    threshold_min, threshold_max, threshold_default, threshold_help
                    the staleness threshold S; default: S is 0
    parameters      {"name": rog.Number(...), rog.Integer(...), rog.Boolean(...) or rog.Choice(...)}
    wants           "weights", "reports", or both in a list
    limit_s         the longest time that a hook may take, s of real time

    Hooks, as in <rog/strategy.h>:

    create(self)                        self.config is set
    plan_push(self, view, plan), plan_pull(self, view, plan)
    admit(self, view, admission)        required
    grant(self, view)                   returns the worker that continues now; None: no worker
    weigh(self, view)                   returns the weight of the push
    plan_work(self, view, plan)
    save(self), load(self, data)        bytes, and how a new object restores them
    staleness_bound(self), least_share(self), most_granted(self), iteration_bound(self),
    least_quorum(self)                  promises: computed from self.config only, without its model

    A strategy that keeps state between calls initializes it in create. Without create, its objects
    take no new attributes. A strategy with create but without save and load works, but its
    interrupted runs restart from the beginning.
    """

    name = None
    version = "1.0"
    summary = None
    threshold_min = 0
    threshold_max = None
    threshold_default = None
    threshold_help = None
    parameters = {}
    wants = ()
    limit_s = 60.0

    def __init__(self, config):
        self.config = config

    def __setattr__(self, name, value):
        if name != "config" and not remembers(type(self)):
            raise AttributeError("%s has no create, so self.%s is not saved: create the state of "
                                 "a strategy there" % (type(self).__name__, name))
        object.__setattr__(self, name, value)

    def wait_beyond(self, view, ahead, wanted):
        """Waits for every worker that is more than `ahead` iterations behind the worker that asks;
        `wanted` is admission.needed or admission.iteration."""
        if view.iteration <= ahead or ahead == INFINITE:
            return
        for worker in range(self.config.workers):
            wanted[worker] = view.iteration - ahead

    def random(self, a, b):
        """A number of 64 bits that depends only on the run's seed, a and b (rog_random)."""
        z = (self.config.seed + a * 0xd1342543de82ef95 + b * 0x9e3779b97f4a7c15) & MASK
        z = ((z ^ z >> 30) * 0xbf58476d1ce4e5b9) & MASK
        z = ((z ^ z >> 27) * 0x94d049bb133111eb) & MASK
        return z ^ z >> 31


def remembers(kind):
    """Whether objects of the class have state in addition to their configuration."""
    return hasattr(kind, "create") or kind.__init__ is not Strategy.__init__
