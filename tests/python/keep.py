# SPDX-License-Identifier: Apache-2.0
"""State that a program keeps in snapshots: a resumed run ends with the same bytes as an
uninterrupted one."""

import os
import random
import tempfile
import unittest

from cluster import Server, rog, torch

from simulation import Simulation

LAST = 10


class Average:
    """An average of a model's parameters, as programs write it."""

    def __init__(self, model):
        self.values = [p.detach().clone() for p in model.parameters()]

    def follow(self, model):
        for value, parameter in zip(self.values, model.parameters()):
            value.lerp_(parameter.detach(), 0.1)

    def state_dict(self):
        return {"values": self.values}

    def load_state_dict(self, state):
        self.values = [value.clone() for value in state["values"]]


class Updated(Average):
    def update(self, model):
        self.follow(model)


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = os.path.join(folder.name, "worker1")
        os.mkdir(self.out)

    def make_model(self):
        torch.manual_seed(3), random.seed(3)
        return torch.nn.Sequential(torch.nn.Linear(6, 10), torch.nn.BatchNorm1d(10),
                                   torch.nn.Dropout(0.2), torch.nn.ReLU(), torch.nn.Linear(10, 3))

    def given(self, simulation):
        return {"server": simulation.server, "out_dir": self.out, "strategy": "bsp",
                "compression": "none"}

    def draw(self):
        return (torch.randn(8, 6) + 0.1 * random.random(), torch.randint(3, (8,)))

    def compare(self, program, at=4, **simulate):
        """Compares what the program returns in an uninterrupted run, and in one that is resumed
        before iteration `at` (from 0)."""
        with Simulation(keep=[at], **simulate) as simulation:
            whole = program(simulation)
        self.assertEqual(simulation.kept, {at: {1: ""}}, simulation.error)
        self.assertEqual(os.listdir(self.out), ["kept"])
        with Simulation(resumed=simulation.snapshot, **simulate) as simulation:
            again = program(simulation)
        self.assertEqual(simulation.error, None)
        self.assertEqual(len(simulation.order), LAST - at + 1)
        for one, other in zip(whole, again):
            self.assertTrue(torch.equal(one, other))


class SameBytes(Case):
    def program(self, average=None, mark=False, order="step first"):
        """Changes everything that programs change, at its usual place."""
        def run(simulation):
            model = self.make_model()
            optimizer = rog.Optimizer(model.named_parameters(), lr=0.1, momentum=0.9,
                                      model=model, buffers="own", **self.given(simulation))
            schedule = torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.5)
            ema = (average or Average)(model)
            loaded = optimizer.keep(schedule=schedule, model=model, **({"ema": ema} if average else {}))
            self.assertEqual(loaded, simulation.was_resumed)
            while optimizer.iteration < LAST:
                if order == "zero first":
                    optimizer.zero_grad()
                x, y = self.draw()
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
                schedule.step()
                if mark:
                    ema.follow(model)
                    random.random()  # a program that draws random numbers here, too
                    optimizer.keep()
                elif average:
                    ema.update(model)
            optimizer.finish()
            self.assertAlmostEqual(optimizer.param_groups[0]["lr"], 0.1 * 0.5 ** (LAST // 3))
            return [*model.state_dict().values(), *(ema.values if average else []), torch.rand(2),
                    torch.tensor(random.random())]
        return run

    def test_schedule_buffers_and_random_states(self):
        self.compare(self.program())
        self.compare(self.program(order="zero first"), at=0)

    def test_average_that_is_updated_after_the_step(self):
        self.compare(self.program(Updated), at=7)

    def test_where_the_program_says(self):
        self.compare(self.program(Average, mark=True))

    def test_local_steps(self):
        def program(simulation):
            model = self.make_model()
            inner = torch.optim.AdamW(model.parameters(), lr=0.01)
            optimizer = rog.LocalOptimizer(inner, every=3, model=model, buffers="own",
                                           **self.given(simulation))
            schedule = torch.optim.lr_scheduler.OneCycleLR(inner, 0.05, total_steps=3 * LAST)
            self.assertEqual(optimizer.keep(schedule=schedule, model=model),
                             simulation.was_resumed)
            while optimizer.iteration < LAST:
                x, y = self.draw()
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
                if schedule.last_epoch + 1 < 3 * LAST:
                    schedule.step()
            optimizer.finish()
            return [*model.state_dict().values(), torch.rand(2),
                    *(value for state in inner.state_dict()["state"].values()
                      for value in state.values())]
        self.compare(program, deltas=True, local_steps=3)

    def test_frozen_parameters_and_numpy(self):
        import numpy as np

        def program(simulation):
            np.random.seed(4)
            model = self.make_model()
            optimizer = rog.Optimizer(model[4].parameters(), lr=0.1, **self.given(simulation))
            optimizer.keep(model=model)
            while optimizer.iteration < LAST:
                with torch.no_grad():  # trained without the optimizer
                    model[0].weight.mul_(0.9)
                x, y = self.draw()
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(x) * np.random.rand(), y).backward()
                optimizer.step()
            optimizer.finish()
            return list(model.state_dict().values())
        self.compare(program)


class Others(Case):
    def train(self, simulation, keep):
        model = torch.nn.Linear(2, 1)
        optimizer = rog.Optimizer(model.parameters(), lr=0.1, **self.given(simulation))
        keep(optimizer)
        while optimizer.iteration < 3:
            model(torch.ones(1, 2)).sum().backward()
            optimizer.step()
        optimizer.finish()

    def told(self, keep):
        with Simulation(keep=[1, 2]) as simulation:
            self.train(simulation, keep)
        self.assertEqual(simulation.error, None)
        self.assertEqual(simulation.kept[1], simulation.kept[2])
        return simulation.kept[1][1]

    def test_why_not(self):
        """If state cannot be kept, the reason is reported and the run continues."""
        class Odd(Average):
            def state_dict(self):
                return {"drawn": (x for x in [])}

        self.assertIn("never calls optimizer.keep", self.told(lambda optimizer: None))
        self.assertIn("TypeError: cannot pickle", self.told(
            lambda optimizer: optimizer.keep(odd=Odd(torch.nn.Linear(1, 1)))))
        os.rmdir(self.out)
        self.assertRegex(self.told(lambda optimizer: optimizer.keep()), "Error: .*worker1")

    def test_wrong_use(self):
        def keep(optimizer):
            with self.assertRaisesRegex(rog.RogError, "keep: rate is a float, which has no state_dict"):
                optimizer.keep(rate=0.5)
            self.assertFalse(optimizer.keep())
            with self.assertRaisesRegex(rog.RogError, "was already called"):
                optimizer.keep(model=torch.nn.Linear(1, 1))
        self.assertEqual(self.told(keep), "")

    def test_another_program(self):
        self.told(lambda optimizer: optimizer.keep())
        with Simulation(keep=[1]) as simulation:
            self.train(simulation, lambda optimizer: optimizer.keep())

        def keep(optimizer):
            with self.assertRaisesRegex(rog.RogError, "keep was given rate, but .*kept contains nothing"):
                optimizer.keep(rate=torch.nn.Linear(1, 1))
            os.remove(os.path.join(self.out, "kept"))
            with self.assertRaisesRegex(rog.RogError, "this program saved, .*, is missing"):
                optimizer.keep()
        with Simulation(resumed=simulation.snapshot) as simulation:
            self.train(simulation, keep)

    def test_elsewhere(self):
        """On a real cluster no state is requested."""
        with Server() as server:
            model = torch.nn.Linear(2, 1)
            optimizer = server.optimizer(model.parameters(), lr=0.1, out_dir=self.out)
            self.assertFalse(optimizer.keep(model=model))
            for _ in range(2):
                model(torch.ones(1, 2)).sum().backward()
                optimizer.step()
                self.assertFalse(optimizer.keep())
            optimizer.finish()
        self.assertNotIn("kept", os.listdir(self.out))


if __name__ == "__main__":
    unittest.main(verbosity=2)
