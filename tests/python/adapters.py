# SPDX-License-Identifier: Apache-2.0
"""Strategies of EXO Gym and Flower on the virtual cluster: they give the same models as on their own,
in the time that their bytes need. Only some of the tests need these packages: ROG_ADAPTERS_PYTHON
names an interpreter that has them (and PyTorch)."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest

if os.environ.get("ROG_ADAPTERS_PYTHON", sys.executable) != sys.executable:
    os.execv(os.environ["ROG_ADAPTERS_PYTHON"],
             [os.environ["ROG_ADAPTERS_PYTHON"], "-B"] + sys.argv)

from cluster import BUILD, SOURCE, torch  # noqa: E402

HAS_EXOGYM = importlib.util.find_spec("exogym") is not None
HAS_FLOWER = importlib.util.find_spec("flwr") is not None
RATE, LATENCY_S, STEP_S = 1e6, 0.25, 0.5  # bytes a second

# The beginning of all programs.
COMMON = '''
import os
import torch
import rog

def make_model():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 10), torch.nn.Tanh(), torch.nn.Linear(10, 3))

def batches(rank, count):
    generator = torch.Generator().manual_seed(rank)
    return [(torch.randn(8, 6, generator=generator), torch.randint(3, (8,), generator=generator))
            for _ in range(count)]

def loss_of(model, batch):
    return torch.nn.functional.cross_entropy(model(batch[0]), batch[1])

def save(model, path):
    torch.save([p.detach().clone() for p in model.parameters()], path)
'''

# Strategies with the interface of EXO Gym's, using the same functions of torch.distributed.
OWN = '''
import torch.distributed as dist

class Reduce:
    def _init_node(self, model, rank, num_nodes):
        self.model, self.rank, self.num_nodes = model, rank, num_nodes
        self.optim, self.steps = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), 0
    def zero_grad(self):
        self.optim.zero_grad()
    def step(self):
        for p in self.model.parameters():
            dist.all_reduce(p.grad)
            p.grad.div_(self.num_nodes)
        self.optim.step()

class DiLoCo(Reduce):
    def _init_node(self, model, rank, num_nodes):
        super()._init_node(model, rank, num_nodes)
        self.master = [p.detach().clone().requires_grad_() for p in model.parameters()]
        self.outer = torch.optim.SGD(self.master, lr=0.7, nesterov=True, momentum=0.9)
    def step(self):
        self.optim.step()
        self.steps += 1
        if self.steps % 4:
            return
        for p, m in zip(self.model.parameters(), self.master):
            dist.all_reduce(p.data)
            m.grad = m.data - p.data / self.num_nodes
        if self.rank == 0:
            self.outer.step()
        for p, m in zip(self.model.parameters(), self.master):
            p.data = m.data.clone()
            dist.broadcast(p.data, src=0)

class Gather(Reduce):
    def step(self):
        every = [[torch.zeros_like(p) for _ in range(self.num_nodes)]
                 for p in self.model.parameters()]
        handles = [dist.all_gather(places, p.grad, async_op=True)
                   for places, p in zip(every, self.model.parameters())]
        for handle, places, p in zip(handles, every, self.model.parameters()):
            handle.wait()
            p.grad.copy_(sum(places) / len(places))
        word = ["all" if self.rank == 1 else None]
        dist.broadcast_object_list(word, src=1)
        every = [None] * dist.get_world_size()
        dist.all_gather_object(every, dist.get_rank())
        assert word == ["all"] and every == list(range(self.num_nodes)), (word, every)
        dist.barrier()
        self.optim.step()
'''

EXOGYM = '''
from exogym.strategy import DiLoCoStrategy, FedAvgStrategy, OptimSpec
from exogym.strategy.strategy import SimpleReduceStrategy
'''

NODE = COMMON + '''
%s
from rog.adapters import exogym

run = rog.from_env()
model = make_model()
node = exogym.Node(%s, model, run)
for batch in batches(run.rank, %d):
    node.zero_grad()
    loss = loss_of(model, batch)
    loss.backward()
    node.step(loss.item())
node.finish()
save(model, os.path.join(os.environ["ROG_OUT"], "model"))
'''

# The same with torch.distributed itself, as in EXO Gym. A program that has saved its model waits until
# all have, because others may still read what it sent, and then exits without finalizing the
# interpreter and gloo's threads, which occasionally conflict.
ALONE = COMMON + '''
import sys
import torch.distributed as dist
%s
rank, workers, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method="file://" + folder + "/meeting", rank=rank,
                        world_size=workers)
model = make_model()
strategy = %s
strategy._init_node(model, rank, workers)
for batch in batches(rank + 1, %d):
    strategy.zero_grad()
    loss_of(model, batch).backward()
    strategy.step()
saved = os.path.join(folder, "model%%d" %% rank)
save(model, saved + ".part")
os.rename(saved + ".part", saved)
sys.stdin.read()
os._exit(0)
'''

FLOWER = COMMON + '''
import numpy
from flwr.client import NumPyClient
from flwr.server.strategy import FedAvg
from rog.adapters import flower

class Client(NumPyClient):
    def __init__(self, rank):
        self.model, self.rank, self.batches = make_model(), rank, iter(batches(rank, 100))
    def get_parameters(self, config):
        return [p.detach().numpy().copy() for p in self.model.parameters()]
    def put(self, parameters):
        for p, array in zip(self.model.parameters(), parameters):
            p.data = torch.from_numpy(array.copy())
    def fit(self, parameters, config):
        self.put(parameters)
        optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
        optimizer.zero_grad()
        loss = loss_of(self.model, next(self.batches))
        loss.backward()
        optimizer.step()
        return self.get_parameters({}), 10 * self.rank, {"loss": loss.item()}
    def evaluate(self, parameters, config):
        self.put(parameters)
        return loss_of(self.model, batches(self.rank, 1)[0]).item(), self.rank, {}

'''

PART = FLOWER + '''
run = rog.from_env()
names = ["weight1", "bias1", "weight2", "bias2"]
%s
history = flower.run(Client(run.rank), strategy, 4, run, names=names)
torch.save([history.losses_distributed, history.losses_centralized],
           os.path.join(os.environ["ROG_OUT"], "history"))
'''


class Simulated:
    """A run of that program, with its workers in one process."""

    def __init__(self, text, workers, local_steps=1, **settings):
        self._folder = tempfile.TemporaryDirectory()
        self.out = os.path.join(self._folder.name, "run")
        os.mkdir(self.out)
        script = os.path.join(self._folder.name, "train.py")
        with open(script, "w", encoding="utf-8") as file:
            file.write(text)
        config = {"library": "BSP", "threshold": 0, "workload": "program", "files": [],
                  "command": "%s -B %s" % (sys.executable, script), "latency": LATENCY_S,
                  "trace": "constant:%g" % (8 * RATE / 1e6), "checkpoint_period": 1000,
                  "workers_per_process": workers, "seconds": 0, "epochs": 1,
                  "workers": [{"rank": rank, "step_s": STEP_S, "compress_s": 1, "decompress_s": 1,
                               "watts_compute": 10, "watts_communicate": 4, "watts_stall": 3,
                               "local_steps": local_steps}
                              for rank in range(1, workers + 1)]}
        config.update(settings)
        path = os.path.join(self.out, "config.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        made = subprocess.run([os.path.join(BUILD, "bin", "rog-trainer"), "simulate", "--config", path,
                               "--out", self.out], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, env=dict(os.environ, PYTHONWARNINGS="ignore"), check=False)
        self.said, self.status = made.stdout, made.returncode

    def events(self, kind):
        with open(os.path.join(self.out, "events.jsonl"), encoding="utf-8") as file:
            return [event for event in map(json.loads, file) if event["event"] == kind]

    def load(self, rank, name):
        return torch.load(os.path.join(self.out, "worker%d" % rank, name))

    def checkpoint(self):
        import rog
        folder = os.path.join(self.out, "chkpt")
        return rog.load(os.path.join(folder, sorted(os.listdir(folder))[-1]))

    def close(self):
        self._folder.cleanup()


class Case(unittest.TestCase):
    def simulate(self, text, workers, **settings):
        run = Simulated(text, workers, **settings)
        self.addCleanup(run.close)
        self.assertEqual(run.status, 0, run.said)
        return run

    def refuse(self, text, workers, why, **settings):
        run = Simulated(text, workers, **settings)
        self.addCleanup(run.close)
        self.assertNotEqual(run.status, 0)
        self.assertIn(why, run.said)

    def assert_near(self, one, other, bound=1e-6):
        one, other = list(one), list(other)
        self.assertEqual(len(one), len(other))
        for a, b in zip(one, other):
            self.assertLess((torch.as_tensor(a) - torch.as_tensor(b)).abs().max().item(), bound)


def alone(imports, strategy, workers, steps):
    """Returns the models of the workers with torch.distributed."""
    deadline = time.monotonic() + 300
    with tempfile.TemporaryDirectory() as folder:
        said = [os.path.join(folder, "said%d" % rank) for rank in range(workers)]
        models = [os.path.join(folder, "model%d" % rank) for rank in range(workers)]
        programs = []
        try:
            for rank in range(workers):
                with open(said[rank], "wb") as log:
                    programs.append(subprocess.Popen(
                        [sys.executable, "-B", "-W", "ignore", "-c",
                         ALONE % (imports, strategy, steps), str(rank), str(workers), folder],
                        stdin=subprocess.PIPE, stdout=log, stderr=log,
                        env=dict(os.environ, GLOO_SOCKET_IFNAME="lo",
                                 PYTHONPATH=os.path.join(SOURCE, "python"))))
            while not all(map(os.path.exists, models)):
                ended = [program.poll() is not None for program in programs]
                if any(ended) or time.monotonic() > deadline:
                    raise AssertionError("torch.distributed alone has %s:\n%s" % (
                        "failed" if any(ended) else "not ended", "".join(map(read_text, said))))
                time.sleep(0.02)
            return list(map(torch.load, models))
        finally:
            for program in programs:
                program.kill()
                program.communicate()


def read_text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


class Collectives(Case):
    """torch.distributed between the workers, with strategies with the interface of EXO Gym's."""

    def compare(self, imports, strategy, steps, workers=3, **settings):
        run = self.simulate(NODE % (imports, strategy, steps), workers, **settings)
        for rank, expected in enumerate(alone(imports, strategy, workers, steps), 1):
            self.assert_near(run.load(rank, "model"), expected)
        self.assert_near(run.checkpoint().values(), run.load(1, "model"))
        return run

    def test_reduce(self):
        run = self.compare(OWN, "Reduce()", 6)
        rows = run.events("iteration")
        self.assertEqual(len(rows), 3 * 6)
        parameters = [60, 10, 30, 3]
        for row in rows:
            self.assertEqual(row["bytes_pushed"], 4 * sum(parameters))
            self.assertEqual(row["bytes_pulled"], 4 * sum(parameters))
            self.assertTrue(row["loss"] > 0)
            # Each operation makes its own round trip; the workers are in step.
            way_s = sum(4 * count / RATE + LATENCY_S for count in parameters)
            self.assertAlmostEqual(row["compute_s"], STEP_S, 5)
            self.assertAlmostEqual(row["push_s"], way_s, 5)
            self.assertAlmostEqual(row["pull_s"], way_s, 5)
            self.assertAlmostEqual(row["stall_s"], 0, 5)

    def test_diloco(self):
        run = self.compare(OWN, "DiLoCo()", 9)
        for row in run.events("iteration"):
            self.assertEqual(row["bytes_pushed"] > 0, row["iteration"] % 4 == 0)

    def test_gather(self):
        """Operations started together are transmitted together."""
        run = self.compare(OWN, "Gather()", 3)
        for row in run.events("iteration"):
            self.assertGreater(row["bytes_pulled"], 2 * 4 * 103)
            self.assertLess(row["push_s"], 5 * LATENCY_S)

    def test_local_steps(self):
        run = self.simulate(NODE % (OWN, "DiLoCo()", 8), 2, local_steps=4)
        rows = run.events("iteration")
        self.assertEqual(len(rows), 2 * 2)
        self.assertAlmostEqual(rows[0]["compute_s"], 4 * STEP_S, 5)

    def test_the_same_twice(self):
        texts = []
        for _ in range(2):
            run = self.simulate(NODE % (OWN, "Gather()", 3), 3, trace="synth:outdoors")
            with open(os.path.join(run.out, "events.jsonl"), encoding="utf-8") as file:
                texts.append(file.readlines()[1:])
        self.assertEqual(texts[0], texts[1])

    def test_the_run_ends(self):
        """The run reaches its time limit while workers wait for each other."""
        text = (NODE % (OWN, "Reduce()", 1000)).replace("    node.zero_grad()",
                                                       "    if node.over:\n        break\n"
                                                       "    node.zero_grad()")
        run = self.simulate(text, 2, seconds=8.0)
        self.assertAlmostEqual(run.events("end")[0]["t"], 8, 5)

    def test_wrong_use(self):
        self.refuse(NODE % (OWN, "Reduce()", 2), 2, "set workers_per_process = 2",
                    workers_per_process=1)
        self.refuse(NODE % (OWN, "torch", 2), 2, "it must be one of EXO Gym")
        self.refuse((NODE % (OWN, "Reduce()", 3)).replace("batches(run.rank, 3)",
                                                          "batches(run.rank, run.rank)"), 2,
                    "all workers must make the same number of steps")
        self.refuse((NODE % (OWN, "Reduce()", 3)).replace("node.step(loss.item())",
                                                          "dist.send(loss, 1)"), 2,
                    "torch.distributed.send is not simulated")
        self.refuse((NODE % (OWN, "Reduce()", 3)).replace(
            "node.step(loss.item())", "(dist.barrier if run.rank == 1 else node.step)()"), 2,
                    "calls torch.distributed.")

    @unittest.skipUnless(HAS_EXOGYM, "no module exogym (github.com/exo-explore/gym)")
    def test_exogym(self):
        sgd, adamw = "OptimSpec(torch.optim.SGD, lr=0.1)", "OptimSpec(torch.optim.AdamW, lr=0.01)"
        self.compare(EXOGYM, "SimpleReduceStrategy(optim_spec=%s, max_norm=1.0)" % sgd, 6)
        self.compare(EXOGYM, "DiLoCoStrategy(optim_spec=%s, H=4)" % adamw, 9)
        self.compare(EXOGYM, "FedAvgStrategy(H=3)", 8)


@unittest.skipUnless(HAS_FLOWER, "no module flwr (pypi.org/project/flwr)")
class Flower(Case):
    def by_hand(self, rounds, workers):
        """Computes FedAvg with flwr's own aggregate, all clients in each round."""
        scope = {}
        exec(FLOWER, scope)  # pylint: disable=exec-used
        from flwr.server.strategy.aggregate import aggregate
        clients = [scope["Client"](rank) for rank in range(1, workers + 1)]
        model = clients[0].get_parameters({})
        for _ in range(rounds):
            model = aggregate([client.fit(model, {})[:2] for client in clients])
        return model

    def test_fedavg(self):
        run = self.simulate(PART % "strategy = FedAvg(fraction_evaluate=0.0)", 3)
        self.assert_near(run.checkpoint().values(), self.by_hand(4, 3))
        self.assertEqual(list(run.checkpoint()), ["weight1", "bias1", "weight2", "bias2"])
        rows = run.events("iteration")
        self.assertEqual(len(rows), 3 * 4)
        for row in rows:
            model = 4 * 103 + 4 * 128  # each array with numpy's header
            self.assertEqual(row["bytes_pushed"], model + 8 + 8 + len("loss"))
            self.assertEqual(row["bytes_pulled"], 0 if row["iteration"] == 4 else model + 8)
            self.assertAlmostEqual(row["push_s"], row["bytes_pushed"] / RATE + LATENCY_S, 5)
            self.assertAlmostEqual(row["compute_s"], STEP_S, 5)

    def test_who_is_not_asked(self):
        """Half of the clients take part in each round, the others wait; the server evaluates."""
        how = "strategy = FedAvg(fraction_fit=0.5, evaluate_fn=lambda n, p, c: (float(n), {}))"
        run = self.simulate(PART % how, 4)
        rows = run.events("iteration")
        self.assertEqual(sum(row["bytes_pushed"] > 400 for row in rows), 2 * 4)
        for row in rows:
            self.assertLess(row["bytes_pulled"], 2000 * 4)
        histories = [run.load(rank, "history") for rank in range(1, 5)]
        self.assertEqual(histories[0], histories[3])
        self.assertEqual([loss for _, loss in histories[0][1]], [0, 1, 2, 3, 4])
        self.assertEqual(len(histories[0][0]), 4)
        again = self.simulate(PART % how, 4)
        self.assertEqual([row["t"] for row in rows], [row["t"] for row in again.events("iteration")])

    def test_wrong_use(self):
        self.refuse(PART % "strategy = FedAvg(min_available_clients=5)", 2,
                    "the strategy waits for 5 clients, and the run has 2 workers")
        self.refuse((PART % "strategy = FedAvg()").replace('"bias2"', '"bias2", "more"'), 2,
                    "names has 5 names, but the model has 4 arrays")


if __name__ == "__main__":
    unittest.main(verbosity=1)
