# SPDX-License-Identifier: Apache-2.0
"""rog.Optimizer compared with torch.optim.SGD, with librog itself, between workers, and used
wrongly."""

import ctypes
import math
import os
import re
import signal
import subprocess
import tempfile
import unittest

from cluster import BUILD, SOURCE, Server, rog, together, torch

from rog import _librog


def make_model(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.BatchNorm2d(8), torch.nn.ReLU(),
        torch.nn.Flatten(), torch.nn.Linear(8 * 6 * 6, 40), torch.nn.ReLU(),
        torch.nn.Linear(40, 5))


def split(model):
    """Returns its parameters, in order, as two groups."""
    return [{"params": model[0].parameters(), "lr": 0.1, "weight_decay": 0.0},
            {"params": [p for m in model[1:] for p in m.parameters()], "momentum": 0.5}]


def batches(count, seed=1):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        yield (torch.randn(16, 3, 6, 6, generator=generator),
               torch.randint(5, (16,), generator=generator))


def train(model, optimizer, data, scheduler=None):
    """Trains, and yields after each step."""
    for images, labels in data:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        if scheduler:
            scheduler.step()
        yield


class SameAsSGD(unittest.TestCase):
    """BSP, one worker, without compression: equal to torch.optim.SGD to 1e-6, step by step."""

    def compare(self, settings, groups=lambda model: model.parameters(), prepare=lambda model: model,
                schedule=None, steps=30):
        ours, theirs = prepare(make_model()), prepare(make_model())
        with Server() as server:
            mine = server.optimizer(groups(ours), **settings)
            sgd = torch.optim.SGD(groups(theirs), **settings)
            schedules = (schedule(mine), schedule(sgd)) if schedule else (None, None)
            pairs = zip(train(ours, mine, batches(steps), schedules[0]),
                        train(theirs, sgd, batches(steps), schedules[1]))
            count = 0
            for _ in pairs:
                count += 1
                for a, b in zip(ours.parameters(), theirs.parameters()):
                    self.assertLess((a - b).abs().max().item(), 1e-6)
            self.assertEqual(count, steps)
            self.assertEqual(mine.iteration, steps)
            mine.finish()
        moved = [(a - b).abs().max().item()
                 for a, b in zip(ours.parameters(), make_model().parameters())]
        self.assertGreater(max(moved), 1e-2)

    def test_plain(self):
        self.compare({"lr": 0.05})

    def test_momentum_and_decay(self):
        self.compare({"lr": 0.02, "momentum": 0.9, "weight_decay": 5e-3})

    def test_nesterov(self):
        self.compare({"lr": 0.02, "momentum": 0.9, "weight_decay": 5e-3, "nesterov": True})

    def test_groups_and_schedule(self):
        self.compare({"lr": 0.03, "momentum": 0.9, "weight_decay": 1e-3}, split,
                     schedule=lambda o: torch.optim.lr_scheduler.StepLR(o, 7, 0.5))

    def test_memory_that_is_not_contiguous(self):
        self.compare({"lr": 0.05, "momentum": 0.9},
                     prepare=lambda model: model.to(memory_format=torch.channels_last))

    def test_parameters_without_gradient(self):
        def freeze(model):
            model[4].bias.requires_grad_(False)
            return model
        ours = freeze(make_model())
        before = ours[4].bias.clone()
        with Server() as server:
            optimizer = server.optimizer(ours.parameters(), lr=0.1, weight_decay=0.1)
            for _ in train(ours, optimizer, batches(3)):
                pass
            optimizer.finish()
        self.assertTrue(torch.equal(before, ours[4].bias))


class SameAsLibrog(unittest.TestCase):
    """With compression: the same bits as librog for the same gradients and rule (which
    tests/unit/librog_test.c compares with the synchronization core)."""

    def test_bits(self):
        steps, rule = 12, _librog.Rule(0.01, 0.9, 5e-4, _librog.RULES["block"])
        ours = make_model()
        flat = [p.detach().clone() for p in ours.parameters()]
        gradients = (ctypes.c_void_p * len(flat))()
        step = _librog.Step(gradients=gradients, rules=ctypes.pointer(rule), rule_count=1,
                            loss=math.nan)
        with Server(1, "BSP", "sign") as one, Server(1, "BSP", "sign") as other:
            optimizer = one.optimizer(ours.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4,
                                      rule="block")
            worker = _librog.Worker(server=other.address, key_file=other.key, strategy="BSP")
            for index, values in enumerate(flat):
                worker.tensor("t%d" % index, tuple(values.shape), values.data_ptr(),
                              _librog.TRAINED)
            worker.start()
            for _ in train(ours, optimizer, batches(steps)):
                for index, parameter in enumerate(ours.parameters()):
                    gradients[index] = parameter.grad.data_ptr()
                worker.exchange(step)
                for a, b in zip(ours.parameters(), flat):
                    self.assertTrue(torch.equal(a, b))
            optimizer.finish()
            worker.finish()
            worker.close()


class Saving(unittest.TestCase):
    def test_going_on(self):
        """Saved in the middle and continued: the same result, except for rounding of the saved
        weights, of which the server has more digits."""
        data = list(batches(12))
        whole, half = make_model(), make_model()
        given = {"lr": 0.02, "momentum": 0.9, "nesterov": True}
        with Server() as server:
            optimizer = server.optimizer(whole.parameters(), **given)
            for _ in train(whole, optimizer, data):
                pass
            optimizer.finish()
        with Server() as server:
            optimizer = server.optimizer(half.parameters(), **given)
            for _ in train(half, optimizer, data[:6]):
                pass
            weights, state = half.state_dict(), optimizer.state_dict()
            self.assertEqual(sorted(state["state"][0]), ["momentum_buffer", "residual"])
            optimizer.finish()
        again = make_model(5)
        again.load_state_dict(weights)
        with Server() as server:
            optimizer = server.optimizer(again.parameters(), lr=1.0, momentum=0.1)
            optimizer.load_state_dict(state)
            self.assertEqual(optimizer.param_groups[0]["lr"], 0.02)
            for _ in train(again, optimizer, data[6:]):
                pass
            optimizer.finish()
        for a, b in zip(whole.parameters(), again.parameters()):
            self.assertTrue(torch.allclose(a, b, rtol=0, atol=1e-6))


class SeveralWorkers(unittest.TestCase):
    def test_two_learn_one_model(self):
        models = [make_model(1), make_model(2)]
        models[0][1].running_mean.fill_(0.25)

        def work(rank):
            model = rog.freeze_statistics(models[rank - 1])
            optimizer = server.optimizer(model.parameters(), rank, lr=0.05, momentum=0.9, model=model)
            for _ in train(model, optimizer, batches(20, rank)):
                pass
            optimizer.finish()
            return optimizer

        with Server(2, "ROG", "sign") as server:
            results = together(lambda: work(1), lambda: work(2))
            for result in results:
                self.assertIsInstance(result, rog.Optimizer)
                self.assertTrue(result.over)
                self.assertEqual(result.iteration, 20)
                self.assertGreater(result.statistics().all_bytes_pushed, 1000)
            saved = rog.load(server.checkpoints()[-1])
        self.assertEqual(models[0][1].running_mean[0], models[1][1].running_mean[0])
        fresh = make_model(3)
        self.assertEqual(fresh.load_state_dict(saved, strict=False).unexpected_keys, [])
        self.assertTrue(torch.equal(fresh[1].running_mean, models[0][1].running_mean))
        self.assertFalse(torch.equal(fresh[4].weight, make_model(1)[4].weight))

    def test_buffers_that_are_trained(self):
        model = make_model(1)
        with Server(1, "BSP", "none") as server:
            optimizer = server.optimizer(model.parameters(), lr=0.05, model=model)
            with self.assertRaisesRegex(rog.RogError, 'buffer 1.running_mean has changed.*buffers="own"'):
                for _ in train(model, optimizer, batches(1)):
                    pass
            optimizer.close()
            server.process.terminate()
        with self.assertRaisesRegex(rog.RogError, "buffers is 'mine'"):
            rog.Optimizer(model.parameters(), lr=0.05, model=model, server="127.0.0.1:1",
                          key_file="none", buffers="mine")
        with Server(1, "BSP", "none") as server:
            optimizer = server.optimizer(model.parameters(), lr=0.05, model=model, buffers="own")
            for _ in train(model, optimizer, batches(2)):
                pass
            optimizer.finish()
            saved = rog.load(server.checkpoints()[-1])
        self.assertNotIn("1.running_mean", saved)
        self.assertIn("1.weight", saved)

    def test_in_the_background(self):
        """Gradients are of a model that is one exchange older, with groups and a schedule: the same
        as SGD written that way. The state is that after the last exchange."""
        ours, theirs = make_model(), make_model()
        sgd = torch.optim.SGD(split(theirs), lr=0.02, momentum=0.9)
        waiting = None

        def apply(gradients, rates):
            for parameter, gradient in zip(theirs.parameters(), gradients):
                parameter.grad = gradient
            for group, rate in zip(sgd.param_groups, rates):
                group["lr"] = rate
            sgd.step()

        def assert_same(pairs):
            for a, b in pairs:
                self.assertLess((a - b).abs().max().item(), 1e-6)

        with Server() as server:
            optimizer = server.optimizer(split(ours), lr=0.02, momentum=0.9, background=True)
            schedule = torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.5)
            for images, labels in batches(12):
                rates = [group["lr"] for group in optimizer.param_groups]
                for model, zero in [(ours, optimizer), (theirs, sgd)]:
                    zero.zero_grad()
                    torch.nn.functional.cross_entropy(model(images), labels).backward()
                optimizer.step()
                schedule.step()
                fresh = [p.grad.clone() for p in theirs.parameters()]
                if waiting:
                    apply(*waiting)
                waiting = fresh, rates
                assert_same(zip(ours.parameters(), theirs.parameters()))
            state = optimizer.state_dict()["state"]
            apply(*waiting)
            assert_same(zip(ours.parameters(), theirs.parameters()))
            assert_same((state[index]["momentum_buffer"], sgd.state[parameter]["momentum_buffer"])
                        for index, parameter in enumerate(theirs.parameters()))
            optimizer.finish()
        self.assertLess(rates[0], 0.02)
        assert_same(zip(ours.parameters(), theirs.parameters()))

    def test_python_and_c(self):
        """examples/perceptron.c and the same in PyTorch, as the two workers of one run."""
        program = os.path.join(BUILD, "tests", "perceptron")
        built = subprocess.run(
            ["cc", "-O2", os.path.join(SOURCE, "examples", "perceptron.c"), "-I",
             os.path.join(SOURCE, "include"), "-L", os.path.join(BUILD, "lib"), "-lrog", "-lm",
             "-Wl,-rpath," + os.path.join(BUILD, "lib"), "-o", program], check=False)
        self.assertEqual(built.returncode, 0)
        self.addCleanup(os.remove, program)
        random = torch.Generator().manual_seed(2)
        w = (2 * torch.rand((32, 4), generator=random) - 1).requires_grad_()

        def score(x):
            return (x @ w[:, :2].T + w[:, 2]).tanh() @ w[:, 3]

        def points(count):
            outer = torch.randint(2, (count,), generator=random).float()
            angle = 6.2831853 * torch.rand(count, generator=random)
            radius = 0.5 + outer + 0.3 * (torch.rand(count, generator=random) - 0.5)
            return torch.stack([radius * angle.cos(), radius * angle.sin()], 1), outer

        with Server(2, "ROG", "sign") as server:
            other = subprocess.Popen([program, server.address, server.key, "1", "2"],
                                     stdout=subprocess.PIPE, text=True)
            optimizer = server.optimizer([("w", w)], 2, lr=0.05, momentum=0.9,
                                         nesterov=True)
            right = 0
            for step in range(400):
                x, outer = points(64)
                optimizer.zero_grad()
                guess = score(x)
                torch.nn.functional.binary_cross_entropy_with_logits(guess, outer).backward()
                optimizer.step()
                right += ((guess > 0) == (outer > 0.5)).sum().item() if step >= 300 else 0
            optimizer.finish()
            said = other.communicate()[0]
        theirs = int(re.search(r"iteration 400: .* ([0-9]+) of 64 right", said).group(1))
        self.assertGreater(right / 64, 95)
        self.assertGreater(theirs, 60)

    def test_models_that_differ(self):
        models = [torch.nn.Linear(4, 3), torch.nn.Linear(3, 4)]
        with Server(2) as server:
            results = together(*[
                lambda i=i: server.optimizer(models[i].named_parameters(), i + 1, lr=0.1)
                for i in range(2)])
        for result in results:
            self.assertIsInstance(result, rog.RogError)
            self.assertRegex(str(result), r"tensor 0 of worker \d is weight \(\d, \d\), of the first")

    def test_the_server_ends_the_run(self):
        with Server(1, "BSP", "none", "--seconds", "1") as server:
            model = make_model()
            optimizer = server.optimizer(model.parameters(), lr=0.01)
            steps = 0
            while not optimizer.over:
                for _ in train(model, optimizer, batches(1, steps)):
                    steps += 1
            self.assertGreater(steps, 3)
            with self.assertRaisesRegex(rog.RogError, "the run is over"):
                optimizer.step()
            optimizer.finish()


class WrongUse(unittest.TestCase):
    def test_before_connecting(self):
        model = make_model()
        nowhere = {"server": "127.0.0.1:1", "key_file": "/nonexistent", "lr": 0.1}
        for given, part in [
                ({"server": None}, "no server given"), ({}, "cannot open key file /nonexistent"),
                ({"key_file": None}, "neither key nor key_file"), ({"rank": 4}, "no worker has rank 4"),
                ({"strategy": "nosuch"}, "NOSUCH"), ({"compression": "zip"}, "sign, none"),
                ({"strategy": "bsp", "threshold": 7}, "threshold"), ({"rule": "x"}, "rule is 'x'")]:
            with self.assertRaisesRegex(rog.RogError, part):
                rog.Optimizer(model.parameters(), **dict(nowhere, **given))
        with self.assertRaisesRegex(rog.RogError, "parameter param.0 has dtype torch.float64"):
            rog.Optimizer(make_model().double().parameters(), **nowhere)
        with self.assertRaisesRegex(rog.RogError, "parameter param.0 has elements that share memory"):
            rog.Optimizer([torch.nn.Parameter(torch.ones(1).expand(6))], **nowhere)
        with self.assertRaisesRegex(rog.RogError, "rogctl did not start this program"):
            rog.from_env({})
        with self.assertRaisesRegex(rog.RogError, "does not describe the run"):
            rog.from_env({"ROG_SERVER": "x", "ROG_KEY_FILE": "x", "ROG_RANK": "1",
                          "ROG_CONFIG": "/nonexistent"})
        with self.assertRaisesRegex(rog.RogError, "ROG_KEY_FILE is not set"):
            rog.from_env({"ROG_SERVER": "x:1", "ROG_RANK": "1", "ROG_CONFIG": "/nonexistent"})
        with self.assertRaisesRegex(rog.RogError, "does not describe the run"):  # no key is needed
            rog.from_env({"ROG_SERVER": "virtual:x", "ROG_RANK": "1", "ROG_CONFIG": "/nonexistent"})

    def test_from_the_environment_of_a_test(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "config.json")
            with open(path, "w", encoding="utf-8") as file:
                file.write('{"batch": 8, "options": {"width": 3}, "trace": "t{rank}.csv",'
                           ' "workers": [{"rank": 1, "batch": 4}]}')
            run = rog.from_env({"ROG_CHECKPOINT": "x", "ROG_CONFIG": path})
            self.assertEqual((run.checkpoint, run.rank, run.workers), ("x", 0, 1))
            self.assertEqual((run.options, run.worker), ({"width": 3}, {"batch": 8}))
            with self.assertRaisesRegex(rog.RogError, "a test does not take part"):
                rog.Optimizer(make_model().parameters(), lr=0.1, **run)
            worker = {"ROG_SERVER": "s", "ROG_KEY_FILE": "k", "ROG_RANK": "1", "ROG_CONFIG": path,
                      "ROG_CHECKPOINT": "x"}
            run = rog.from_env(worker)
            self.assertEqual((run.checkpoint, run.rank), (None, 1))
            self.assertEqual(run.worker, {"rank": 1, "batch": 4, "trace": "t1.csv"})
            self.assertEqual(dict(run)["server"], "s")

    def test_gradients_that_are_no_numbers(self):
        with Server() as server:
            model = make_model()
            optimizer = server.optimizer(model.named_parameters(), lr=0.1)
            for parameter in model.parameters():
                parameter.grad = torch.zeros_like(parameter)
            model[6].bias.grad[2] = math.nan
            with self.assertRaisesRegex(rog.RogError, r"not finite, in tensor \d+, 6.bias"):
                optimizer.step()
            optimizer.close()
            server.process.terminate()

    def test_gradients_that_are_no_numbers_in_the_background(self):
        """The step with such a gradient raises an error; no further step is possible."""
        for call in ["step", "state_dict", "finish"]:
            with Server() as server:
                model = make_model()
                optimizer = server.optimizer(model.named_parameters(), lr=0.1, background=True)
                for parameter in model.parameters():
                    parameter.grad = torch.zeros_like(parameter)
                optimizer.step()
                model[0].weight.grad[1, 1] = math.inf
                for again in ["step", call]:
                    with self.assertRaisesRegex(rog.RogError, r"not finite, in tensor 0, 0.weight"):
                        getattr(optimizer, again)()
                optimizer.close()
                server.process.terminate()

    def test_what_sgd_has_beside(self):
        """Every option of torch.optim.SGD is either supported or rejected."""
        model = make_model()
        nowhere = {"server": "127.0.0.1:1", "key_file": "/nonexistent", "lr": 0.1}
        for key, value in [("maximize", True), ("dampening", 0.5), ("foreach", True),
                           ("differentiable", True)]:
            if key not in torch.optim.SGD(model.parameters(), lr=0.1).defaults:
                continue  # another version of PyTorch
            groups = [{"params": model[0].parameters()},
                      {"params": model[4].parameters(), key: value}]
            with self.assertRaisesRegex(rog.RogError, "has %s = %s, which torch.optim.SGD supports"
                                        % (key, value)):
                rog.Optimizer(groups, **nowhere)
        # As in a saved state of torch.optim.SGD, or set by a scheduler or the program itself.
        with Server() as server:
            groups = [{"params": model.parameters(), "maximize": False, "dampening": 0,
                       "initial_lr": 0.1, "name": "all"}]
            optimizer = server.optimizer(groups, lr=0.1)
            for parameter in model.parameters():
                parameter.grad = torch.ones_like(parameter)
            optimizer.step()
            optimizer.param_groups[0]["maximize"] = True
            with self.assertRaisesRegex(rog.RogError, "has maximize = True"):
                optimizer.step()
            optimizer.close()
            server.process.terminate()

    def test_parameters_that_are_written(self):
        def clamp(model):
            with torch.no_grad():
                model[4].weight.clamp_(max=0.01)

        def load(model):
            model.load_state_dict(make_model(3).state_dict())

        def look(model):
            with torch.no_grad():
                model.float().train().to("cpu")
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                model[4].weight.norm(), model[4].weight.clone().clamp_(max=0.01)

        for write, part in [(clamp, "4.weight"), (load, "0.weight"), (look, None)]:
            for steps in [0, 3]:
                for background in [False, True]:
                    with Server() as server:
                        model = make_model()
                        optimizer = server.optimizer(model.named_parameters(), lr=0.1,
                                                     background=background)
                        for _ in train(model, optimizer, batches(steps)):
                            look(model)
                        optimizer.state_dict()
                        write(model)
                        for parameter in model.parameters():
                            parameter.grad = torch.ones_like(parameter)
                        if part:
                            with self.assertRaisesRegex(
                                    rog.RogError, "parameter %s was changed by the program" % part):
                                optimizer.step()
                        else:
                            optimizer.step()
                        optimizer.close()
                        server.process.terminate()

    def test_memory_that_moves(self):
        with Server() as server:
            model = make_model()
            optimizer = server.optimizer(model.named_parameters(), lr=0.1)
            model[6].bias.data = model[6].bias.data.clone()
            with self.assertRaisesRegex(rog.RogError, "6.bias has moved"):
                optimizer.step()
            with self.assertRaisesRegex(rog.RogError, "cannot be added"):
                optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))]})
            optimizer.close()
            with self.assertRaisesRegex(rog.RogError, "closed"):
                optimizer.step()
            server.process.terminate()

    def test_in_a_fork(self):
        """A fork can neither continue the run nor end it, and does not wait for ever."""
        with Server() as server:
            model = make_model()
            optimizer = server.optimizer(model.parameters(), lr=0.1)
            child = os.fork()
            if child == 0:
                signal.alarm(30)
                status = 1
                try:
                    optimizer.step()
                except rog.RogError as cause:
                    status = 0 if "fork of %d" % os.getppid() in str(cause) else 2
                    optimizer.close()
                finally:
                    os._exit(status)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            for _ in train(model, optimizer, batches(3)):
                pass
            optimizer.finish()

    def test_the_server_is_gone(self):
        with Server() as server:
            model = make_model()
            optimizer = server.optimizer(model.parameters(), lr=0.1, server_timeout=0.5)
            server.kill()
            with self.assertRaisesRegex(rog.RogError, "could not be reached for") as caught:
                for _ in train(model, optimizer, batches(3)):
                    pass
            self.assertEqual(caught.exception.name, "EFAILED")
            optimizer.close()

    def test_another_key(self):
        with Server() as server:
            other = os.path.join(server.folder.name, "other")
            with open(os.open(other, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(os.urandom(32))
            with self.assertRaisesRegex(rog.RogError, "is the key the same"):
                server.optimizer(make_model().parameters(), lr=0.1, key_file=other,
                                 server_timeout=0.5)
            server.process.terminate()

    def test_checkpoints_that_are_none(self):
        with self.assertRaises(rog.RogError):
            rog.load(__file__)


if __name__ == "__main__":
    unittest.main(verbosity=2)
