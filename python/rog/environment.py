# SPDX-License-Identifier: Apache-2.0
"""The run that a program started by rogctl belongs to."""

import json
import os

from ._librog import RogError


class Run:
    """A run from the point of view of one worker.

    rank, workers   number of this worker (from 1), and the number of workers
    seed            of the run; derive all random numbers from it and the rank
    settings        the run's settings, as in the experiment file (a dict)
    options         options of the program: the group `options` of the workload
    worker          the settings of this worker: batch, trace (the run's if it has none of its own),
                    local_steps, ...
    contribution    "gradient": the run is for rog.Optimizer; "delta": for rog.LocalOptimizer

    checkpoint      in a test (the workload's `test`), the file to be tested; otherwise None. A test
                    has no worker: its rank is 0

    `**run` gives either optimizer what it needs to take part.
    """

    def __init__(self, environment):
        path = environment["ROG_CONFIG"]
        self.checkpoint = None if environment.get("ROG_SERVER") else environment["ROG_CHECKPOINT"]
        try:
            with open(path, encoding="utf-8") as file:
                self._text = file.read()
            self.settings = json.loads(self._text)
            self.rank = 0 if self.checkpoint else int(environment["ROG_RANK"])
            for worker in self.settings["workers"]:
                self._complete(worker)
            self.worker = {} if self.checkpoint else next(
                worker for worker in self.settings["workers"] if worker["rank"] == self.rank)
            if "batch" in self.settings:
                self.worker.setdefault("batch", self.settings["batch"])
            self.workers = len(self.settings["workers"])
        except (OSError, ValueError, KeyError, TypeError, StopIteration) as cause:
            raise RogError("%s does not describe the run of a worker of rank %s: %r"
                           % (path, environment.get("ROG_RANK", "(none)"), cause), -4) from None
        self.contribution = self.settings.get("contribution", "gradient")
        self.options = self.settings.get("options", {})
        self.seed = self.settings.get("seed", 1)
        self._given = {} if self.checkpoint else {
            "server": environment["ROG_SERVER"],
            "key_file": environment.get("ROG_KEY_FILE"),
            "rank": self.rank,
            "workers": self.workers,
            "out_dir": environment.get("ROG_OUT"),
            "config": self._text,
            "pace": environment.get("ROG_PACE") == "1",
            "energy": environment.get("ROG_ENERGY") != "0",
            "server_timeout": float(environment.get("ROG_SERVER_TIMEOUT", 600)),
        }

    def _complete(self, worker):
        """Gives a worker the run's settings that it does not have itself."""
        for name in ("batch", "trace"):
            if name in self.settings:
                value = self.settings[name]
                worker.setdefault(name, value.replace("{rank}", str(worker["rank"]))
                                  if name == "trace" else value)

    def keys(self):
        if self.checkpoint:
            raise RogError("a test does not take part in the run: use `checkpoint`, and no optimizer")
        return self._given.keys()

    def __getitem__(self, name):
        return self._given[name]


def from_env(environment=None):
    """Returns the run for which rogctl has started this program, as a worker or as a test. Raises
    RogError (ENOTFOUND) if rogctl has not started it."""
    environment = os.environ if environment is None else environment
    if environment.get("ROG_CHECKPOINT") and not environment.get("ROG_SERVER"):
        needed = ["ROG_CONFIG"]
    else:
        needed = ["ROG_SERVER", "ROG_CONFIG", "ROG_RANK"]
        if not environment.get("ROG_SERVER", "").startswith("virtual:"):  # a simulation has no secret
            needed.insert(1, "ROG_KEY_FILE")
    missing = [name for name in needed if not environment.get(name)]
    if missing:
        raise RogError("%s is not set: rogctl did not start this program (workload in an "
                       "experiment file)" % missing[0], -5)
    return Run(environment)
