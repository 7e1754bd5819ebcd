# SPDX-License-Identifier: Apache-2.0
"""The functions of torch.distributed among the workers of a virtual cluster.

A collective operation uses the server, like all communication here: a worker's contribution is
pushed over its link, and when all have contributed, the result is pulled. Operations started with
async_op are transmitted together, when the program waits for the first of them.
"""

import functools
import pickle
import threading

import torch
import torch.distributed as dist

from .._librog import RogError
from ._member import Over

_here = threading.local()  # .member: the worker of this thread
_installed = []            # torch.distributed's own functions, while workers replace them
_lock = threading.Lock()
_users = [0]


def _bytes(tensor):
    return tensor.numel() * tensor.element_size()


class _Operation:
    """One collective operation of one worker: its contribution, and what to do with all
    contributions."""

    def __init__(self, kind, value, up, down, take):
        self.kind, self.value, self.up, self.down, self.take = kind, value, up, down, take


class _Handle:
    """What async_op returns."""

    def __init__(self, pending):
        self._pending = pending

    def wait(self, timeout=None):
        self._pending.flush()
        return True

    def is_completed(self):
        return not self._pending.operations


class Pending:
    """Operations that a worker has started."""

    def __init__(self, member):
        self.member = member
        self.operations = []

    def begin(self, operation, wait):
        self.operations.append(operation)
        if wait:
            self.flush()
            return None
        return _Handle(self)

    def flush(self):
        operations, self.operations = self.operations, []
        if not operations:
            return
        turn = self.member.meet(operations, sum(o.up for o in operations),
                                sum(o.down for o in operations))
        ranks = range(1, self.member.workers + 1)
        for rank in ranks:
            self._check(rank, turn.given.get(rank), operations)
        for index, operation in enumerate(operations):
            values = [turn.given[rank][index].value for rank in ranks]
            operation.take(values, functools.partial(turn.once, index))

    def _check(self, rank, theirs, ours):
        if theirs is None:
            raise RogError("worker %d has finished, and worker %d still calls torch.distributed.%s: "
                           "all workers must make the same number of steps"
                           % (rank, self.member.rank, ours[0].kind))
        kinds = [operation.kind for operation in theirs], [operation.kind for operation in ours]
        if kinds[0] != kinds[1]:
            raise RogError("worker %d calls torch.distributed.%s where worker %d calls %s"
                           % (rank, "+".join(kinds[0]), self.member.rank, "+".join(kinds[1])))
        for one, other in zip(theirs, ours):
            shapes = [getattr(o.value, "shape", None) for o in (one, other)]
            if shapes[0] != shapes[1]:
                raise RogError("torch.distributed.%s: worker %d has a tensor of shape %s, worker %d "
                               "one of %s" % (one.kind, rank, tuple(shapes[0] or ()), self.member.rank,
                                              tuple(shapes[1] or ())))


def _pending(group):
    if group is not None:
        raise RogError("torch.distributed groups are not simulated: all workers take part")
    pending = getattr(_here, "pending", None)
    if pending is None:
        raise RogError("torch.distributed is used in a thread that is not a worker")
    return pending


def _check_dense(tensor):
    if not isinstance(tensor, torch.Tensor) or tensor.layout != torch.strided:
        raise RogError("torch.distributed: only dense tensors are exchanged here")


def _reduced(op, values):
    """The values in the order of the workers, so that every run adds them up in the same order."""
    total = values[0].clone()
    for value in values[1:]:
        if op == dist.ReduceOp.SUM or op == dist.ReduceOp.AVG:
            total += value
        elif op == dist.ReduceOp.PRODUCT:
            total *= value
        elif op == dist.ReduceOp.MIN:
            total = torch.minimum(total, value)
        elif op == dist.ReduceOp.MAX:
            total = torch.maximum(total, value)
        else:
            raise RogError("torch.distributed: %s is not simulated" % (op,))
    return total / len(values) if op == dist.ReduceOp.AVG else total


def all_reduce(tensor, op=dist.ReduceOp.SUM, group=None, async_op=False):
    pending = _pending(group)
    _check_dense(tensor)

    def take(values, once):
        tensor.copy_(once(lambda: _reduced(op, values)))

    size = _bytes(tensor)
    return pending.begin(_Operation("all_reduce", tensor.detach(), size, size, take), not async_op)


def reduce(tensor, dst, op=dist.ReduceOp.SUM, group=None, async_op=False):
    pending = _pending(group)
    _check_dense(tensor)
    is_mine = get_rank() == dst

    def take(values, once):
        result = once(lambda: _reduced(op, values))
        if is_mine:
            tensor.copy_(result)

    size = _bytes(tensor)
    return pending.begin(_Operation("reduce", tensor.detach(), size, size if is_mine else 0, take),
                         not async_op)


def broadcast(tensor, src, group=None, async_op=False):
    pending = _pending(group)
    _check_dense(tensor)
    is_mine = get_rank() == src

    def take(values, once):
        value = once(lambda: values[src].clone())
        if not is_mine:
            tensor.copy_(value)

    size = _bytes(tensor)
    return pending.begin(_Operation("broadcast", tensor.detach(), size if is_mine else 0,
                                    0 if is_mine else size, take), not async_op)


def all_gather(tensor_list, tensor, group=None, async_op=False):
    pending = _pending(group)
    _check_dense(tensor)
    if len(tensor_list) != get_world_size():
        raise RogError("torch.distributed.all_gather: the list has %d tensors, there are %d workers"
                       % (len(tensor_list), get_world_size()))

    def take(values, once):
        for place, value in zip(tensor_list, once(lambda: [value.clone() for value in values])):
            place.copy_(value)

    size = _bytes(tensor)
    return pending.begin(_Operation("all_gather", tensor.detach(), size,
                                    size * (get_world_size() - 1), take), not async_op)


def _objects(kind, data, up, expected, group):
    """Meets twice: the sizes of results are only known when all workers have contributed."""
    pending, came = _pending(group), []
    pending.begin(_Operation(kind, data, up, 0, lambda values, once: came.extend(values)), True)
    pending.begin(_Operation(kind, None, 0, expected(came), lambda values, once: None), True)
    return came


def all_gather_object(object_list, obj, group=None):
    data, mine = pickle.dumps(obj), get_rank()
    came = _objects("all_gather_object", data, len(data), lambda all_of_them: sum(
        len(other) for rank, other in enumerate(all_of_them) if rank != mine), group)
    object_list[:] = [pickle.loads(other) for other in came]


def broadcast_object_list(object_list, src=0, group=None, device=None):
    is_mine = get_rank() == src
    data = pickle.dumps(list(object_list)) if is_mine else None
    came = _objects("broadcast_object_list", data, len(data) if is_mine else 0,
                    lambda all_of_them: 0 if is_mine else len(all_of_them[src]), group)
    if not is_mine:
        object_list[:] = pickle.loads(came[src])


def barrier(group=None, async_op=False, device_ids=None):
    return _pending(group).begin(_Operation("barrier", None, 0, 0, lambda values, once: None),
                                 not async_op)


def get_rank(group=None):
    return _pending(group).member.rank - 1


def get_world_size(group=None):
    return _pending(group).member.workers


def is_initialized():
    return getattr(_here, "pending", None) is not None


_FUNCTIONS = (all_reduce, reduce, broadcast, all_gather, all_gather_object, broadcast_object_list,
              barrier, get_rank, get_world_size, is_initialized)
_REFUSED = ("send", "recv", "isend", "irecv", "scatter", "gather", "gather_object",
            "scatter_object_list", "reduce_scatter", "all_to_all", "all_to_all_single", "new_group",
            "monitored_barrier", "init_process_group", "destroy_process_group")


def _refuse(name):
    def refused(*arguments, **more):
        raise RogError("torch.distributed.%s is not simulated: there are %s"
                       % (name, ", ".join(function.__name__ for function in _FUNCTIONS)))
    return refused


def enter(member):
    """Makes this thread that worker, and replaces the functions of torch.distributed."""
    _here.pending = Pending(member)
    with _lock:
        _users[0] += 1
        if _installed:
            return
        names = [function.__name__ for function in _FUNCTIONS] + list(_REFUSED)
        _installed.extend((name, getattr(dist, name, None)) for name in names)
        for function in _FUNCTIONS:
            setattr(dist, function.__name__, function)
        for name in _REFUSED:
            setattr(dist, name, _refuse(name))


def leave():
    """Undoes enter(); after the last worker, torch.distributed has its own functions again."""
    if getattr(_here, "pending", None) is None:
        return
    _here.pending = None
    with _lock:
        _users[0] -= 1
        if _users[0]:
            return
        for name, function in _installed:
            if function is None:
                delattr(dist, name)
            else:
                setattr(dist, name, function)
        del _installed[:]


__all__ = ["Over", "enter", "leave"]
