#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
A sweep by agents that are jobs of a Slurm of one node, in a shared folder that is a separate file
system (needs root and both): agents, trainers, the batch script, slurmstepd, slurmd, slurmctld and
the sweep's process are killed, jobs are cancelled and requeued, and the shared folder disappears,
hangs, is full or rejects every change for some seconds. After the disturbances, the same command ends
with the event streams of an undisturbed sweep, nothing twice, and leaves nothing behind.
"""
import hashlib
import os
import signal
import subprocess
import sys
import time

from attempts import HANGS_S, Kind, Result, kill, processes_in, select, skip, wait_until
from pools import OUTCOME
from sweeps import files

HERE = os.path.dirname(os.path.abspath(__file__))
# Without a network namespace: Slurm resolves no address with only a loopback interface.
ALONE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
TOOLS = os.path.join(os.path.dirname(HERE), "system/tools")
RUNS = 12
CONF = """case = "k"; workload = "none"; seconds = 6000.0; checkpoint_period = 500.0; snapshot_period = 0.2;
matrix = { library = ["BSP", "SSP", "ROG"]; threshold = [4]; seed = [1, 2, 3, 4]; };
"""
SLURM_CONF = 'kind = "slurm"; signal_before = 10;\n'
LEASE_S = 3
SWEEP = ["rogctl", "sweep", "x.conf", "--on", "slurm:s.conf", "--attach", "--lease", str(LEASE_S), "--plots", "plots",
         "-q"]
STRIKES = 30
CUT_S = (0.2, 2.5 * LEASE_S)
IMAGE_BYTES = 192 << 20
# The kinds of disturbances, and their relative frequencies.
VICTIMS = {"controller": 4, "agent": 5, "trainer": 3, "script": 2, "slurmstepd": 3, "slurmd": 3, "slurmctld": 3,
           "job": 3, "folder": 5}


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False)


def programs(name):
    """IDs of processes with that name, without zombies; all of them belong to this attempt."""
    return sorted(int(word) for word in run("pgrep", "-x", "-r", "D,R,S,T,I", name).stdout.split())


class Slurm:
    """tests/system/tools/slurm.sh, which restarts programs on request."""

    def __init__(self, folder, env):
        os.mkdir(folder)
        script = ('. "$ROG_TEST_TOOLS/lib.sh"; . "$ROG_TEST_TOOLS/slurm.sh"; slurm_up 2; echo "up $SLURM_CONF"\n'
                  'while read -r what; do "slurm_$what"; done')
        self.shell = subprocess.Popen(["sh", "-c", script], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      text=True, env=dict(env, ROG_TEST_TOOLS=TOOLS))
        said = self.shell.stdout.readline().strip()
        if not said.startswith("up "):
            skip("no Slurm here: " + said.replace("skipped: ", ""))
        self.conf = os.environ["SLURM_CONF"] = said[3:]

    def start(self, what):
        self.shell.stdin.write(what + "\n")
        self.shell.stdin.flush()

    def mend(self):
        """Acts like an administrator: restarts programs that have ended, resumes a drained node."""
        for what in ("slurmctld", "slurmd"):
            if not programs(what):
                self.start(what)
                wait_until(lambda: programs(what), 30)
        state = run("sinfo", "-h", "-o", "%T").stdout.strip()
        if state.startswith(("drain", "down")) and "idle" not in state:
            run("scontrol", "update", "nodename=one", "state=resume")

    def jobs(self):
        return run("squeue", "-h", "-r", "-o", "%i").stdout.split()


class Folder:
    """The shared folder: a file system in an image, which can be removed while it is in use."""

    def __init__(self, path):
        self.path, self.away, self.image = path, path + ".away", path + ".image"
        for folder in (path, self.away):
            os.mkdir(folder)
        with open(self.image, "wb") as file:
            file.truncate(IMAGE_BYTES)
        made = run("mkfs.ext4", "-q", "-F", self.image)
        if made.returncode == 0:
            made = run("mount", "-o", "loop", self.image, path)
        if made.returncode:
            skip("no file system of its own here: " + made.stderr.strip())
        os.chmod(path, 0o700)

    def hide(self):
        """Like an unmount: the path becomes an empty folder, open files stay."""
        run("mount", "--move", self.path, self.away)
        yield
        run("mount", "--move", self.away, self.path)

    def freeze(self):
        """Hangs like a server that does not respond."""
        run("fsfreeze", "-f", self.path)
        yield
        run("fsfreeze", "-u", self.path)

    def fill(self):
        path = os.path.join(self.path, "ballast")
        run("fallocate", "-l", str(IMAGE_BYTES), path)  # as large as possible
        with open(path, "ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        yield
        os.remove(path)

    def refuse(self):
        """Nothing can be created, renamed or removed; open files can be written."""
        folders = [where for where, _, _ in os.walk(self.path)]
        run("chattr", "+i", *folders)
        yield
        run("chattr", "-i", *folders)

    def cut(self, rng):
        how = rng.choice([self.hide, self.hide, self.freeze, self.fill, self.refuse])()
        next(how)
        time.sleep(rng.uniform(*CUT_S))
        next(how, None)
        return 1

    def remove(self):
        run("umount", "-l", self.path)
        os.remove(self.image)


def streams(database):
    """The event stream of each run, without its first line, which names files."""
    rows = select(database, "SELECT library, seed, id FROM runs ORDER BY library, seed")
    sums = []
    for library, seed, run_id in rows:
        with open(os.path.join(database[:-3] + ".runs", run_id, "events.jsonl"), "rb") as file:
            file.readline()
            sums.append((library, seed, hashlib.sha256(file.read()).hexdigest()))
    return sums


def results(folder):
    """Files of runs, except those that differ between the places of execution."""
    return [name for name in files(folder) if "results.runs/" in name and
            os.path.basename(name) not in ("lock", "controller.jsonl")]


def write_conf(folder):
    for name, text in (("x.conf", CONF), ("s.conf", SLURM_CONF)):
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)


def prepare(kind):
    kind.env["SLURM_CONF"] = ""
    kind.slurm = Slurm(os.path.join(kind.home, "cluster"), kind.env)
    kind.env["SLURM_CONF"] = kind.slurm.conf
    os.mkdir("whole")
    write_conf("whole")
    result = kind.run(["rogctl", "sweep", "x.conf", "--jobs", "2", "--plots", "plots", "-q"], cwd="whole")
    if result.status != 0:
        kind.problem("lost", "a sweep that nobody disturbs ends with status %s" % result.status, result)
    kind.outcome, kind.files = select("whole/results.db", OUTCOME), results("whole")
    kind.streams = streams("whole/results.db")


class Attempt:
    def __init__(self, kind, rng):
        self.kind, self.rng, self.slurm = kind, rng, kind.slurm
        self.shared = Folder(os.path.abspath("shared"))
        self.folder, self.controller = self.shared.path, None
        if rng.randrange(2):  # only the pool is shared
            self.folder = os.path.abspath("local")
            os.mkdir(self.folder)
            os.symlink(self.shared.path, os.path.join(self.folder, "results.pool"))
        write_conf(self.folder)

    def start_controller(self):
        if self.controller and self.controller.poll() is None:
            return
        said = open("said", "ab")
        try:
            self.controller = self.kind.start(SWEEP, cwd=self.folder, stdout=said, stderr=said)
        except FileNotFoundError:  # the folder is unmounted
            pass
        said.close()

    def look_at_controller(self):
        """After it has ended by itself: a signal that was not sent here is a crash."""
        status = self.controller.poll() if self.controller else None
        if status is not None and status < 0 and -status not in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            self.kind.problem("crashed", "the sweep ends by signal %d" % -status)

    def victims(self, what):
        if what == "agent":
            return [pid for pid in programs("rogctl") if b"agent" in open("/proc/%d/cmdline" % pid, "rb").read()]
        return programs({"trainer": "rog-trainer", "script": "slurm_script"}.get(what, what))

    def strike(self):
        """Disturbs a random victim; returns its name, and 1 if it existed."""
        what = self.rng.choices(list(VICTIMS), list(VICTIMS.values()))[0]
        if what == "folder":
            return what, self.shared.cut(self.rng)
        if what == "job":
            jobs = self.slurm.jobs()
            words = self.rng.choice([["scancel"], ["scancel", "-s", "USR1", "-b"], ["scontrol", "requeue"]])
            return what, int(bool(jobs) and run(*words, self.rng.choice(jobs or [""])).returncode == 0)
        if what == "controller":
            number = self.rng.choice([signal.SIGKILL] * 3 + [signal.SIGTERM, signal.SIGINT])
            return what, int(self.controller.poll() is None and kill(self.controller.pid, number))
        try:
            found = self.victims(what)
        except OSError:
            found = []
        number = self.rng.choice([signal.SIGKILL] * 4 + [signal.SIGTERM]) if what != "trainer" else signal.SIGKILL
        return what, int(bool(found) and kill(self.rng.choice(found or [0]), number))

    def is_done(self):
        try:
            return select(os.path.join(self.folder, "results.db"),
                          "SELECT count(*) FROM runs WHERE status = 'done'") == [(RUNS,)]
        except Exception:  # the table does not exist yet
            return False

    def disturb(self):
        for _ in range(STRIKES):
            self.start_controller()
            time.sleep(self.rng.uniform(0.1, 1.5))
            self.look_at_controller()
            if self.is_done():
                break
            what, there = self.strike()
            self.kind.count(there, "kills-of-" + what)
            self.slurm.mend()
        if self.controller and self.controller.poll() is None:
            self.kind.count(kill(self.controller.pid), "kills-of-controller")
            self.controller.wait()

    def sweep(self):
        """Runs the same command to its end. Slurm detects lost jobs when a slurmd registers, which happens
        every half hour, or on request."""
        process = self.kind.start(SWEEP, cwd=self.folder)
        end = time.monotonic() + HANGS_S
        while process.poll() is None and time.monotonic() < end:
            self.slurm.mend()
            run("scontrol", "reconfigure")
            wait_until(lambda: process.poll() is not None, 30)
        hangs = process.poll() is None
        if hangs:
            os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        return Result(None if hangs else process.returncode, out, err)

    def settle(self):
        """Ends the disturbances."""
        for _ in range(3):
            result = self.sweep()
            if result.status == 0:
                break
            if result.status is None or result.crashed():
                self.kind.problem("hung" if result.status is None else "crashed", "the sweep after all kills", result)
                break
        else:
            self.kind.problem("lost", "the sweep after all kills ends with status %s" % result.status, result)
        if not wait_until(lambda: not self.slurm.jobs(), 120):
            self.kind.problem("silent", "jobs are left over: %s" % run("squeue", "-r").stdout)
        if not wait_until(lambda: not processes_in(self.folder), 60):
            self.kind.problem("hung", "processes are left over: %s" % processes_in(self.folder))

    def compare(self):
        database = os.path.join(self.folder, "results.db")
        outcome = select(database, OUTCOME)
        if len(outcome) > RUNS or select(database, "SELECT count(*) FROM cases") != [(1,)]:
            self.kind.problem("doubled", "there are %d runs" % len(outcome))
        elif len(outcome) < RUNS or any(row[2] != "done" for row in outcome):
            self.kind.problem("lost", "not done: %s" % select(
                database, "SELECT library, seed, status, error FROM runs WHERE status != 'done'"))
        elif outcome != self.kind.outcome or streams(database) != self.kind.streams:
            self.kind.problem("silent", "other results of %s" % [
                found for found, wanted in zip(streams(database), self.kind.streams) if found != wanted])
        elif results(self.folder) != self.kind.files:
            self.kind.problem("silent", "other files: %s" % sorted(
                set(results(self.folder)) ^ set(self.kind.files)))
        pool = os.path.join(self.folder, "results.pool/k-case0")
        if os.path.isdir(pool):
            self.kind.problem("silent", "of the pool are left: %s" % run("find", pool).stdout)

    def run(self):
        try:
            self.disturb()
            self.settle()
            if not self.kind.found:
                self.compare()
        finally:
            if self.controller and self.controller.poll() is None:
                kill(self.controller.pid)
            for job in self.slurm.jobs():
                run("scancel", job)
            if self.kind.found:
                run("cp", "-a", self.shared.path, "shared.kept")
            self.shared.remove()


def attempt(kind, rng):
    Attempt(kind, rng).run()


def main():
    if os.getuid() != 0:
        skip("a Slurm needs root")
    if "ROG_TORTURE_ALONE" not in os.environ:
        if run(*ALONE, "true").returncode:
            skip("no namespaces here")
        os.execvpe(ALONE[0], [*ALONE, *sys.argv], dict(os.environ, ROG_TORTURE_ALONE="1"))
    return Kind("jobs", ["kills-of-" + what for what in VICTIMS]).main(attempt, prepare)


if __name__ == "__main__":
    sys.exit(main())
