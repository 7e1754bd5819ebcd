#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
A sweep by agents of a pool, several pools at once: agents and controllers are killed, stopped for longer
than a lease, and have failing calls (a rename, an fsync, a full disk); others replace them. After the
disturbances, each run ends with the bytes of an undisturbed pool, nothing is duplicated, and no process
and no part of the pool is left over.
"""
import os
import random
import signal
import sys
import threading
import time

from attempts import BUILD, HANGS_S, Kind, kill, processes_in, select, wait_until
from sweeps import CONF, RUNS, files

SHIM = os.path.join(BUILD, "tests/failing.so")
LEASE_S = 2
SWEEP = ["rogctl", "sweep", "x.conf", "--on", "list", "--lease", str(LEASE_S), "--plots", "plots", "-q"]
AGENT = ["rogctl", "agent", "results.pool/k-case0"]
AT_ONCE = 3
AGENTS = 2
DISTURBED_S = 8.0
CAUSES = ("No space left", "disk is full", "Input/output error", "disk I/O error")
FAILED = CAUSES + ("killed by signal 9",)  # permitted causes of failed runs, which the same command then repeats
OUTCOME = """SELECT library, seed, status,
    (SELECT group_concat(rank || ' ' || iteration || ' ' || t || ' ' || bytes_pushed) FROM
        (SELECT * FROM iterations WHERE run_id = id ORDER BY rank, iteration)),
    (SELECT count(*) FROM bandwidth WHERE run_id = id), (SELECT total(joules) FROM energy WHERE run_id = id),
    (SELECT count(*) FROM events WHERE run_id = id AND kind NOT IN ('resume', 'retry', 'executed')),
    (SELECT group_concat(t || ' ' || iteration) FROM checkpoints WHERE run_id = id) FROM runs ORDER BY library"""


def prepare_folder(folder):
    os.mkdir(folder)
    with open(os.path.join(folder, "x.conf"), "w") as file:
        file.write("snapshot_period = 0.1;\n" + CONF.replace("seconds = 400.0", "seconds = 4000.0"))


def prepare(kind):
    """The result of an undisturbed pool."""
    prepare_folder("whole")
    for command in (SWEEP, AGENT, SWEEP):
        result = kind.run(command, cwd="whole")
        if result.status != 0:
            kind.problem("lost", "%s, undisturbed, ends with status %s" % (" ".join(command), result.status), result)
    kind.outcome, kind.files = select("whole/results.db", OUTCOME), files("whole")


class Process:
    """An agent or a controller, with calls that may fail."""

    def __init__(self, pool, command, call=None):
        self.pool, self.command, self.call, self.killed = pool, command, call, False
        self.path = pool.path("said-%d" % pool.next_name)
        pool.next_name += 1
        env = {"LD_PRELOAD": SHIM, "ROG_FAIL": call, "ROG_FAIL_IN": "rogctl"} if call else {}
        with open(self.path, "wb") as said:
            self.process = pool.kind.start(command, cwd=pool.folder, stdout=said, stderr=said, env=env)

    def kill(self, number):
        self.killed = True
        return kill(self.process.pid, number)

    def is_over(self):
        return self.process.poll() is not None

    def look(self):
        """Called after its end. Returns True if a call has failed."""
        status = self.process.wait()
        with open(self.path, errors="replace") as file:
            said = file.read()
        os.remove(self.path)
        what = "%s%s" % (" ".join(self.command[:2]), " with " + self.call if self.call else "")
        if status < 0 and -status not in (signal.SIGKILL, signal.SIGTERM):
            self.pool.problems.append(("crashed", "%s ends by signal %d: %s" % (what, -status, said)))
        elif status == 1 and self.call and not self.killed and not any(cause in said for cause in FAILED):
            self.pool.problems.append(("silent", "%s does not say the cause: %s" % (what, said)))
        return bool(self.call) and status == 1


class Pool(threading.Thread):
    def __init__(self, kind, rng, folder):
        super().__init__()
        self.kind, self.rng, self.folder = kind, rng, folder
        self.kills, self.calls, self.next_name, self.problems = 0, 0, 0, []
        self.processes = {}
        prepare_folder(folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def draw_call(self):
        """None, or the call that must fail."""
        if not os.path.exists(SHIM) or self.rng.random() < 0.5:
            return None
        which = int(10 ** self.rng.uniform(0, 2.3))
        return "%s %d%s" % (self.rng.choice(["rename", "write", "fsync"]), which, self.rng.choice(["", "", "+"]))

    def fill(self):
        """Starts missing processes; checks those that have ended."""
        for name in ["controller"] + ["agent %d" % i for i in range(AGENTS)]:
            process = self.processes.get(name)
            if process and not process.is_over():
                continue
            if process:
                self.calls += process.look()
            if name != "controller" and not os.path.isdir(self.path("results.pool")):
                self.processes.pop(name, None)
                continue
            command = SWEEP + ["--attach"] if name == "controller" else AGENT
            self.processes[name] = Process(self, command, self.draw_call())

    def strike(self):
        victim = self.processes[self.rng.choice(sorted(self.processes))]
        trainers = processes_in(self.folder, b"rog-trainer")
        chance = self.rng.random()
        if chance < 0.15 and trainers:
            self.kills += kill(self.rng.choice(sorted(trainers)))
        elif chance < 0.3:  # for longer than a lease
            if victim.kill(signal.SIGSTOP):
                time.sleep(self.rng.uniform(0.5, 2) * LEASE_S)
                self.kills += kill(victim.process.pid, signal.SIGCONT)
        else:
            self.kills += victim.kill(self.rng.choice([signal.SIGKILL] * 3 + [signal.SIGTERM]))

    def is_done(self):
        """Returns whether all runs are done and collected."""
        rows = select(self.path("results.db"), "SELECT count(*) FROM sqlite_master WHERE name = 'runs'")
        if not rows or not rows[0][0] or os.path.exists(self.path("results.pool")):
            return False
        return select(self.path("results.db"), "SELECT count(*) FROM runs WHERE status = 'done'") == [(RUNS,)]

    def run(self):
        try:
            self.disturb()
            self.settle()
        except Exception as error:  # includes sqlite's errors about a damaged database
            self.problems.append(("lost", "%s: %s" % (type(error).__name__, error)))
        finally:
            for process in self.processes.values():
                kill(process.process.pid)

    def disturb(self):
        self.kind.run(SWEEP, cwd=self.folder)
        end = time.monotonic() + DISTURBED_S
        while time.monotonic() < end and not self.is_done():
            self.fill()
            time.sleep(self.rng.uniform(0.02, 0.6))
            self.strike()
        for process in self.processes.values():
            process.kill(signal.SIGKILL)
            self.calls += process.look()
        self.processes.clear()

    def settle(self):
        """Ends the disturbances."""
        end = time.monotonic() + HANGS_S
        while True:
            sweep = self.kind.run(SWEEP, cwd=self.folder)
            said = sweep.err.decode(errors="replace")
            if sweep.status is None:
                self.problems.append(("hung", "the sweep after all kills"))
            elif sweep.status not in (0, 1) or (sweep.status == 1 and not any(cause in said for cause in FAILED)):
                self.problems.append(("lost", "the sweep after all kills ends with status %d: %s" %
                                      (sweep.status, said)))
            if self.problems or self.is_done():
                break
            # A sweep that has collected a failed run removes the pool; the next one creates it again.
            if os.path.isdir(self.path("results.pool")):
                agent = self.kind.run(AGENT, cwd=self.folder)
                if agent.status not in (0, 75):
                    self.problems.append(("lost", "an agent after all kills ends with status %s: %s" %
                                          (agent.status, agent.err.decode(errors="replace"))))
            if time.monotonic() > end:
                self.problems.append(("hung", "the pool is not done %d s after all kills" % HANGS_S))
        if not wait_until(lambda: not processes_in(self.folder), 60):
            self.problems.append(("hung", "processes are left over: %s" % processes_in(self.folder)))
        self.compare()

    def compare(self):
        outcome = select(self.path("results.db"), OUTCOME)
        if len(outcome) > RUNS or select(self.path("results.db"), "SELECT count(*) FROM cases") != [(1,)]:
            self.problems.append(("doubled", "there are %d runs" % len(outcome)))
        elif len(outcome) < RUNS or any(row[2] != "done" for row in outcome):
            self.problems.append(("lost", "done are: %s" % [row[:3] for row in outcome]))
        elif outcome != self.kind.outcome:
            self.problems.append(("silent", "other results of %s" % [
                found[:3] for found, wanted in zip(outcome, self.kind.outcome) if found != wanted]))
        elif files(self.folder) != self.kind.files:
            self.problems.append(("silent", "other files: %s" % sorted(
                set(files(self.folder)) ^ set(self.kind.files))))


def attempt(kind, rng):
    pools = [Pool(kind, random.Random(rng.randrange(10**9)), os.path.abspath("pool-%d" % i)) for i in range(AT_ONCE)]
    for pool in pools:
        pool.start()
    for pool in pools:
        pool.join()
        kind.count(pool.kills)
        kind.count(pool.calls, "calls-in-pools")
        for which, text in pool.problems:
            kind.problem(which, "%s: %s" % (os.path.basename(pool.folder), text))


if __name__ == "__main__":
    sys.exit(Kind("pools", ["kills-in-pools", "calls-in-pools"]).main(attempt, prepare))
