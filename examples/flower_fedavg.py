# SPDX-License-Identifier: Apache-2.0
"""A strategy of Flower, unchanged, over links of the virtual cluster: FedAvg with half of the clients in each
round. A network learns on which of two rings a point lies. flower_fedavg.conf sweeps it; `options` of the
workload: fraction (of the clients), rounds. A client makes `batchsize` steps in a round.
"""
import torch
from flwr.client import NumPyClient
from flwr.server.strategy import FedAvg

import rog
from rog.adapters import flower


def draw(count):
    outer = torch.randint(2, (count, 1)).float()
    angle = 6.2831853 * torch.rand(count, 1)
    radius = 0.5 + outer + 0.3 * (torch.rand(count, 1) - 0.5)
    return torch.cat([radius * angle.cos(), radius * angle.sin()], 1), outer


class Client(NumPyClient):
    def __init__(self, model, steps):
        self.model, self.steps = model, steps

    def get_parameters(self, config):
        return [value.numpy().copy() for value in self.model.state_dict().values()]

    def fit(self, parameters, config):
        names = self.model.state_dict().keys()
        self.model.load_state_dict({n: torch.tensor(a) for n, a in zip(names, parameters)})
        optimizer = torch.optim.SGD(self.model.parameters(), lr=0.2, momentum=0.9)
        for _ in range(self.steps):
            points, outer = draw(64)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(self.model(points), outer)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return self.get_parameters({}), 64 * self.steps, {"loss": loss.item()}


run = rog.from_env()
torch.manual_seed(run.seed)
model = torch.nn.Sequential(torch.nn.Linear(2, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))

if run.checkpoint:  # what `test` of the experiment file is run for
    model.load_state_dict(rog.load(run.checkpoint))
    points, outer = draw(2000)
    print("%.2f%%" % (100 * ((model(points) > 0) == (outer > 0.5)).float().mean().item()))
    raise SystemExit

client = Client(model, run.worker.get("local_steps", 1) * run.settings["batchsize"])
strategy = FedAvg(fraction_fit=run.options.get("fraction", 0.5), fraction_evaluate=0.0)
torch.manual_seed(1000 * run.seed + run.rank)
flower.run(client, strategy, run.options.get("rounds", 30), run, names=list(model.state_dict()))
