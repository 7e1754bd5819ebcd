# SPDX-License-Identifier: Apache-2.0
"""Many workers in one process (rog.worker_host), compared with a process for each."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

from cluster import SOURCE, torch  # torch first: skips where there is none

from simulation import Simulation

# The beginning of every program here.
HEAD = """
import os, random, sys
import torch, rog
rank = int(os.environ["ROG_RANK"])

def make():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 10), torch.nn.Dropout(0.3), torch.nn.Tanh(),
                               torch.nn.Linear(10, 3))

def join(model, **more):
    return rog.Optimizer(model.named_parameters(), lr=0.05, momentum=0.9, rank=rank,
                         server=os.environ["ROG_SERVER"], out_dir=os.environ["ROG_OUT"],
                         workers=int(os.environ["N"]), strategy="bsp", compression="none", **more)
"""


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def start(self, simulation, script, workers, hosted, arguments=(), **environment):
        """Starts the processes, or one process if they are hosted."""
        path = os.path.join(self.folder, "train.py")
        with open(path, "w") as file:
            file.write(HEAD + textwrap.dedent(script))
        processes = []
        for rank in [1] if hosted else range(1, workers + 1):
            out = os.path.join(self.folder, "hosted" if hosted else "each", "worker%d" % rank)
            os.makedirs(os.path.join(out, "program"), exist_ok=True)
            command = [sys.executable, "-B"]
            if hosted:
                command += ["-m", "rog.worker_host", "--workers", str(workers)]
            processes.append(subprocess.Popen(
                command + [path, *arguments], cwd=os.path.join(out, "program"),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                env=dict(os.environ, ROG_SERVER=simulation.server, ROG_RANK=str(rank), ROG_OUT=out,
                         N=str(simulation.workers), PYTHONPATH=os.path.join(SOURCE, "python"),
                         **environment)))
        return processes

    def run_program(self, script, workers=3, hosted=True, arguments=(), simulate={}, **environment):
        """Returns the simulation, and for each process its status and output."""
        with Simulation(workers, **simulate) as simulation:
            processes = self.start(simulation, script, workers, hosted, arguments, **environment)
            said = [process.communicate(timeout=120)[0] for process in processes]
            simulation.nobody_comes = True
        return simulation, [process.returncode for process in processes], said

    def read(self, kind, rank, name="result"):
        with open(os.path.join(self.folder, kind, "worker%d" % rank, name)) as file:
            return file.read()


class Same(Case):
    """The same bytes as with a process for each worker."""

    SCRIPT = """
        import hashlib
        import numpy as np

        model = make()
        torch.manual_seed(100 + rank), np.random.seed(rank), random.seed(rank)
        if rank == 2:
            os.environ["MINE"] = "2"
            torch.set_default_dtype(torch.float64)
            os.chdir("..")
        where = os.getcwd()
        optimizer = join(model)
        data = torch.utils.data.TensorDataset(torch.randn(64, 6).float(), torch.randint(3, (64,)))
        loader = torch.utils.data.DataLoader(data, 8, shuffle=True,
                                             num_workers=int(sys.argv[1]) if rank < 3 else 0)
        for _ in range(2):
            for x, y in loader:
                x = x + 0.01 * float(np.random.randn()) + 0.01 * random.random()
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        optimizer.finish()
        assert os.environ.get("MINE") == ("2" if rank == 2 else None)
        assert torch.get_default_dtype() == (torch.float64 if rank == 2 else torch.float32)
        assert os.getcwd() == where and sys.argv[2:] == ["-x"] and __name__ == "__main__"
        assert sys.modules["__main__"].model is model and sys.path[0] == os.path.dirname(__file__)

        def digest(data):
            return hashlib.sha256(data).hexdigest()

        with open(os.path.join(os.environ["ROG_OUT"], "result"), "w") as file:
            print(digest(b"".join(p.detach().numpy().tobytes() for p in model.parameters())),
                  digest(torch.get_rng_state().numpy().tobytes()), repr(random.getstate())[-300:],
                  np.random.rand(), file=file)
    """

    def test_same_bytes(self):
        for hosted in [True, False]:
            simulation, status, said = self.run_program(self.SCRIPT, hosted=hosted,
                                                        arguments=["2", "-x"])
            self.assertEqual(simulation.error, None)
            self.assertEqual(status, [0] * len(status), said)
            self.assertEqual(simulation.order, [1, 2, 3] * 17)
        results = [self.read("each", rank) for rank in (1, 2, 3)]
        self.assertEqual([self.read("hosted", rank) for rank in (1, 2, 3)], results)
        self.assertEqual(len({result.split()[0] for result in results}), 1)
        self.assertEqual(len({result.split()[1] for result in results}), 3)

    def test_what_is_a_workers_own(self):
        """Random numbers without a seed, files, lines; and the same recursion limit as
        elsewhere."""
        with open(os.path.join(self.folder, "given"), "w") as file:
            file.write("x")
        simulation, status, said = self.run_program("""
            import numpy as np
            print("a", end="")
            with open("mine", "w") as file:
                file.write(str(rank))
            optimizer = join(torch.nn.Linear(2, 1))
            with open("mine") as file, open("../result", "w") as result:
                print(file.read(), os.path.exists("../train.py"), torch.rand(1).item(),
                      np.random.rand(), random.random(), file=result)
            print("b\\nc")
            sys.stderr.write("d\\n")
            sys.setrecursionlimit(20000)
            deep = lambda n: 0 if n == 0 else 1 + max(map(deep, [n - 1]))
            assert deep(5000) == 5000
            optimizer.finish()
        """)
        self.assertEqual((simulation.error, status), (None, [0]), said)
        results = [self.read("hosted", rank).split() for rank in (1, 2, 3)]
        for column, values in enumerate(zip(*results)):
            self.assertEqual(len(set(values)), 1 if column == 1 else 3, results)
        lines = said[0].splitlines()
        for rank in (1, 2, 3):
            for text in ["a", "b", "c", "d"]:
                self.assertIn("worker %d: %s" % (rank, text), lines)

    def test_what_is_shared(self):
        """A module is imported once."""
        with open(os.path.join(self.folder, "helper.py"), "w") as file:
            file.write("count = 0\n")
        simulation, status, said = self.run_program("""
            import helper
            helper.count += 1
            optimizer = join(torch.nn.Linear(2, 1))
            optimizer.finish()
            assert helper.count == 3
        """)
        self.assertEqual((simulation.error, status), (None, [0]), said)


class Failures(Case):
    """Failures of the second of two workers."""

    SCRIPT = """
        import threading
        case, optimizer = sys.argv[1], None

        def act():
            if case == "exception":
                raise ValueError("no such \xe9 thing")
            if case == "status":
                sys.exit(3)
            if case == "early":
                sys.exit(0)
            if case == "thread":
                threading.excepthook = lambda given: (print("said:", given.exc_value, flush=True),
                                                          os._exit(7))
                threading.Thread(target=optimizer.finish).start()
                threading.Event().wait(30)

        if rank == 2 and case == "before":
            raise KeyError("data")
        if rank == 2 and case == "nothing":
            sys.exit()
        optimizer = join(torch.nn.Linear(2, 1))
        act() if rank == 2 else None
        if rank == 2 and case == "unfinished":
            sys.exit()
        optimizer.finish()
    """

    def fails(self, case, told, status=1, hosted=True):
        """Checks what is reported to the simulation. Returns the last line of output."""
        simulation, codes, said = self.run_program(self.SCRIPT, 2, hosted, [case])
        self.assertRegex(simulation.error or "", told)
        self.assertEqual(codes[-1], status, said)
        return said[-1].splitlines()[-1]

    def test_exception(self):
        told = r"(?s)^worker 2: Traceback .*train.py.*in act.*ValueError: no such \xe9 thing$"
        self.assertEqual(self.fails("exception", told), "worker 2: ValueError: no such \xe9 thing")
        self.assertEqual(self.fails("exception", told, hosted=False), "ValueError: no such \xe9 thing")

    def test_before_it_joins(self):
        last = self.fails("before", "has closed")
        self.assertEqual(last, "worker 2: KeyError: 'data'")
        self.assertRegex(self.fails("nothing", "has closed"), "worker 2: it exited without taking part")

    def test_too_early(self):
        told = "worker 2: it exited before the end of the run: call optimizer.finish"
        self.assertRegex(self.fails("early", told), told)
        told = r"worker 2: it called sys.exit\(3\)"
        self.assertRegex(self.fails("status", told), told)

    def test_a_thread_of_its_own(self):
        self.assertRegex(self.fails("thread", "has closed", 7), "worker 2: said: the exchange was called in a")

    def test_wrong_commands(self):
        for arguments, part, environment in [
                (["--workers", "0", "x.py"], "must be from 1 to 4096", {"ROG_RANK": "1"}),
                (["--workers", "2", "nosuch.py"], "cannot read nosuch.py: No such", {"ROG_RANK": "1"}),
                (["--workers", "2", "x.py"], "ROG_RANK is not set", {"ROG_RANK": ""})]:
            done = subprocess.run([sys.executable, "-B", "-m", "rog.worker_host"] + arguments,
                                  stderr=subprocess.PIPE, text=True, check=False,
                                  env=dict(os.environ, PYTHONPATH=os.path.join(SOURCE, "python"),
                                           **environment))
            self.assertIn(part, done.stderr)
            self.assertIn(done.returncode, (1, 2))

    def test_interrupt(self):
        with Simulation(3) as simulation:  # the third never connects, so both wait
            process = self.start(simulation, "join(torch.nn.Linear(2, 1))", 2, True)[0]
            while len(simulation.peers) < 2:
                self.assertIsNone(process.poll())
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=30)[0]
            self.assertEqual((process.returncode, said), (-signal.SIGINT, ""))


class Tests(unittest.TestCase):
    """rog.test_host: each checkpoint is tested as in a process of its own, except for the
    imports."""

    SCRIPT = """
        '''A test.'''
        import os, sys
        import counted
        import own
        state = [len(own.__name__)]
        if __name__ == "__main__":
            path = os.environ["ROG_CHECKPOINT"]
            state.append(path)
            print(sys.argv[1:], len(state), repr(sys.stdin.read()))
            if "bad" in path:
                raise ValueError("bad " + path)
            if "out" in path:
                sys.exit(3)
            if "kill" in path:
                os.kill(os.getpid(), 9)
            print(path)
        """

    def run_host(self, paths, text=None):
        with tempfile.TemporaryDirectory() as folder:
            files = {"test.py": textwrap.dedent(self.SCRIPT if text is None else text),
                     "own.py": "print('own')\n", "site/counted.py": "print('counted')\n"}
            os.mkdir(os.path.join(folder, "site"))
            for name, words in files.items():
                with open(os.path.join(folder, name), "w") as file:
                    file.write(words)
            path = os.pathsep.join([os.path.join(SOURCE, "python"), os.path.join(folder, "site")])
            done = subprocess.run([sys.executable, "-B", "-m", "rog.test_host", "test.py", "--test"],
                                  input="".join(p + "\0" for p in paths), text=True, cwd=folder,
                                  capture_output=True, env=dict(os.environ, PYTHONPATH=path))
        outputs, statuses = [""], []
        for line in done.stdout.split("\n"):
            if line.startswith("\036rog.test_host "):
                statuses.append(int(line.split()[1]))
                outputs.append("")
            elif line:
                outputs[-1] += line + "\n"
        return done, outputs[:-1], statuses

    def test_copies(self):
        done, outputs, statuses = self.run_host(["one", "bad", "out", "kill", "a two"])
        self.assertEqual(statuses, [0, 1 << 8, 3 << 8, 9, 0])
        first = "['--test'] 2 ''\n"
        self.assertEqual(outputs[0], "counted\nown\n" + first + "one\n")
        self.assertEqual(outputs[4], "own\n" + first + "a two\n")  # a new module each time
        self.assertEqual(outputs[2], "own\n" + first)
        self.assertIn('File "test.py", line 12, in <module>', done.stderr)
        self.assertTrue(done.stderr.rstrip().endswith("ValueError: bad bad"))
        self.assertNotIn("test_host", done.stderr)

    def test_scripts_that_fail_say_so_as_ever(self):
        for text, words in (("import nothing_such\n", "No module named 'nothing_such'"),
                            ("print((\n", "SyntaxError"), ("\n" * 3 + "1/0\n", "line 4")):
            done, _, statuses = self.run_host(["one", "two"], text)
            self.assertEqual(statuses, [1 << 8, 1 << 8], done.stderr)
            self.assertEqual(done.stderr.count("Traceback") or 2, 2)
            self.assertIn(words, done.stderr)

    def test_what_comes_before_an_import_still_does(self):
        text = """
            import os
            os.environ["FIRST"] = "1"
            import late
            """
        _, outputs, _ = self.run_host(["one"], text.replace("late", "counted"))
        self.assertEqual(outputs, ["counted\n"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
