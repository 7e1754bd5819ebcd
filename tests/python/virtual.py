# SPDX-License-Identifier: Apache-2.0
"""Programs as the workers of a virtual cluster (rog-trainer simulate), compared with plain PyTorch
and with other distributions of workers over processes, and interrupted."""

import glob
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

from cluster import BUILD, SOURCE, torch

import features

DEVICE = {"compress_s": 0.1, "decompress_s": 0.1, "watts_compute": 12.7, "watts_communicate": 4.2,
          "watts_stall": 3.85}
HERE = os.path.dirname(os.path.abspath(__file__))


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def start(self, out, case, workers, *options, script="features.py", **settings):
        with open(os.path.join(HERE, script)) as file:
            source = file.read()
        config = dict({
            "library": "BSP", "threshold": 0, "compression": "none", "workload": "program",
            "command": "%s -B %s %s" % (sys.executable, script, case), "files": [script],
            "sources": [source], "trace": "synth:outdoors",
            "workers": [dict(DEVICE, rank=rank, step_s=1 + 0.1 * rank)
                        for rank in range(1, workers + 1)]}, **settings)
        path = os.path.join(self.folder, "config.json")
        with open(path, "w") as file:
            json.dump(config, file)
        return subprocess.Popen(
            [os.path.join(BUILD, "bin", "rog-trainer"), "simulate", "--config", path, "--out",
             os.path.join(self.folder, out), *options], stderr=subprocess.PIPE, text=True,
            env=dict(os.environ, PYTHONPATH=os.path.join(SOURCE, "python")))

    def run_program(self, out, case, workers, *options, status=0, **settings):
        """Returns the output."""
        process = self.start(out, case, workers, *options, **settings)
        said = process.communicate(timeout=200)[1]
        self.assertEqual(process.returncode, status, said)
        return said

    def models(self, out, workers):
        return [torch.load(os.path.join(self.folder, out, "worker%d" % rank, "model.pt"))
                for rank in range(1, workers + 1)]

    def digest(self, out):
        """Returns a digest of events, checkpoints and the programs' results."""
        found = hashlib.sha256()
        for pattern in ["events.jsonl", "chkpt/*"]:
            for path in sorted(glob.glob(os.path.join(self.folder, out, pattern))):
                with open(path, "rb") as file:
                    found.update(file.read())
        for model in self.models(out, 3):
            for value in model.values():
                found.update(value.numpy().tobytes())
        return found.hexdigest()

    def events(self, out, kind):
        with open(os.path.join(self.folder, out, "events.jsonl")) as file:
            return [event for event in map(json.loads, file) if event["event"] == kind]


class SameAsPyTorch(Case):
    """BSP without compression."""

    def compare(self, case, bound, **settings):
        def join(model, params):
            given = features.settings(case)
            return torch.optim.AdamW(params, lr=0.01) if given is None else torch.optim.SGD(
                params, **given)

        steps = settings.get("batchsize", 1)
        wanted = features.train(case, 1, join, steps * features.LAST).state_dict()
        self.run_program(case, case, 1, **settings)
        found = self.models(case, 1)[0]
        self.assertEqual(list(found), list(wanted))
        start = features.make_model(case).state_dict()
        for name, value in wanted.items():
            self.assertLessEqual((found[name] - value).abs().max().item(), bound, name)
            self.assertFalse(torch.equal(value, start[name]), name)
        self.assertEqual(len(self.events(case, "iteration")), features.LAST)

    def test_bits(self):
        """Starting from zero, sums are the same, in the same order, and products with 1/8 are
        exact."""
        self.compare("zero", 0)

    def test_everything(self):
        """Groups, a schedule, clipping, accumulation, BatchNorm, workers of a DataLoader."""
        self.compare("everything", 1e-6)

    def test_mixed_precision(self):
        """Tolerates what bfloat16 makes of a difference in the last place."""
        self.compare("amp", 2e-3)

    def test_adamw_inside(self):
        self.compare("local", 1e-6, contribution="delta", batchsize=3)


class Together(Case):
    def test_mean_of_gradients(self):
        """Three workers give the same result as one of SGD with the mean of their gradients."""
        models = [features.make_model("plain") for _ in range(3)]
        optimizers = [torch.optim.SGD(model.parameters(), **features.settings("plain"))
                      for model in models]
        steps = [features.steps("plain", rank, model, optimizer, last=features.LAST)
                 for rank, model, optimizer in zip((1, 2, 3), models, optimizers)]
        random = [torch.get_rng_state()] * 3
        for _ in range(features.LAST):
            for index, step in enumerate(steps):
                torch.set_rng_state(random[index])
                next(step)  # its gradients have been computed
                random[index] = torch.get_rng_state()
            for parameters in zip(*(model.parameters() for model in models)):
                mean = sum(p.grad for p in parameters) / 3
                for parameter in parameters:
                    parameter.grad = mean.clone()
        for step in steps:
            self.assertEqual(list(step), [])
        self.run_program("out", "plain", 3, workers_per_process=3)
        for model, found in zip(models, self.models("out", 3)):
            for name, value in model.state_dict().items():
                self.assertLess((found[name] - value).abs().max().item(), 1e-5, name)

    def test_same_bytes(self):
        """For any distribution over processes, and however many compute at the same time."""
        how = {"library": "ROG", "threshold": 4, "compression": "sign"}
        self.run_program("each", "plain", 3, "--jobs", "2", **how)
        digest = self.digest("each")
        for out, jobs, shared in [("one", "1", 3), ("again", "2", 3), ("two", "2", 2)]:
            self.run_program(out, "plain", 3, "--jobs", jobs, workers_per_process=shared, **how)
            self.assertEqual(self.digest(out), digest, out)

    def test_who_ends_early(self):
        self.run_program("out", "early", 3, workers_per_process=3)
        ranks = [event["rank"] for event in self.events("out", "iteration")]
        self.assertEqual([ranks.count(rank) for rank in (1, 2, 3)],
                         [features.LAST, 4, features.LAST])

    def test_an_exception(self):
        for shared in [1, 3]:
            said = self.run_program("out%d" % shared, "fails", 3, status=1,
                                    workers_per_process=shared)
            self.assertRegex(said, "worker 2.*ValueError: the third is enough")
            self.assertNotIn("^^", said)
            self.assertIn("worker 2", self.events("out%d" % shared, "error")[-1]["message"])
            log = said.split("(")[-1].split(")")[0]  # its name is at the end of the message
            with open(log) as file:
                last = file.read().splitlines()[-1]
            self.assertRegex(last, "^(worker 2: )?ValueError: the third is enough$")

    def test_killed_and_resumed(self):
        """With the state the program keeps: schedule, statistics of BatchNorm, random states."""
        for shared, case, more in [(3, "plain", {}), (3, "saves", {"overlap": True}),
                                   (2, "local", {"contribution": "delta", "batchsize": 3})]:
            how = dict(more, library="ROG", threshold=4, compression="sign",
                       workers_per_process=shared)
            self.run_program("whole", case, 3, **how)
            with unittest.mock.patch.dict(os.environ, PAUSE="0.03"):
                process = self.start("killed", case, 3, snapshot_period=0.01, **how)
            state = os.path.join(self.folder, "killed", "snapshot", "state")
            until = time.monotonic() + 100
            while not os.path.exists(state) and process.poll() is None:
                self.assertLess(time.monotonic(), until)
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            self.assertNotIn("must restart", process.communicate()[1])
            self.assertTrue(os.path.exists(state), "no snapshot was seen")
            self.run_program("killed", case, 3, "--resume", snapshot_period=1e6, **how)
            self.assertEqual(self.digest("killed"), self.digest("whole"))
            with open(os.path.join(self.folder, "killed", "worker1", "program.log")) as log:
                self.assertRegex(log.read(), "worker 1: taken up before iteration [1-9]")


if __name__ == "__main__":
    unittest.main(verbosity=2)
