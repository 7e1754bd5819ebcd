#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Kills servers, workers and rogctl in real time, on clusters of processes of this machine, several at
once: in the end each run is done, has no iteration twice, passes `rogctl verify`, and no process or
key is left over. (Iterations may be missing: a killed worker resumes at the iteration of the others,
and what a server had not saved is lost, as recorded for its run.)
"""
import os
import signal
import sys
import threading
import time

from attempts import HANGS_S, Kind, kill, processes_in, select, wait_until

CLUSTER = """kind = "local"; stall_limit = 120.0; worker_timeout = 5.0; retries = 3; restarts = 1000;
workers = ( { step_s = 0.1; compress_s = 0.01; decompress_s = 0.01; trace_offset = 30.0; },
    { step_s = 0.1; compress_s = 0.01; decompress_s = 0.01; trace_offset = 90.0; } );
"""
CONF = """case = "l"; workload = "none"; wire_model = "convmlp-nano"; epochs = 100000; seconds = 12.0;
checkpoint_period = 1.0; trace = "constant:20"; runs = ( { library = "%s"; threshold = %d; seed = %d; } );
"""
AT_ONCE = 3
KILLS_S = 9.0  # the run is not disturbed after that
TWICE = """SELECT rank, iteration, count(*) FROM iterations GROUP BY run_id, rank, iteration
    HAVING count(*) > 1"""


class Run(threading.Thread):
    """One sweep in its own folder, with kills for a limited time."""

    def __init__(self, kind, rng, folder):
        super().__init__()
        self.kind, self.rng, self.folder = kind, rng, folder
        self.kills, self.problems = 0, []
        os.mkdir(folder)
        library, threshold = rng.choice([("BSP", 0), ("SSP", 3), ("ROG", 4)])
        for name, text in (("c.conf", CLUSTER), ("x.conf", CONF % (library, threshold, rng.randrange(1000)))):
            with open(os.path.join(folder, name), "w") as file:
                file.write(text)

    def path(self, name):
        return os.path.join(self.folder, name)

    def begin(self):
        with open(self.path("said"), "ab") as said:
            return self.kind.start(["rogctl", "sweep", "x.conf", "--cluster", "c.conf"], cwd=self.folder,
                                   stdout=said, stderr=said)

    def iterations(self):
        rows = select(self.path("results.db"), "SELECT count(*) FROM sqlite_master WHERE name = 'iterations'")
        return select(self.path("results.db"), "SELECT count(*) FROM iterations")[0][0] if rows and rows[0][0] else 0

    def strike(self, process):
        if self.rng.random() < 0.12:
            self.kills += kill(process.pid, self.rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGINT]))
            if not wait_until(lambda: process.poll() is not None):
                self.problems.append(("hung", "rogctl goes on after it was killed"))
                kill(process.pid)
            if not wait_until(lambda: not processes_in(self.folder), 120):
                self.problems.append(("hung", "processes outlive rogctl"))
            return self.begin()
        victims = processes_in(self.folder, b"rog-trainer")
        if victims:
            self.kills += kill(self.rng.choice(sorted(victims)))
        return process

    def run(self):
        process = self.begin()
        wait_until(lambda: process.poll() is not None or self.iterations() > 4, 120)
        end = time.monotonic() + KILLS_S
        while process.poll() is None and time.monotonic() < end:
            time.sleep(self.rng.uniform(0.05, 1.0))
            process = self.strike(process)
        if not wait_until(lambda: process.poll() is not None):
            self.problems.append(("hung", "the run goes on after all kills"))
            os.killpg(process.pid, signal.SIGKILL)
        self.look(process.wait())

    def look(self, status):
        if status != 0:
            which = "crashed" if status < 0 and status != -signal.SIGKILL else "lost"
            self.problems.append((which, "the sweep ends with status %d" % status))
        if not wait_until(lambda: not processes_in(self.folder), 120):
            self.problems.append(("hung", "processes are left over: %s" % processes_in(self.folder)))
        runs = select(self.path("results.db"), "SELECT id, status FROM runs") or []
        if [row[1] for row in runs] != ["done"]:
            self.problems.append(("doubled" if len(runs) > 1 else "lost", "runs are %s" % runs))
        twice = select(self.path("results.db"), TWICE) if runs else []
        if twice:
            self.problems.append(("doubled", "rank, iteration, times: %s" % twice))
        for row in runs:
            result = self.kind.run(["rogctl", "verify", row[0]], HANGS_S, cwd=self.folder)
            if result.status != 0:
                self.problems.append(("silent", "verify: " + (result.out + result.err).decode(errors="replace")))
        if any("key" in names for _, _, names in os.walk(self.folder)):
            self.problems.append(("silent", "a key is left over"))


def attempt(kind, rng):
    runs = [Run(kind, rng.__class__(rng.randrange(10**9)), os.path.abspath("run-%d" % i)) for i in range(AT_ONCE)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
        kind.count(run.kills)
        for which, text in run.problems:
            kind.problem(which, "%s: %s" % (os.path.basename(run.folder), text))


if __name__ == "__main__":
    sys.exit(Kind("nodes", ["kills-of-nodes"]).main(attempt))
