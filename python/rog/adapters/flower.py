# SPDX-License-Identifier: Apache-2.0
"""Strategies of Flower (flwr.server.strategy.Strategy) in the virtual cluster."""

import contextlib
import math
import random
import sys

import numpy
from flwr.common import Code, GetParametersIns, parameters_to_ndarrays
from flwr.server.client_manager import SimpleClientManager
from flwr.server.client_proxy import ClientProxy
from flwr.server.history import History

from .. import _process_state
from .._librog import RogError
from ._member import Member, Over

# The size of a number in a message, and the smallest size of a message.
_NUMBER_BYTES = 8


def _bytes(message):
    """The size of a message of Flower: the parameters as Flower serializes them, and the names and
    values of everything else."""
    total = _NUMBER_BYTES
    if getattr(message, "parameters", None) is not None:
        total += sum(len(tensor) for tensor in message.parameters.tensors)
    for values in (getattr(message, "config", None), getattr(message, "metrics", None)):
        for name, value in (values or {}).items():
            total += len(name) + (len(value) if isinstance(value, (str, bytes)) else _NUMBER_BYTES)
    return total


class _Proxy(ClientProxy):
    """A client as the strategy sees it. It trains and evaluates only as configure_fit and
    configure_evaluate say, not by direct calls of fit() and evaluate()."""

    def __init__(self, rank, client):
        super().__init__(str(rank))
        self.rank, self.client = rank, client

    def get_parameters(self, ins, timeout=None, group_id=None):
        return self.client.get_parameters(ins)

    def get_properties(self, ins, timeout=None, group_id=None):
        return self.client.get_properties(ins)

    def fit(self, ins, timeout=None, group_id=None):
        raise RogError("the strategy calls fit() of a client by itself: what configure_fit returns is "
                       "what clients do here")

    def evaluate(self, ins, timeout=None, group_id=None):
        raise RogError("the strategy calls evaluate() of a client by itself: what configure_evaluate "
                       "returns is what clients do here")

    def reconnect(self, ins, timeout=None, group_id=None):
        raise RogError("clients of a virtual cluster do not reconnect")


class _Manager(SimpleClientManager):
    """All clients are available from the beginning."""

    def wait_for(self, num_clients, timeout=86400):
        if len(self.clients) < num_clients:
            raise RogError("the strategy waits for %d clients, and the run has %d workers"
                           % (num_clients, len(self.clients)))
        return True


class _Server:
    """The server: the strategy and the state of the rounds. It is in the process of the workers,
    with its own random numbers."""

    def __init__(self, strategy, seed):
        self.strategy, self.manager, self.history = strategy, _Manager(), History()
        self.parameters = None
        self._states = None
        self._seed = seed

    @contextlib.contextmanager
    def _own_random(self):
        outside = _process_state.put_aside(_process_state.RANDOM)
        if self._states is None:
            self._begin_random()
        else:
            _process_state.take_up(self._states, _process_state.RANDOM)
        try:
            yield
        finally:
            self._states = _process_state.put_aside(_process_state.RANDOM)
            _process_state.take_up(outside, _process_state.RANDOM)

    def _begin_random(self):
        random.seed(self._seed)
        numpy.random.seed(self._seed % 2**32)
        if "torch" in sys.modules:
            sys.modules["torch"].manual_seed(self._seed)

    def start(self, clients):
        with self._own_random():
            for client in clients:
                self.manager.register(client)
            self.parameters = self.strategy.initialize_parameters(client_manager=self.manager)
            if self.parameters is None:
                chosen = self.manager.sample(1)[0]
                self.parameters = chosen.get_parameters(GetParametersIns(config={})).parameters
            self._evaluate(0)
            return self._configured(self.strategy.configure_fit, 1)

    def _evaluate(self, number):
        result = self.strategy.evaluate(number, parameters=self.parameters)
        if result is not None:
            self.history.add_loss_centralized(server_round=number, loss=result[0])
            self.history.add_metrics_centralized(server_round=number, metrics=result[1])

    def _configured(self, configure, number):
        """Returns the strategy's instructions, by the rank of the client that gets them."""
        return {proxy.rank: ins for proxy, ins in
                configure(server_round=number, parameters=self.parameters,
                          client_manager=self.manager)}

    def _sorted_out(self, given):
        """Returns results and failures, in the order of the workers."""
        every = [(self.manager.clients[str(rank)], given[rank]) for rank in sorted(given)
                 if given[rank] is not None]
        return ([one for one in every if one[1].status.code == Code.OK],
                [one for one in every if one[1].status.code != Code.OK])

    def end_fit(self, number, given):
        """Makes the next model from the clients' results. Returns the clients that evaluate it."""
        with self._own_random():
            if any(result is not None for result in given.values()):
                parameters, metrics = self.strategy.aggregate_fit(number, *self._sorted_out(given))
                if parameters:
                    self.parameters = parameters
                self.history.add_metrics_distributed_fit(server_round=number, metrics=metrics)
            self._evaluate(number)
            return self._configured(self.strategy.configure_evaluate, number)

    def end_evaluate(self, number, given):
        with self._own_random():
            loss, metrics = self.strategy.aggregate_evaluate(number, *self._sorted_out(given))
            if loss is not None:
                self.history.add_loss_distributed(server_round=number, loss=loss)
                self.history.add_metrics_distributed(server_round=number, metrics=metrics)

    def begin_fit(self, number):
        with self._own_random():
            return self._configured(self.strategy.configure_fit, number)


def _shaped(arrays):
    return [numpy.zeros(array.shape or (1,), numpy.float32) for array in arrays]


class _Worker:
    """One worker during the rounds."""

    def __init__(self, client, strategy, run, names):
        self.client = client.to_client() if hasattr(client, "to_client") else client
        self.server = _Server(strategy, run.seed)
        self.proxy = _Proxy(run.rank, self.client)
        arrays = self._first_arrays(strategy)
        self.saved = _shaped(arrays)
        names = ["parameter.%d" % i for i in range(len(arrays))] if names is None else list(names)
        if len(names) != len(arrays):
            raise RogError("names has %d names, but the model has %d arrays" % (len(names), len(arrays)))
        self.loss = math.nan
        self.member = Member(run, [(name, place.shape, place.ctypes.data)
                                   for name, place in zip(names, self.saved) if place.size],
                             shared=self)

    def _first_arrays(self, strategy):
        """Returns the arrays of the initial model."""
        parameters = getattr(strategy, "initial_parameters", None)
        if parameters is None:
            result = self.client.get_parameters(GetParametersIns(config={}))
            if result.status.code != Code.OK:
                raise RogError("neither the strategy's initial_parameters nor the client's "
                               "get_parameters says what the model is: %s" % result.status.message)
            parameters = result.parameters
        return parameters_to_ndarrays(parameters)

    def save(self):
        """The server's model, for checkpoints."""
        for place, array in zip(self.saved, parameters_to_ndarrays(self.server.parameters)):
            place[...] = array.astype(numpy.float32).reshape(place.shape)

    def end_iteration(self):
        self.save()
        self.member.end_iteration(self.loss, is_model=True)
        self.loss = math.nan

    def fit(self, ins):
        result = self.client.fit(ins)
        loss = result.metrics.get("loss") if result.metrics else None
        if isinstance(loss, (int, float)):
            self.loss = float(loss)
        return result

    def evaluate(self, number, asked):
        """Sends the model to the selected clients, which evaluate it and send the result."""
        ins = asked.get(self.member.rank)
        self.member.meet(None, 0, 0 if ins is None else _bytes(ins))
        result = None if ins is None else self.client.evaluate(ins)
        turn = self.member.meet(result, 0 if result is None else _bytes(result), 0)
        turn.once("evaluated", lambda: self.server.end_evaluate(number, turn.given))
        return turn

    def rounds(self, count):
        rank = self.member.rank
        workers = [self.member.members[rank].shared for rank in sorted(self.member.members)]
        self.server = workers[0].server  # the strategy of the first worker is the server's
        asked = self.member.first.once(
            "start", lambda: self.server.start([worker.proxy for worker in workers]))
        for number in range(1, count + 1):
            ins = asked.get(rank)
            result = None if ins is None else self.fit(ins)
            turn = self.member.meet(result, 0 if result is None else _bytes(result), 0)
            judges = turn.once("fitted", lambda: self.server.end_fit(number, turn.given))
            if judges:
                turn = self.evaluate(number, judges)
            if number == count:
                break
            asked = turn.once("next", lambda: self.server.begin_fit(number + 1))
            ins = asked.get(rank)
            self.member.meet(None, 0, 0 if ins is None else _bytes(ins))
            if ins is not None:
                self.end_iteration()
        self.end_iteration()


def run(client, strategy, rounds, run, names=None):
    """Takes part as a client in the given number of rounds, and returns Flower's History.

        rog.adapters.flower.run(Client(model, data), FedAvg(fraction_fit=0.5), 100, rog.from_env())

    client     a flwr.client.NumPyClient or Client of this worker
    strategy   a flwr.server.strategy.Strategy. Each worker makes one; the server uses the first worker's
    run        rog.from_env()
    names      of the model's arrays, in checkpoints: list(model.state_dict())

    An iteration of a worker is a round in which it is selected: its fit() takes the virtual time of
    an iteration's local steps (settings step_s, local_steps). Clients that are not selected send
    and receive nothing, and wait. evaluate() takes no virtual time except for its messages. The
    record has the loss that fit() returns as the metric "loss".
    """
    worker = _Worker(client, strategy, run, names)
    try:
        worker.rounds(rounds)
    except Over:
        pass
    worker.member.finish()
    return worker.server.history
