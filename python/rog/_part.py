# SPDX-License-Identifier: Apache-2.0
"""What rog.Optimizer and rog.LocalOptimizer have in common: parameters that librog reads and
writes, and the participation in a run, from connecting to leaving it."""

import json

import torch

from . import _keeping, _librog
from ._librog import RogError


def _check(name, tensor, what):
    if not isinstance(tensor, torch.Tensor):
        raise RogError("%s %s is a %s, not a tensor" % (what, name, type(tensor).__name__))
    if tensor.dtype != torch.float32:
        raise RogError("%s %s has dtype %s: only torch.float32 is exchanged"
                       % (what, name, str(tensor.dtype)))
    if tensor.layout != torch.strided:
        raise RogError("%s %s is sparse: only dense tensors are exchanged" % (what, name))


def _check_apart(name, tensor, what):
    """Rejects views, such as those of expand(), in which several elements share memory."""
    if any(size > 1 and stride == 0 for size, stride in zip(tensor.shape, tensor.stride())):
        raise RogError("%s %s has elements that share memory, as after expand(): clone() it "
                       "before creating the optimizer" % (what, name))


class Place:
    """Where librog reads and writes a tensor: its own memory, or a (pinned) copy if it is not
    contiguous or not in the processor's memory."""

    def __init__(self, name, tensor, what):
        _check(name, tensor, what)
        _check_apart(name, tensor, what)
        self.name, self.tensor = name, tensor
        self.direct = tensor.device.type == "cpu" and tensor.is_contiguous()
        if self.direct:
            self.memory = tensor.detach()
        else:
            self.memory = torch.empty(tensor.shape, dtype=torch.float32,
                                      pin_memory=tensor.device.type == "cuda")
            self.memory.copy_(tensor.detach())
        self.address = self.memory.data_ptr()
        self.gradient = None  # a copy's memory
        self.version = tensor._version  # PyTorch counts the changes in place, but not librog's

    def take(self):
        """Copies the tensor's current values to the memory that librog reads."""
        if not self.direct:
            self.memory.copy_(self.tensor.detach(), non_blocking=True)

    def put_back(self):
        if not self.direct:
            with torch.no_grad():
                self.tensor.copy_(self.memory, non_blocking=True)
            self.version = self.tensor._version

    def check_unmoved(self):
        if self.direct and self.tensor.data_ptr() != self.address:
            raise RogError("parameter %s has moved in memory since the optimizer was created: "
                           "move the model to its device and dtype before that" % self.name)

    def check_unchanged(self):
        self.check_unmoved()
        if self.tensor._version != self.version:
            raise RogError("parameter %s was changed by the program since the last step: the server "
                           "owns the parameters from the constructor on, and the next step would "
                           "undo the change (clip or mask gradients instead, load weights before)" % self.name)

    def take_gradient(self):
        """The address of the gradient, None if it has none."""
        gradient = self.tensor.grad
        if gradient is None:
            return None
        if gradient.dtype is not torch.float32 or gradient.layout is not torch.strided:
            _check(self.name, gradient, "the gradient of")
        if self.direct and gradient.is_contiguous():
            return gradient.data_ptr()
        if self.gradient is None:
            self.gradient = torch.empty_like(self.memory,
                                             pin_memory=self.tensor.device.type == "cuda")
        self.gradient.copy_(gradient, non_blocking=True)
        return self.gradient.data_ptr()


class Part:
    """The participation in a run, from which both optimizers inherit."""

    _worker = None
    _deltas = False  # the class exchanges deltas, not gradients

    def _join(self, groups, names, model, *, server, key_file, rank, workers, strategy, threshold,
              compression, settings, local_steps, out_dir, server_timeout, config, pace, energy,
              background, buffers):
        """Connects with the parameters of these groups and waits until all workers are connected."""
        self._places = self._make_places(groups, names, model)
        constants = self._make_constants(model, buffers)
        self._cuda = any(place.tensor.device.type == "cuda" for place in self._places)
        worker = _librog.Worker(
            server=server, key_file=key_file, rank=rank, workers=workers,
            strategy=strategy if "/" in strategy else strategy.upper(),
            threshold=-1 if threshold is None else threshold, compression=compression,
            out_dir=out_dir, server_timeout_s=float(server_timeout), config=config, pace=pace,
            energy=energy, background=background, local_steps=local_steps,
            settings=json.dumps(settings) if settings else None)
        try:
            self._check_kind(worker)
            for place in self._places:
                worker.tensor(place.name, tuple(place.memory.shape) or (1,), place.address,
                              _librog.TRAINED)
            for place in constants:
                worker.tensor(place.name, tuple(place.memory.shape) or (1,), place.address,
                              _librog.CONSTANT)
            worker.start()
        except BaseException:
            worker.close()
            raise
        self._worker = worker
        self._background = background or bool(config and json.loads(config).get("overlap"))
        self._seen = worker.statistics()
        self._constants = constants  # librog reads their memory, so keep them alive
        self._put_back(self._places + constants)
        self._were = [place.tensor.detach().clone() for place in constants]
        self._exchanges = 0
        self._keeper = _keeping.Keeper(worker, out_dir, [place.tensor for place in self._places],
                                       self._own())

    def _check_kind(self, worker):
        if worker.takes_deltas() == self._deltas:
            return
        raise RogError(
            "this run's contribution is \"%s\": use %s, or give the run contribution = \"%s\""
            % (("gradient", "rog.Optimizer", "delta") if self._deltas else
               ("delta", "rog.LocalOptimizer", "gradient")))

    @staticmethod
    def _make_places(groups, names, model):
        if model is not None:
            for name, parameter in model.named_parameters():
                names.setdefault(id(parameter), name)
        places = []
        for group in groups:
            for parameter in group["params"]:
                name = names.get(id(parameter), "param.%d" % len(places))
                places.append(Place(name, parameter, "parameter"))
        return places

    @staticmethod
    def _make_constants(model, buffers):
        if buffers not in ("constant", "own"):
            raise RogError("buffers is %r: allowed: \"constant\", \"own\"" % (buffers,))
        if model is None or buffers == "own":
            return []
        return [Place(name, buffer, "buffer") for name, buffer in model.named_buffers()
                if buffer.dtype == torch.float32 and buffer.numel() > 0]

    def _check_constants(self):
        """Checkpoints have the initial values of constants: a model that trains them would be
        tested with the wrong values. PyTorch does not count BatchNorm's writes, so values are
        compared, at the first exchanges and at some of the later ones."""
        self._exchanges += 1
        if self._exchanges > 3 and self._exchanges % 10:
            return
        for place, before in zip(self._constants, self._were):
            if not torch.equal(place.tensor.detach(), before):
                raise RogError(
                    "buffer %s has changed since the run began, and checkpoints would have it as it "
                    "was then: call rog.freeze_statistics(model) after each model.train(), or give "
                    "the optimizer buffers=\"own\" and estimate BatchNorm's statistics before each "
                    "test (torch.optim.swa_utils.update_bn)" % place.name)

    def _exchange(self, worker, step):
        self._check_constants()
        self._take()
        worker.exchange(step)
        self._put_back(self._places)
        self._keeper.control()

    def _take(self):
        for place in self._places:
            place.take()
        self._synchronize()

    def _put_back(self, places):
        for place in places:
            place.put_back()
        self._synchronize()

    def _synchronize(self):
        if self._cuda:
            torch.cuda.synchronize()

    def _settle(self):
        """Waits for a background exchange; the parameters then have its result."""
        worker = self._open_worker()
        if self._background:
            self._keeper.skip()
            if self._deltas:
                self._take()
            worker.wait()
            self._put_back(self._places)

    def _open_worker(self):
        if self._worker is None:
            raise RogError("the optimizer is closed")
        return self._worker

    @property
    def over(self):
        """The run is over: the server has ended it, or all workers have finished."""
        return self.statistics().over

    @property
    def iteration(self):
        """Number of exchanges done. It jumps if this worker was considered lost and came back."""
        return self.statistics().iteration

    @property
    def local_steps(self):
        """Local steps of the next exchange: the number of gradients it should be the mean of, or
        the number of steps of a LocalOptimizer."""
        return self._open_worker().local_steps()

    def statistics(self):
        """Times, rows and bytes of the last exchange (include/rog/rog.h)."""
        if self._worker is not None:
            self._seen = self._worker.statistics()
        return self._seen

    def keep(self, **objects):
        """Names the objects of the program that belong in snapshots of a run on a virtual cluster:
        any with state_dict and load_state_dict (scheduler=scheduler, model=model, sampler=sampler).
        The random states of torch, numpy and random, and this optimizer's state, are kept without
        being named. Call it last before training. When an interrupted run is resumed, it loads the
        kept state and returns True, and `iteration` is where the run continues. Without this call,
        an interrupted run restarts from the beginning.

        The kept state is that at the return of an exchange. Objects with a method step, update or
        update_parameters (schedulers, GradScaler, averages of models) are saved when the next step
        begins. A program that changes other objects between the two calls keep() without arguments
        after the change.

        On other clusters there are no snapshots of programs, and nothing is written or loaded: a
        restarted program gets model and iteration from the server."""
        self._open_worker()
        if not self._keeper.is_registered:
            return self._keeper.register(objects)
        if objects:
            raise RogError("keep was already called")
        self._keeper.mark()
        return False

    def finish(self):
        """Ends this worker's part: waits for the other workers, then closes. Call it at the end: a
        worker that leaves without it counts as lost."""
        worker = self._open_worker()
        self._keeper.begin()
        self._settle()
        while not self.over:
            before = self.iteration
            worker.finish()
            if not self.over and self.iteration < before:
                return  # the server went back to a checkpoint: train on from `iteration`
        self.close()

    def close(self):
        """Leaves the server immediately."""
        if self._worker is not None:
            self.statistics()
            worker, self._worker = self._worker, None
            worker.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        if self._worker is not None and kind is None:
            self.finish()
        self.close()

    def __del__(self):
        if getattr(self, "_worker", None) is not None:
            self.close()
