# SPDX-License-Identifier: Apache-2.0
"""rog.Optimizer: torch.optim.SGD whose steps are done by all workers together."""

import ctypes
import inspect
import math

import torch

from . import _librog
from ._keeping import Groups
from ._librog import RogError
from ._part import Part

_STATE = ("momentum_buffer", "residual")
_OWN = ("params", "lr", "momentum", "weight_decay", "nesterov")
# Options of torch.optim.SGD that this optimizer does not support, with their neutral values.
_NOT_DONE = {name: parameter.default
             for name, parameter in inspect.signature(torch.optim.SGD.__init__).parameters.items()
             if name not in _OWN and name != "self"}


def _check_group(group):
    for key, undone in _NOT_DONE.items():
        if key in group and group[key] != undone:
            raise RogError("a parameter group has %s = %r, which torch.optim.SGD supports and "
                           "rog.Optimizer does not: remove it" % (key, group[key]))


def freeze_statistics(model):
    """Puts every BatchNorm of the model into evaluation mode, in which running statistics are used
    but not changed, so that they stay equal on all workers. Call it again after each
    model.train()."""
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.eval()
    return model


class Optimizer(Part, torch.optim.Optimizer):
    """SGD over the workers of a run.

    params, lr, momentum, weight_decay, nesterov   as in torch.optim.SGD; params may also be pairs of
                   name and tensor, as returned by model.named_parameters()
    rule           "block": the published rule (dist-EF-blockSGDM: Nesterov's momentum, with decay
                   separate from it) instead of torch.optim.SGD's
    model          names the tensors, for checkpoints. Its float buffers, such as BatchNorm's running
                   statistics, are then constants: every worker starts with the first worker's, every
                   checkpoint has them, they are not exchanged, and training must not change them
    buffers        "own": buffers are this worker's own, and no checkpoint has them
    server, key_file, rank, workers    HOST:PORT of rog-trainer serve --workers N, the shared secret,
                   and the number of this worker, from 1 to N
    strategy, threshold, compression   those the server was started with; compression="none" sends 32
                   bits per element: BSP with one worker is then torch.optim.SGD
    settings       other settings of the run that the server was started with, a dict: {"merge": 0.5}
                   (docs/your-own-training.md lists them)
    out_dir        a folder for events.jsonl; None: nothing is written
    server_timeout seconds without the server after which step() raises an error
    background     step() returns during its exchange, and the parameters get the result at the next
                   step (or finish). Computation and communication overlap, and gradients are those of
                   a model that is one exchange older
    config, pace, energy    of a run that rogctl has started; **rog.from_env() provides them

    The constructor waits until all workers are connected; the parameters then have the first
    worker's values. Initialize the parameters before (load_state_dict of the model, moving it to a
    device): from then on the server owns them, and step() raises an error if the program has
    written into one (clamp_, load_state_dict, pruning), because the change would be lost. Writes that
    bypass PyTorch (p.data, numpy) are lost without an error.
    """

    def __init__(self, params, lr, momentum=0.0, weight_decay=0.0, nesterov=False, *, rule=None,
                 model=None, server=None, key_file=None, rank=1, workers=1, strategy="rog",
                 threshold=None, compression="sign", settings=None, out_dir=None,
                 server_timeout=600.0, config=None, pace=False, energy=False, background=False,
                 buffers="constant"):
        if rule not in (None, "block"):
            raise RogError("rule is %r: allowed are None (torch.optim.SGD's) or \"block\"" % (rule,))
        if rule == "block" and nesterov:
            raise RogError("rule \"block\" already has Nesterov's momentum: remove nesterov")
        params, names = self._split(params)
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay,
                                  "nesterov": nesterov})
        for group in self.param_groups:
            _check_group(group)
        self._kind = rule
        self._join(self.param_groups, names, model, server=server, key_file=key_file, rank=rank,
                   workers=workers, strategy=strategy, threshold=threshold, compression=compression,
                   settings=settings, local_steps=None, out_dir=out_dir,
                   server_timeout=server_timeout, config=config, pace=pace, energy=energy,
                   background=background, buffers=buffers)
        count = len(self._places)
        self._gradients = (ctypes.c_void_p * count)()
        self._rules = (_librog.Rule * count)()
        self._step = _librog.Step(gradients=self._gradients, rules=self._rules)

    # ---- parameters

    @staticmethod
    def _split(params):
        """Parameters as torch expects them, and the names of those that came with one, by identity."""
        params = list(params)
        pairs = [p for p in params if isinstance(p, tuple)]
        if not pairs:
            return params, {}
        if len(pairs) != len(params):
            raise RogError("some parameters come with names and some without")
        return [p for _, p in params], {id(p): name for name, p in params}

    def add_param_group(self, param_group):
        if self._worker is not None:
            raise RogError("parameters cannot be added: the other workers would not have them")
        super().add_param_group(param_group)

    # ---- stepping

    def _fill_rules(self):
        index = 0
        for group in self.param_groups:
            _check_group(group)
            kind = self._kind or ("nesterov" if group["nesterov"] else "heavy ball")
            rule = _librog.Rule(float(group["lr"]), float(group["momentum"]),
                                float(group["weight_decay"]), _librog.RULES[kind])
            count = len(group["params"])
            if len(self.param_groups) == 1:
                self._rules[0] = rule
                self._step.rule_count = 1
                return
            for at in range(index, index + count):
                self._rules[at] = rule
            index += count
        self._step.rule_count = index

    def step(self, closure=None, loss=None):
        """Exchanges the gradients; afterwards the parameters are those of the next iteration.
        `loss` is written to the run's record. Returns the closure's loss, as every optimizer in
        torch.optim does."""
        worker = self._open_worker()
        self._keeper.begin()
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for index, place in enumerate(self._places):
            self._gradients[index] = place.take_gradient()
            place.check_unchanged()
        self._fill_rules()
        self._step.loss = math.nan if loss is None else float(loss)
        self._exchange(worker, self._step)
        return loss

    # ---- saving

    def _own(self):
        return Groups(self)

    def _parts(self):
        """Each parameter's tensor, and the name, address and size of its state in librog."""
        self._settle()
        for index, place in enumerate(self._places):
            size = 4 * place.memory.numel()
            addresses = self._open_worker().state(index)
            yield place, [(name, address, size) for name, address in zip(_STATE, addresses)]

    def state_dict(self):
        """The groups, and for each parameter momentum_buffer and residual (computed but not sent
        yet, in units of the update). With `background` this waits for the exchange in progress,
        after which the parameters have its result: save the parameters after this call."""
        for place, parts in self._parts():
            saved = {name: torch.empty(place.memory.shape) for name, _, _ in parts}
            for name, address, size in parts:
                ctypes.memmove(saved[name].data_ptr(), address, size)
            self.state[place.tensor] = saved
        try:
            return super().state_dict()
        finally:
            self.state.clear()

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        try:
            for place, parts in self._parts():
                saved = self.state.get(place.tensor, {})
                for name, address, size in parts:
                    value = saved.get(name)
                    if value is None:
                        value = torch.zeros(place.memory.shape)
                    value = value.detach().to("cpu", torch.float32).contiguous()
                    if 4 * value.numel() != size:
                        raise RogError("the size of %s of %s differs from the parameter's"
                                       % (name, place.name))
                    ctypes.memmove(address, value.data_ptr(), size)
        finally:
            self.state.clear()
