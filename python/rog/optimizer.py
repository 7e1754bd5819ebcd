# SPDX-License-Identifier: Apache-2.0
"""rog.Optimizer: torch.optim.SGD whose steps are taken together with other workers."""

import ctypes
import inspect
import math

import torch

from . import _librog
from ._librog import RogError

_STATE = ("momentum_buffer", "residual")
_OWN = ("params", "lr", "momentum", "weight_decay", "nesterov")
# What a group may say to torch.optim.SGD and this optimizer does not do, with what leaves it undone.
_NOT_DONE = {name: parameter.default
             for name, parameter in inspect.signature(torch.optim.SGD.__init__).parameters.items()
             if name not in _OWN and name != "self"}


def _check_group(group):
    for key, undone in _NOT_DONE.items():
        if key in group and group[key] != undone:
            raise RogError("a parameter group has %s = %r, which torch.optim.SGD supports "
                           "and rog.Optimizer does not: leave it out" % (key, group[key]))


def freeze_statistics(model):
    """Puts every BatchNorm of the model into evaluation mode: running statistics are used and not
    changed, on every worker alike. To be called again after each model.train()."""
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.eval()
    return model


def _check(name, tensor, what):
    if not isinstance(tensor, torch.Tensor):
        raise RogError("%s %s is a %s, not a tensor" % (what, name, type(tensor).__name__))
    if tensor.dtype != torch.float32:
        raise RogError("%s %s has dtype %s: only torch.float32 is exchanged"
                       % (what, name, str(tensor.dtype)))
    if tensor.layout != torch.strided:
        raise RogError("%s %s is sparse: only dense tensors are exchanged" % (what, name))


class _Place:
    """Where librog reads and writes a tensor: its own memory, or for one that is not in the memory of
    the processor, or not contiguous, a (pinned) copy."""

    def __init__(self, name, tensor, what):
        _check(name, tensor, what)
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

    def put_back(self):
        if not self.direct:
            with torch.no_grad():
                self.tensor.copy_(self.memory, non_blocking=True)
            self.version = self.tensor._version

    def check_unchanged(self):
        if self.direct and self.tensor.data_ptr() != self.address:
            raise RogError("parameter %s has moved in memory since the optimizer was made: move "
                           "the model to its device and dtype before" % self.name)
        if self.tensor._version != self.version:
            raise RogError("parameter %s was changed by the program since the last step: the server "
                           "owns the parameters from the constructor on, and the next step would "
                           "undo the change (clip or mask gradients instead, load weights before)" % self.name)

    def take_gradient(self):
        """The address of the gradient, None where there is none."""
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


class Optimizer(torch.optim.Optimizer):
    """SGD over the workers of a run.

    params, lr, momentum, weight_decay, nesterov   as torch.optim.SGD; params may also be pairs of
                   name and tensor, as model.named_parameters() gives
    rule           "block": the published rule (dist-EF-blockSGDM: Nesterov's momentum, decay apart
                   from it) instead of torch.optim.SGD's
    model          names the tensors, for checkpoints; its float buffers, such as BatchNorm's running
                   statistics, are then constants: every worker starts with the first one's, every
                   checkpoint has them, they are not exchanged
    server, key_file, rank, workers    HOST:PORT of rog-trainer serve --workers N, the shared secret,
                   and which of the N this is, from 1 on
    strategy, threshold, compression   what the server was started with; compression="none" sends 32
                   bits an element: BSP with one worker is then torch.optim.SGD
    out_dir        a folder for events.jsonl; None: nothing is written
    server_timeout seconds without the server after which step() raises
    background     step() returns while its exchange goes on: parameters have the result after the next
                   step (or finish), computing and communicating overlap, and gradients are of a model
                   that is one exchange older
    config, pace, energy    of a run that rogctl has started; **rog.from_env() gives them

    The constructor waits until all workers are there; the parameters are then the first worker's.
    Set them up before (load_state_dict of the model, moving it to a device): from then on they are
    the server's, and step() raises where the program has written into one (clamp_, load_state_dict,
    pruning), as it would be undone. Writing past PyTorch (p.data, numpy) is undone unseen.
    """

    def __init__(self, params, lr, momentum=0.0, weight_decay=0.0, nesterov=False, *, rule=None,
                 model=None, server=None, key_file=None, rank=1, workers=1, strategy="rog",
                 threshold=None, compression="sign", out_dir=None, server_timeout=600.0,
                 config=None, pace=False, energy=False, background=False):
        self._worker = None
        if rule not in (None, "block"):
            raise RogError("rule is %r: it may be None (torch.optim.SGD's) or \"block\"" % (rule,))
        if rule == "block" and nesterov:
            raise RogError("rule \"block\" has Nesterov's momentum already: leave nesterov out")
        params, names = self._split(params)
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay,
                                  "nesterov": nesterov})
        for group in self.param_groups:
            _check_group(group)
        self._kind = rule
        self._places = self._make_places(names, model)
        constants = self._make_constants(model)
        count = len(self._places)
        self._gradients = (ctypes.c_void_p * count)()
        self._rules = (_librog.Rule * count)()
        self._step = _librog.Step(gradients=self._gradients, rules=self._rules)
        self._cuda = any(place.tensor.device.type == "cuda" for place in self._places)
        worker = _librog.Worker(
            server=server, key_file=key_file, rank=rank, workers=workers,
            strategy=strategy if "/" in strategy else strategy.upper(),
            threshold=-1 if threshold is None else threshold, compression=compression,
            out_dir=out_dir, server_timeout_s=float(server_timeout), config=config, pace=pace,
            energy=energy, background=background)
        try:
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
        self._background = background
        self._seen = worker.statistics()
        self._constants = constants  # their memory is librog's to read
        self._put_back(self._places + constants)

    # ---- what is trained

    @staticmethod
    def _split(params):
        """Parameters as torch wants them, and the names of those that came with one, by identity."""
        params = list(params)
        pairs = [p for p in params if isinstance(p, tuple)]
        if not pairs:
            return params, {}
        if len(pairs) != len(params):
            raise RogError("some parameters come with names and some without")
        return [p for _, p in params], {id(p): name for name, p in params}

    def _make_places(self, names, model):
        if model is not None:
            for name, parameter in model.named_parameters():
                names.setdefault(id(parameter), name)
        places = []
        for group in self.param_groups:
            for parameter in group["params"]:
                name = names.get(id(parameter), "param.%d" % len(places))
                places.append(_Place(name, parameter, "parameter"))
        return places

    def _make_constants(self, model):
        if model is None:
            return []
        return [_Place(name, buffer, "buffer") for name, buffer in model.named_buffers()
                if buffer.dtype == torch.float32 and buffer.numel() > 0]

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

    def _put_back(self, places):
        for place in places:
            place.put_back()
        if self._cuda:
            torch.cuda.synchronize()

    def _open_worker(self):
        if self._worker is None:
            raise RogError("the optimizer is closed")
        return self._worker

    def step(self, closure=None, loss=None):
        """Exchanges the gradients; the parameters are the next iteration's afterwards. `loss` is
        written into the run's record. Returns the closure's loss, as every torch.optim does."""
        worker = self._open_worker()
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for index, place in enumerate(self._places):
            self._gradients[index] = place.take_gradient()
            place.check_unchanged()
            if not place.direct:
                place.memory.copy_(place.tensor.detach(), non_blocking=True)
        if self._cuda:
            torch.cuda.synchronize()
        self._fill_rules()
        self._step.loss = math.nan if loss is None else float(loss)
        worker.exchange(self._step)
        self._put_back(self._places)
        return loss

    @property
    def over(self):
        """The run is over: the server has ended it, or all workers are through."""
        return self.statistics().over

    @property
    def iteration(self):
        """Exchanges that are done. Jumps when this worker had been given up and came back."""
        return self.statistics().iteration

    @property
    def local_steps(self):
        """How many local steps the next step()'s gradients should be the mean of."""
        return self._open_worker().local_steps()

    def statistics(self):
        """Times, rows and bytes of the last exchange (include/rog/rog.h)."""
        if self._worker is not None:
            self._seen = self._worker.statistics()
        return self._seen

    def finish(self):
        """This worker is through; waits for the others, then closes. Call it at the end: who leaves
        without it counts as lost."""
        worker = self._open_worker()
        self._settle()
        while not self.over:
            before = self.iteration
            worker.finish()
            if not self.over and self.iteration < before:
                return  # the server went back to a checkpoint: train on from `iteration`
        self.close()

    def close(self):
        """Takes leave of the server at once."""
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

    # ---- saving

    def _settle(self):
        """Waits for an exchange in the background; the parameters then have its result."""
        if self._background:
            self._open_worker().wait()
            self._put_back(self._places)

    def _parts(self):
        """Of each parameter its tensor, and name, address and bytes of what librog keeps of it."""
        self._settle()
        for index, place in enumerate(self._places):
            size = 4 * place.memory.numel()
            addresses = self._open_worker().state(index)
            yield place, [(name, address, size) for name, address in zip(_STATE, addresses)]

    def state_dict(self):
        """Groups, and of each parameter momentum_buffer and residual (what is computed and not sent
        yet, in units of the update). In the background it waits for the exchange that goes on, whose
        result the parameters then have: save them afterwards."""
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
                        raise RogError("%s of %s has another size than the parameter"
                                       % (name, place.name))
                    ctypes.memmove(address, value.data_ptr(), size)
        finally:
            self.state.clear()
