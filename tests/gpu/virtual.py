# SPDX-License-Identifier: Apache-2.0
"""Runs on the virtual cluster for measurements: their configuration and results."""
import hashlib
import json
import os
import shlex
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))


class Failed(Exception):
    """The message of a run that failed."""


def environment(build):
    """Returns the environment for programs of that build; libraries beside its bin are included, as
    in a bundle for hosts."""
    made = dict(os.environ, ROG_LIBRARY=os.path.join(build, "lib", "librog.so.0"),
                ROG_PLUGIN_PATH=os.path.join(build, "lib", "rog", "plugins"))
    made["PYTHONPATH"] = os.path.join(SOURCE, "python")
    made.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    made["PYTHONDONTWRITEBYTECODE"] = "1"
    if os.path.exists(os.path.join(build, "bin", "rog-unpack")):
        made["LD_LIBRARY_PATH"] = os.path.join(build, "lib")
    return made


class Watch:
    """Polls a simulation and its programs."""

    def __init__(self, pid):
        self._pid, self._over = pid, threading.Event()
        self._cpu_s, self._pss = 0.0, 0
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self):
        while not self._over.wait(0.1):
            try:
                with open("/proc/%d/stat" % self._pid, encoding="ascii") as file:
                    fields = file.read().rpartition(")")[2].split()
                self._cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
                self._pss = max(self._pss, sum(map(_pss_kib, _family(self._pid))))
            except (OSError, IndexError):
                pass  # it has ended

    def end(self):
        """Returns the CPU time of the simulation itself, s, and the largest memory of it and its
        programs (resident, with shared memory counted once), MiB."""
        self._over.set()
        self._thread.join()
        return {"simulation_cpu_s": self._cpu_s, "pss_mib": self._pss / 1024}


def _family(pid):
    found = [pid]
    for one in found:
        for task in os.listdir("/proc/%d/task" % one):
            with open("/proc/%d/task/%s/children" % (one, task), encoding="ascii") as file:
                found += map(int, file.read().split())
    return found


def _pss_kib(pid):
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


class Run:
    """A run of tests/gpu/train.py, executed by the constructor."""

    def __init__(self, build, out, program, workers, *, hosted=None, seconds=0, **settings):
        self.out, self.workers = out, workers
        os.makedirs(out, exist_ok=True)
        command = [sys.executable, os.path.join(HERE, "train.py")] + [str(word) for word in program]
        config = {"library": "BSP", "threshold": 0, "compression": "none", "trace": "constant:100",
                  "workload": "program", "command": " ".join(map(shlex.quote, command)), "files": [],
                  "batch": 24, "seconds": seconds, "learning_rate": 1e-3, "checkpoint_period": 1e9,
                  "workers_per_process": hosted or workers, "step_limit": 300,
                  "workers": [{"rank": rank, "step_s": 0.1, "compress_s": 0.01,
                               "decompress_s": 0.01, "watts_compute": 12.7,
                               "watts_communicate": 4.2, "watts_stall": 3.85}
                              for rank in range(1, workers + 1)]}
        config.update(settings)
        path = os.path.join(out, "config.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            [os.path.join(build, "bin", "rog-trainer"), "simulate", "--config", path, "--out", out],
            env=environment(build), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        watch = Watch(self.process.pid)
        self.said, _ = self.process.communicate()
        self.seconds = time.perf_counter() - begin
        self.used = watch.end()
        if self.process.returncode:
            raise Failed(self.said.strip()[-2000:] or "status %d" % self.process.returncode)

    def events(self):
        """Returns a hash of the events without the first line, which describes the process."""
        with open(os.path.join(self.out, "events.jsonl"), "rb") as file:
            return hashlib.sha256(b"".join(file.readlines()[1:])).hexdigest()

    def iterations(self):
        with open(os.path.join(self.out, "events.jsonl"), encoding="utf-8") as file:
            return [event for event in map(json.loads, file) if event.get("event") == "iteration"]

    def models(self):
        """Returns the model of each worker, as bytes of float32."""
        found = []
        for rank in range(1, self.workers + 1):
            with open(os.path.join(self.out, "worker%d" % rank, "model"), "rb") as file:
                found.append(file.read())
        return found

    def times(self, rank=1):
        with open(os.path.join(self.out, "worker%d" % rank, "times.json"), encoding="utf-8") as file:
            return json.load(file)
