# SPDX-License-Identifier: Apache-2.0
"""Workers of one process that pass values to each other, with the simulation timing the bytes."""

import threading

from .. import _librog
from .._librog import RogError

# The workers of this process, by their run. A process can host all of a run, not of several at once;
# its modules are shared between them (rog.worker_host).
_runs = {}
_lock = threading.Lock()


class Over(Exception):
    """Raised to leave the framework's code if the run ends while a worker waits for the others."""


class Turn:
    """One meeting of all workers: what each gave, and the result."""

    def __init__(self):
        self.given = {}  # by rank
        self._made = {}

    def once(self, key, make):
        """Calls make() for the first caller; the others get the same result."""
        with _lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]


class Together:
    """What the workers of a run share in this process."""

    def __init__(self):
        self.members = {}  # by rank
        self.first = Turn()  # before the first meeting
        self.turns = {}


class Member:
    """A worker whose values are exchanged in Python.

    run      rog.from_env()
    tensors  (name, shape, address) of the float32 tensors in checkpoints, which are those of the
             worker that was the last to end an iteration with a model
    shared   an object that the other workers may read
    """

    def __init__(self, run, tensors, shared=None):
        self.rank, self.workers, self.shared = run.rank, run.workers, shared
        given = {name: run[name] for name in run.keys()}
        given["server_timeout_s"] = float(given.pop("server_timeout"))
        self._run = given["server"]
        self._worker = _librog.Worker(**given)
        self._turn = 0
        with _lock:
            self._together = _runs.setdefault(self._run, Together())
            self._together.members[self.rank] = self
        for name, shape, address in tensors:
            self._worker.tensor(name, shape, address, _librog.TRAINED)
        self._worker.start()
        self._check_together()

    def _check_together(self):
        missing = sorted(set(range(1, self.workers + 1)) - set(self._together.members))
        if missing:
            raise RogError("worker %d is in another process than worker %d: values are exchanged "
                           "inside one process, so set workers_per_process = %d"
                           % (missing[0], self.rank, self.workers))

    @property
    def members(self):
        """All workers of the run by rank."""
        return self._together.members

    @property
    def first(self):
        """A Turn before the first meeting, to which no worker has given anything."""
        return self._together.first

    @property
    def over(self):
        return self._worker is None or self._worker.statistics().over

    @property
    def local_steps(self):
        return self._worker.local_steps()

    def statistics(self):
        return self._worker.statistics()

    def meet(self, value, up, down):
        """Gives the others a value: `up` bytes go to the server, and `down` bytes come back when
        all workers that have not finished have given theirs. Returns the Turn."""
        together = self._together
        with _lock:
            turn = together.turns.setdefault(self._turn, Turn())
            turn.given[self.rank] = value
            together.turns.pop(self._turn - 2, None)  # all have taken part in the following one
        self._turn += 1
        self._worker.transfer(up, down)
        if self.over:
            raise Over()
        return turn

    def end_iteration(self, loss, is_model):
        """Ends the iteration and records its loss. is_model: checkpoints from now on have the
        tensors."""
        self._worker.end_iteration(loss, is_model)

    def finish(self):
        """Ends this worker's part in the run."""
        try:
            if not self.over:
                self._worker.finish()
        finally:
            self.close()

    def close(self):
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()
        with _lock:
            members = self._together.members
            if members.get(self.rank) is self:
                del members[self.rank]
            if not members:
                _runs.pop(self._run, None)
