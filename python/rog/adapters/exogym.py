# SPDX-License-Identifier: Apache-2.0
"""Strategies of EXO Gym (exogym.strategy) in the virtual cluster."""

import math

import torch

from .._librog import RogError
from . import _collectives
from ._member import Member, Over


class Node:
    """A worker that trains with a strategy of EXO Gym.

        run = rog.from_env()
        strategy = DiLoCoStrategy(optim_spec=OptimSpec(torch.optim.AdamW, lr=1e-3), H=20)
        node = rog.adapters.exogym.Node(strategy, model, run)
        while not node.over:
            node.zero_grad()
            loss = loss_function(model(next(batches)))
            loss.backward()
            node.step(loss.item())
        node.finish()

    strategy   an exogym.strategy.Strategy, or any object that has its _init_node(model, rank,
               num_nodes), zero_grad() and step() and exchanges tensors by functions of
               torch.distributed. While nodes exist, these functions of this process exchange
               values between them
    model      the model that it trains; it gets the first worker's values here
    run        rog.from_env()
    max_steps  the number of steps in all, for the strategy's learning rate schedule

    A step of the strategy is a local step of the run: an iteration has as many as the run's setting
    local_steps, and takes their time. Checkpoints have the first worker's model, with its buffers.
    """

    def __init__(self, strategy, model, run, max_steps=None):
        for name in ("_init_node", "zero_grad", "step"):
            if not callable(getattr(strategy, name, None)):
                raise RogError("strategy is a %s, which has no %s(): it must be one of EXO Gym"
                               % (type(strategy).__name__, name))
        self.strategy, self.model = strategy, model
        self._named = [(name, tensor) for name, tensor in
                       list(model.named_parameters()) + list(model.named_buffers())
                       if tensor.is_floating_point() and tensor.numel() > 0]
        self._saved = [torch.empty(tensor.shape) for _, tensor in self._named]
        self._save()
        self._member = Member(run, [(name, tuple(place.shape) or (1,), place.data_ptr())
                                    for (name, _), place in zip(self._named, self._saved)])
        self._steps, self._losses, self._over = 0, [], self._member.over
        self._load()
        if max_steps is not None:
            strategy.max_steps = max_steps
        _collectives.enter(self._member)
        try:
            strategy._init_node(model, run.rank - 1, run.workers)
        except Over:
            self._over = True

    def _now(self):
        """Returns the current parameters by name, because strategies may replace their memory."""
        tensors = dict(self.model.named_parameters())
        tensors.update(self.model.named_buffers())
        return [tensors[name] for name, _ in self._named]

    def _save(self):
        for place, tensor in zip(self._saved, self._now()):
            place.copy_(tensor.detach())

    def _load(self):
        with torch.no_grad():
            for place, tensor in zip(self._saved, self._now()):
                tensor.copy_(place)

    @property
    def over(self):
        """The run is over."""
        return self._over or self._member.over

    @property
    def steps(self):
        """Steps of the strategy in this iteration so far."""
        return self._steps

    def statistics(self):
        """Statistics of the last iteration (include/rog/rog.h)."""
        return self._member.statistics()

    def zero_grad(self):
        self.strategy.zero_grad()

    def step(self, loss=None):
        """Makes a step of the strategy, and ends the iteration after its last one."""
        if self.over:
            raise RogError("the run is over: check `over` after each step, and stop")
        try:
            self.strategy.step()
        except Over:
            self._over = True
            return
        self._steps += 1
        if loss is not None:
            self._losses.append(float(loss))
        if self._steps >= self._member.local_steps:
            self._end()

    def _end(self):
        is_first = self._member.rank == 1
        if is_first:
            self._save()
        losses, self._losses, self._steps = self._losses, [], 0
        self._member.end_iteration(sum(losses) / len(losses) if losses else math.nan, is_first)

    def finish(self):
        """Ends this worker's part. All workers must have done the same number of steps."""
        _collectives.leave()
        self._member.finish()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        if kind is None:
            self.finish()
