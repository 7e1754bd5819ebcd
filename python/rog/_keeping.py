# SPDX-License-Identifier: Apache-2.0
"""The part of a program's state that is in snapshots of its run on a virtual cluster
(optimizer.keep)."""

import copy
import inspect
import os

import torch

from . import _process_state
from ._librog import RogError

FILE = "kept"
# Objects that have one of these are changed after the optimizer's step: schedulers, GradScaler,
# averages of models.
_CHANGED_AFTER = ("step", "update", "update_parameters")
# The file is the program's own, in its own folder, and has whatever its objects keep.
_LOAD = ({"weights_only": False} if "weights_only" in inspect.signature(torch.load).parameters
         else {})


class Module:
    """A model without the exchanged parameters, which the run keeps itself."""

    def __init__(self, model, exchanged):
        self._model, self._exchanged = model, {id(tensor) for tensor in exchanged}

    def state_dict(self):
        wanted = {name for name, value in self._model.state_dict(keep_vars=True).items()
                  if id(value) not in self._exchanged}
        return {name: value for name, value in self._model.state_dict().items() if name in wanted}

    def load_state_dict(self, state):
        missing = set(self.state_dict()) ^ set(state)
        if missing:
            raise RogError("%s is only in one of the model and its saved state"
                           % sorted(missing)[0])
        self._model.load_state_dict(state, strict=False)


class Groups:
    """An optimizer's parameter groups without the parameters: learning rate, decay, ..."""

    def __init__(self, optimizer):
        self._optimizer = optimizer

    def state_dict(self):
        return [{name: value for name, value in group.items() if name != "params"}
                for group in self._optimizer.param_groups]

    def load_state_dict(self, state):
        for group, values in zip(self._optimizer.param_groups, state):
            group.update(values)


class Random:
    """The random states that a process has only once."""

    @staticmethod
    def state_dict():
        return _process_state.put_aside(_process_state.RANDOM)

    @staticmethod
    def load_state_dict(state):
        _process_state.take_up(state, _process_state.RANDOM)


class Keeper:
    """The kept state of one optimizer. A snapshot has the state at the moment an exchange returns
    to the program; objects that change between that moment and the next iteration are saved when
    the next iteration begins."""

    def __init__(self, worker, out_dir, exchanged, own):
        """`own`: the optimizer's own object, which schedulers change after its step."""
        self._worker, self._exchanged = worker, exchanged
        self._path = os.path.join(out_dir, FILE) if out_dir else None
        self._objects = {"rog.own": own, "rog.random": Random}
        self._late = {"rog.own"}
        self.is_registered = False
        self.control()

    # ---- called by the program

    def register(self, given):
        """Returns whether the objects were loaded, in a run that was resumed."""
        objects, late = dict(self._objects), set(self._late)
        for name, value in given.items():
            if not _has(value, "state_dict") or not _has(value, "load_state_dict"):
                raise RogError("keep: %s is a %s, which has no state_dict and load_state_dict"
                               % (name, type(value).__name__))
            if any(_has(value, method) for method in _CHANGED_AFTER):
                late.add(name)
            objects[name] = (Module(value, self._exchanged)
                             if isinstance(value, torch.nn.Module) else value)
        loaded = self._worker.is_resumed() and self._load(objects)
        self._objects, self._late, self.is_registered = objects, late, True
        self.control()
        return loaded

    def mark(self):
        """Marks the beginning of the next iteration."""
        if self._is_due:
            self._take(self._objects)
            self._is_whole = True

    # ---- iterations

    def control(self):
        """Called when an exchange has returned to the program."""
        self._state, self._why_not, self._is_whole = {}, None, False
        self._is_due = self._worker.is_keep_due()
        if not self.is_registered:
            self._why_not = "it saves nothing (it never calls optimizer.keep)"
        elif self._is_due:
            self._take(set(self._objects) - self._late)

    def begin(self):
        """Called before anything in the next iteration changes the kept objects: writes the file
        and tells the simulation."""
        if not self._is_due:
            return
        self._is_due = False
        if not self._why_not and not self._is_whole:
            self._take(self._late)
        if not self._why_not:
            self._attempt(self._write)
        self._state = {}
        self._worker.kept(self._why_not)

    def skip(self):
        """The model changes within the iteration: no snapshot can contain it, and none is delayed
        for it."""
        self._is_due, self._state = False, {}

    def _attempt(self, act):
        """If an object or the file fails, the run continues without a snapshot."""
        try:
            act()
        except Exception as cause:
            self._why_not = "%s: %s" % (type(cause).__name__, cause)

    def _take(self, names):
        def take():
            for name in names:
                self._state[name] = copy.deepcopy(self._objects[name].state_dict())
        self._attempt(take)

    def _write(self):
        if self._path is None:
            raise RogError("there is no out_dir for the file")
        part = self._path + ".part"
        torch.save({name: self._state[name] for name in self._objects}, part)
        os.replace(part, self._path)

    def _load(self, objects):
        if self._path is None or not os.path.exists(self._path):
            if self._worker.statistics().over:
                return False  # it had finished before that snapshot
            raise RogError("the run resumes from a snapshot, but the state that this program "
                           "saved, %s, is missing" % (self._path or "in out_dir"))
        state = torch.load(self._path, map_location="cpu", **_LOAD)
        if list(state) != list(objects):
            raise RogError("keep was given %s, but %s contains %s: only the program that started "
                           "a run can resume it" % (_names(objects), self._path, _names(state)))
        for name, value in objects.items():
            value.load_state_dict(state[name])
        return True


def _has(value, method):
    return callable(getattr(value, method, None))


def _names(objects):
    return ", ".join(name for name in objects if not name.startswith("rog.")) or "nothing"
