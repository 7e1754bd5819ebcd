# SPDX-License-Identifier: Apache-2.0
"""rog.LocalOptimizer: local steps with an optimizer of PyTorch, and an exchange every few steps."""

import ctypes
import math

import torch

from . import _librog
from ._librog import RogError
from ._part import Part


class LocalOptimizer(Part):
    """Local training with exchanges of models in between (local SGD, FedAvg, DiLoCo, ...).

        optimizer = rog.LocalOptimizer(torch.optim.AdamW(model.parameters(), lr=4e-4), every=500,
                                       server="10.42.0.1:7400", key_file="key", rank=1, workers=4)

    inner          any optimizer of PyTorch: it does the local steps. It has its own learning rate,
                   groups and schedulers, and its state stays on this worker
    every          local steps between two exchanges; None: as the run sets it (local_steps times
                   batchsize), 1 without a run. A strategy may plan another number for an iteration;
                   the property `local_steps` is the current number
    settings       settings of the run that the server was started with, a dict: {"merge": 0.5}
                   (docs/your-own-training.md lists them); contribution = "delta" is implied
    background     an exchange continues during the next steps: at the next exchange the parameters get
                   its result and keep the steps made meanwhile
    model          gives tensors their names, in checkpoints and for strategies that treat layers
                   differently; its float buffers are constants, as in rog.Optimizer (buffers="own":
                   they are not)
    server, key_file, rank, workers, strategy, threshold, compression, out_dir,
    server_timeout, config, pace, energy    as in rog.Optimizer; **rog.from_env() provides those of a
                   run that rogctl has started

    At an exchange, a worker sends the difference between its parameters and their values after the
    previous exchange, whatever caused it. The server's optimizer (--server-optimizer) combines the
    differences of all workers, and the parameters get the result. The constructor waits until all
    workers are connected; the parameters then have the first worker's values.
    """

    _deltas = True

    def __init__(self, inner, every=None, *, model=None, server=None, key_file=None, rank=1,
                 workers=1, strategy="rog", threshold=None, compression="sign", settings=None,
                 out_dir=None, server_timeout=600.0, config=None, pace=False, energy=False,
                 background=False, buffers="constant"):
        if isinstance(inner, Part) or not isinstance(inner, torch.optim.Optimizer):
            raise RogError("inner is a %s: it must be an optimizer of torch.optim, which makes the "
                           "local steps" % type(inner).__name__)
        if every is not None and (isinstance(every, bool) or not isinstance(every, int) or
                                  not 1 <= every <= 1000000):
            raise RogError("every is %r: it must be a number of local steps from 1 to 1000000, or "
                           "None" % (every,))
        if config is None:
            settings = dict({"contribution": "delta"}, **(settings or {}))
        self.inner = inner
        self._steps, self._losses = 0, []
        self._step = _librog.Step()
        self._join(inner.param_groups, {}, model, server=server, key_file=key_file, rank=rank,
                   workers=workers, strategy=strategy, threshold=threshold, compression=compression,
                   settings=settings, local_steps=every, out_dir=out_dir,
                   server_timeout=server_timeout, config=config, pace=pace, energy=energy,
                   background=background, buffers=buffers)

    # ---- interface of PyTorch's optimizers

    @property
    def param_groups(self):
        return self.inner.param_groups

    @property
    def state(self):
        return self.inner.state

    def zero_grad(self, *arguments, **more):
        self.inner.zero_grad(*arguments, **more)

    def add_param_group(self, param_group):
        raise RogError("parameters cannot be added: the other workers would not have them")

    def __repr__(self):
        return "LocalOptimizer(%r)" % self.inner

    # ---- stepping

    @property
    def steps(self):
        """Local steps since the last exchange."""
        return self._steps

    def step(self, closure=None, loss=None):
        """Does a local step, and an exchange after the last step of an iteration. The run's record
        has the mean of the iteration's losses, if `loss` or a closure gives them. Returns what the
        inner step returns (the closure's loss), otherwise `loss`."""
        self._open_worker()
        if self.over:
            raise RogError("the run is over: check `over` after each step, and stop")
        self._keeper.begin()
        result = self.inner.step() if closure is None else self.inner.step(closure)
        result = loss if result is None else result
        self._steps += 1
        if result is not None:
            self._losses.append(float(result))
        if self._steps >= self.local_steps:
            self.exchange()
        return result

    def exchange(self):
        """Exchanges now, regardless of the number of local steps since the last exchange."""
        worker = self._open_worker()
        self._keeper.begin()
        self._check_places()
        self._step.loss = sum(self._losses) / len(self._losses) if self._losses else math.nan
        self._exchange(worker, self._step)
        self._steps, self._losses = 0, []

    def _check_places(self):
        parameters = [p for group in self.inner.param_groups for p in group["params"]]
        if len(parameters) != len(self._places) or any(
                p is not place.tensor for p, place in zip(parameters, self._places)):
            raise RogError("the parameters of the inner optimizer have changed since the "
                           "LocalOptimizer was created: the other workers would not have them")
        for place in self._places:
            place.check_unmoved()

    def finish(self):
        """Ends this worker's part: exchanges the steps since the last exchange, waits for the other
        workers, and closes. Call it at the end: a worker that leaves without it counts as lost."""
        self._open_worker()
        if self._steps and not self.over:
            self.exchange()
        super().finish()

    # ---- saving

    def _own(self):
        return self.inner

    def _residuals(self):
        """Each parameter's place, and the address and size of its residual."""
        self._settle()
        for index, place in enumerate(self._places):
            yield place, self._open_worker().state(index)[1], 4 * place.memory.numel()

    def state_dict(self):
        """The inner optimizer's state (`inner`), and for each parameter the change that has not been
        sent yet (`residual`). Steps since the last exchange are only in the weights: save right after an
        exchange, when `steps` is 0, and save the weights after this call, which waits for a
        background exchange."""
        residuals = []
        for place, address, size in self._residuals():
            residuals.append(torch.empty(place.memory.shape))
            ctypes.memmove(residuals[-1].data_ptr(), address, size)
        return {"inner": self.inner.state_dict(), "residual": residuals}

    def load_state_dict(self, state_dict):
        if set(state_dict) != {"inner", "residual"}:
            raise RogError("this is not the state of a LocalOptimizer, which has `inner` and "
                           "`residual`: that of another optimizer goes to inner.load_state_dict")
        saved = [value.detach().to("cpu", torch.float32).contiguous()
                 for value in state_dict["residual"]]
        shapes = [tuple(place.memory.shape) for place in self._places]
        if [tuple(value.shape) for value in saved] != shapes:
            raise RogError("the shapes of the saved residuals and the parameters differ")
        self.inner.load_state_dict(state_dict["inner"])
        for value, (_, address, size) in zip(saved, self._residuals()):
            ctypes.memmove(address, value.data_ptr(), size)
