# SPDX-License-Identifier: Apache-2.0
"""rog.LocalOptimizer compared with local training, with DiLoCo written out, and used wrongly."""

import io
import json
import math
import os
import re
import subprocess
import sys
import unittest

from cluster import SOURCE, Server, rog, together, torch

DELTA = ("--contribution", "delta")


def make_model(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(6, 10), torch.nn.Tanh(), torch.nn.Linear(10, 3))


def batches(count, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return [(torch.randn(8, 6, generator=generator),
             torch.randint(3, (8,), generator=generator)) for _ in range(count)]


def adamw(model):
    """Returns AdamW with two groups."""
    return torch.optim.AdamW([{"params": model[0].parameters(), "lr": 0.01},
                              {"params": model[2].parameters(), "weight_decay": 0.1}], lr=0.005)


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)


def train(model, optimizer, data, schedule=None, accumulate=1):
    for index, (x, y) in enumerate(data):
        if index % accumulate == 0:
            optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y) / accumulate
        loss.backward()
        if (index + 1) % accumulate == 0:
            optimizer.step()
            if schedule:
                schedule.step()


class Case(unittest.TestCase):
    def assert_near(self, one, other, bound=1e-6):
        for a, b in zip(one, other):
            self.assertLess((a - b).abs().max().item(), bound)


def local(server, inner, every=None, rank=1, **more):
    given = dict(server.how, server=server.address, key_file=server.key, rank=rank)
    return rog.LocalOptimizer(inner, every, **dict(given, **more))


class SameAsAlone(Case):
    """One worker, the mean, without compression: an exchange does not change the result of local
    training, except for rounding of a float."""

    def compare(self, make_inner, every=5, steps=23, prepare=lambda model: model, schedule=False,
                accumulate=1, options=(), **more):
        ours, theirs = prepare(make_model()), prepare(make_model())
        data = batches(steps * accumulate)
        with Server(1, "BSP", "none", *DELTA, *options) as server:
            optimizer = local(server, make_inner(ours), every, **more)
            inner = make_inner(theirs)
            self.assertEqual(optimizer.local_steps, every)
            schedules = [torch.optim.lr_scheduler.StepLR(o, 4, 0.7) if schedule else None
                         for o in (optimizer.inner, inner)]
            train(ours, optimizer, data, schedules[0], accumulate)
            train(theirs, inner, data, schedules[1], accumulate)
            going_on = 1 if more.get("background") else 0
            self.assertEqual((optimizer.iteration, optimizer.steps),
                             (steps // every - going_on, steps % every))
            optimizer.state_dict()  # waits for the exchange, and keeps the steps done meanwhile
            optimizer.finish()
            self.assertEqual(optimizer.iteration, steps // every + (steps % every > 0))
            saved = rog.load(server.checkpoints()[-1])
        self.assert_near(ours.parameters(), theirs.parameters())
        self.assert_near(saved.values(), theirs.parameters())
        self.assertGreater((ours[0].weight - make_model()[0].weight).abs().max().item(), 0.05)

    def test_adamw_in_groups_with_a_schedule(self):
        self.compare(adamw, schedule=True)

    def test_sgd_with_gradients_of_several_batches(self):
        self.compare(sgd, accumulate=3)

    def test_each_step(self):
        self.compare(sgd, every=1)

    def test_memory_that_is_not_contiguous(self):
        def turn(model):
            model[0].weight.data = model[0].weight.data.t().contiguous().t()
            self.assertFalse(model[0].weight.is_contiguous())
            return model
        for background in [False, True]:
            self.compare(adamw, prepare=turn, background=background)

    def test_in_the_background(self):
        self.compare(adamw, background=True)

    def test_merge(self):
        """If server and worker have the same model, mixing them changes nothing."""
        self.compare(sgd, options=("--merge", "0.5"), settings={"merge": 0.5})


class Several(Case):
    def diloco(self, models, rounds, every, data):
        """Computes Douillard et al., Algorithm 1: AdamW as inner, Nesterov as outer optimizer."""
        inner = [adamw(model) for model in models]
        outer = [p.detach().double() for p in models[0].parameters()]
        momentum = [torch.zeros_like(p) for p in outer]
        for turn in range(rounds):
            for model, optimizer, batch in zip(models, inner, data):
                with torch.no_grad():
                    for p, w in zip(model.parameters(), outer):
                        p.copy_(w)
                train(model, optimizer, batch[turn * every:(turn + 1) * every])
            for index, w in enumerate(outer):
                ways = [w - list(model.parameters())[index].detach() for model in models]
                g = sum(ways) / len(ways)
                momentum[index] = 0.9 * momentum[index] + g
                outer[index] = w - 0.7 * (g + 0.9 * momentum[index])
        return outer

    def test_diloco(self):
        rounds, every = 6, 4
        data = [batches(rounds * every, rank) for rank in (1, 2, 3)]
        wanted = self.diloco([make_model() for _ in data], rounds, every, data)
        models = [make_model() for _ in data]  # the first worker provides the values

        def work(rank):
            optimizer = local(server, adamw(models[rank - 1]), every, rank)
            train(models[rank - 1], optimizer, data[rank - 1])
            optimizer.finish()
            return optimizer.iteration

        with Server(3, "BSP", "none", *DELTA, "--server-optimizer", "nesterov") as server:
            self.assertEqual(together(*[lambda r=r: work(r) for r in (1, 2, 3)]), [rounds] * 3)
        for model in models:
            self.assert_near(model.parameters(), wanted)
        self.assertGreater((models[0][0].weight - make_model()[0].weight).abs().max().item(), 0.05)

    def test_two_in_the_background(self):
        """Steps done during an exchange are kept in addition to its result."""
        rounds, every = 5, 3
        data = [batches(rounds * every, rank) for rank in (1, 2)]
        hands = [make_model() for _ in data]
        inner = [sgd(model) for model in hands]
        server_has = [p.detach().clone() for p in hands[0].parameters()]
        base = [[p.detach().clone() for p in model.parameters()] for model in hands]
        arrived = None
        for turn in range(rounds):
            ways = []
            for rank, model in enumerate(hands):
                train(model, inner[rank], data[rank][turn * every:(turn + 1) * every])
                with torch.no_grad():
                    for index, p in enumerate(model.parameters()):
                        if arrived:
                            p.copy_(arrived[index] + p - base[rank][index])
                            base[rank][index] = arrived[index].clone()
                    ways.append([b - p for b, p in zip(base[rank], model.parameters())])
                    base[rank] = [p.detach().clone() for p in model.parameters()]
            arrived = [w - (a + b) / 2 for w, a, b in zip(server_has, *ways)]
            server_has = arrived
        models = [make_model() for _ in data]

        def work(rank):
            optimizer = local(server, sgd(models[rank - 1]), every, rank, background=True)
            train(models[rank - 1], optimizer, data[rank - 1])
            optimizer.finish()
            return optimizer.iteration

        with Server(2, "BSP", "none", *DELTA) as server:
            self.assertEqual(together(lambda: work(1), lambda: work(2)), [rounds] * 2)
        for model in models:
            self.assert_near(model.parameters(), server_has, 2e-6)

    def test_example(self):
        """examples/diloco.py, as the two workers of one run."""
        program = os.path.join(SOURCE, "examples", "diloco.py")
        with Server(2, "BSP", "none", *DELTA, "--server-optimizer", "nesterov") as server:
            path = os.pathsep.join(sys.path)
            workers = [subprocess.Popen(
                [sys.executable, "-B", program, server.address, server.key, rank, "2"],
                stdout=subprocess.PIPE, text=True, env=dict(os.environ, PYTHONPATH=path))
                       for rank in "12"]
            for worker in workers:
                said = worker.communicate()[0]
                found = re.search(r"step 400, exchange 20: ([0-9.]+)% right", said)
                self.assertGreater(float(found.group(1)), 90)
            self.assertEqual(sorted(rog.load(server.checkpoints()[-1]))[0], "0.bias")

    def test_compressed(self):
        """Under ROG with one bit per element two workers still learn."""
        models = [make_model(), make_model(7)]
        teacher = make_model(9)

        def work(rank):
            model, losses = models[rank - 1], []
            optimizer = local(server, torch.optim.SGD(model.parameters(), lr=0.3), 4, rank)
            for x, _ in batches(240, rank):
                optimizer.zero_grad()
                y = (10 * teacher(x)).argmax(1)
                loss = torch.nn.functional.cross_entropy(model(x), y)
                loss.backward()
                losses.append(optimizer.step(loss=loss.item()))
            optimizer.finish()
            return sum(losses[-40:]) / sum(losses[:40])

        with Server(2, "ROG", "sign", *DELTA) as server:
            for ratio in together(lambda: work(1), lambda: work(2)):
                self.assertLess(ratio, 0.7)


class Saving(Case):
    def test_going_on(self):
        data, every = batches(24), 4
        whole, half, again = make_model(), make_model(), make_model(5)
        for model, part in [(whole, data), (half, data[:12]), (again, data[12:])]:
            with Server(1, "BSP", "sign", *DELTA) as server:
                if model is again:
                    again.load_state_dict(weights)
                optimizer = local(server, adamw(model), every)
                if model is again:
                    optimizer.load_state_dict(through_a_file(state))
                train(model, optimizer, part)
                self.assertEqual(optimizer.steps, 0)
                if model is half:
                    state, weights = optimizer.state_dict(), half.state_dict()
                    self.assertGreater(max(r.abs().max() for r in state["residual"]), 0)
                optimizer.finish()
        self.assertGreater((whole[0].weight - half[0].weight).abs().max().item(), 1e-2)
        # The server's residual, which a pull has not sent yet, is not part of the worker's saved
        # state.
        self.assert_near(whole.parameters(), again.parameters(), 0.05)

    def test_states_of_others(self):
        with Server(1, "BSP", "none", *DELTA) as server:
            model = make_model()
            optimizer = local(server, adamw(model), 2)
            with self.assertRaisesRegex(rog.RogError, "not the state of a LocalOptimizer"):
                optimizer.load_state_dict(adamw(model).state_dict())
            with self.assertRaisesRegex(rog.RogError, "shapes of the saved residuals"):
                optimizer.load_state_dict({"inner": {}, "residual": []})
            optimizer.close()
            server.process.terminate()


def through_a_file(state):
    """Returns the state after saving and loading it."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file)


class WrongUse(Case):
    def test_before_connecting(self):
        inner = adamw(make_model())
        nowhere = {"server": "127.0.0.1:1", "key_file": "/nonexistent"}
        for given, part in [
                ({"every": 0}, "every is 0"), ({"every": 2.5}, "every is 2.5"),
                ({"every": 10 ** 7}, "every is 10000000"),
                ({"settings": {"merge": 2}}, "settings: merge must be"),
                ({"settings": {"merg": 0.5}}, "settings: unknown setting merg"),
                ({"settings": {"epochs": 3}}, "epochs is not a setting for programs"),
                ({"settings": {"server_optimizer": "adam"}},
                 "server_optimizer is an option of rog-trainer serve"),
                ({"settings": {"momentum_masking": True}}, "momentum_masking"),
                ({"settings": {"compression": "zip"}}, "sign, none"),
                ({}, "cannot open key file /nonexistent")]:
            with self.assertRaisesRegex(rog.RogError, part):
                rog.LocalOptimizer(inner, **dict(nowhere, **given))
        for wrong in [make_model(), make_model().parameters(), None]:
            with self.assertRaisesRegex(rog.RogError, "must be an optimizer of torch.optim"):
                rog.LocalOptimizer(wrong, **nowhere)
        with self.assertRaisesRegex(rog.RogError, "has dtype torch.float64"):
            rog.LocalOptimizer(sgd(make_model().double()), **nowhere)

    def test_of_a_run(self):
        config = {"library": "BSP", "workload": "program", "wire_model": "same", "batchsize": 5,
                  "workers": [dict({"rank": 1}, **{name: 0 for name in [
                      "step_s", "compress_s", "decompress_s", "watts_compute", "watts_communicate",
                      "watts_stall"]})]}
        delta = dict(config, contribution="delta")
        key = {"server": "127.0.0.1:1", "key_file": "/nonexistent"}
        with Server() as server:  # only its key is used
            key["key_file"] = server.key
            for make, run, more, part in [
                    (lambda **k: rog.LocalOptimizer(sgd(make_model()), **k), config, {},
                     "contribution is \"gradient\": use rog.Optimizer"),
                    (lambda **k: rog.Optimizer(make_model().parameters(), 0.1, **k), delta, {},
                     "contribution is \"delta\": use rog.LocalOptimizer"),
                    (lambda **k: rog.LocalOptimizer(sgd(make_model()), **k), delta, {"every": 4},
                     "local_steps is 4, but worker 1 has 5 in the run's configuration"),
                    (lambda **k: rog.LocalOptimizer(sgd(make_model()), **k), delta,
                     {"settings": {"merge": 0.5}}, "settings cannot be given with a configuration")]:
                with self.assertRaisesRegex(rog.RogError, part):
                    make(config=json.dumps(run), **key, **more)
            with self.assertRaisesRegex(rog.RogError, "use rog.Optimizer, or give the run"):
                rog.LocalOptimizer(sgd(make_model()), settings={"contribution": "gradient"}, **key)
            with self.assertRaisesRegex(rog.RogError, "use rog.LocalOptimizer, or give the run"):
                rog.Optimizer(make_model().parameters(), 0.1, settings={"contribution": "delta"},
                              **key)
            server.process.terminate()

    def test_a_server_that_was_told_otherwise(self):
        for options, settings, part in [
                ((), {}, "contribution of worker 1 .* is \"delta\", but the server has gradient"),
                (DELTA + ("--merge", "0.5"), {}, "merge of worker 1 .* is 0, but the server has 0.5"),
                (DELTA, {"error_feedback": 0.5}, "error_feedback of worker 1 .* is 0.5")]:
            with Server(1, "BSP", "none", *options) as server:
                with self.assertRaisesRegex(rog.RogError, part):
                    local(server, sgd(make_model()), 2, settings=settings)
                server.process.terminate()
        with Server(1, "BSP", "none", *DELTA) as server:
            with self.assertRaisesRegex(rog.RogError, "contribution of worker 1 .* is gradient"):
                server.optimizer(make_model().parameters(), lr=0.1)
            server.process.terminate()

    def test_parameters(self):
        with Server(1, "BSP", "none", *DELTA) as server:
            model = make_model()
            optimizer = local(server, sgd(model), 1, model=model)
            with self.assertRaisesRegex(rog.RogError, "cannot be added"):
                optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))]})
            optimizer.inner.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))]})
            with self.assertRaisesRegex(rog.RogError, "have changed since"):
                optimizer.step()
            del optimizer.inner.param_groups[1]
            optimizer.step()
            weight = model[0].weight.data
            model[0].weight.data = weight.clone()
            with self.assertRaisesRegex(rog.RogError, "0.weight has moved"):
                optimizer.step()
            model[0].weight.data = weight
            with torch.no_grad():
                model[2].bias[1] = math.nan
            with self.assertRaisesRegex(rog.RogError, "2.bias"):
                optimizer.step()
            optimizer.close()
            with self.assertRaisesRegex(rog.RogError, "closed"):
                optimizer.step()
            server.process.terminate()

    def test_the_server_ends_the_run(self):
        with Server(1, "BSP", "none", *DELTA, "--seconds", "1") as server:
            model = make_model()
            optimizer = local(server, sgd(model), 3)
            while not optimizer.over:
                train(model, optimizer, batches(1))
            self.assertGreater(optimizer.iteration, 0)
            with self.assertRaisesRegex(rog.RogError, "the run is over"):
                optimizer.step()
            optimizer.finish()


if __name__ == "__main__":
    unittest.main(verbosity=2)
