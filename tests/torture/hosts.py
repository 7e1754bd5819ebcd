#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Hosts that hang, die or send false data, in a lab of network namespaces with real sshd (needs root and
namespaces): rogctl ends or continues by itself, a second signal ends it whatever hangs, the data sent
by a host are bounded, and earlier stored data stay intact.
"""
import os
import shutil
import signal
import subprocess
import sys
import time

from attempts import BUILD, Kind, kill, select, skip, wait_until

OWN_LAB = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "in-own-lab")
LAB, CACHES = "/run/rogctl-lab", "/var/cache/rogctl-lab"
WORKERS = 2
# Short limits, since an attempt waits for a disturbed run.
CLUSTER = "stall_limit = 15.0; worker_timeout = 4.0; retries = 1; lease = 20.0; min_workers = 1;\n"
CONF = """case = "f"; seconds = 8.0; checkpoint_period = 1.0; trace = "constant:20"; workload = "none";
wire_model = "convmlp-nano"; epochs = 100000; runs = ( { library = "SSP"; threshold = 4; } );
"""
LINES = [b"", b"{", b"null\n", b"\0" * 5000 + b"\n", b'{"event":"iteration","t":1e999,"rank":1,"iteration":1}\n',
         b'{"event":"\\u0063heckpoint","t":1,"iteration":1,"path":"../../../../etc/passwd","sha256":"0"}\n',
         b'{"event":"checkpoint","t":1,"iteration":1,"path":"chkpt/x.safetensors","sha256":"0"}\n',
         b'{"event":"start","t":-1,"workers":' + b"[" * 3000 + b"\n", b'{"event":"error","t":1,"message":"\x1b[2J"}\n',
         b'{"event":"energy","t":1,"rank":-9223372036854775808,"joules":"x"}\n', b"x" * (3 << 20) + b"\n"]
FETCHED_BYTES = 64 << 20  # maximum of all local files of the run
INTERRUPTED = 130  # the status of rogctl when a signal has stopped it


def processes_of(host, name):
    result = subprocess.run(["ip", "netns", "pids", "roglab%d" % host], capture_output=True, check=False)
    found = []
    for word in result.stdout.split():
        try:
            with open("/proc/%d/comm" % int(word), encoding="ascii") as file:
                if file.read().strip() == name:
                    found.append(int(word))
        except OSError:
            pass
    return found


def start_sshd(host):
    folder = "%s/host%d" % (LAB, host)
    subprocess.run(["ip", "netns", "exec", "roglab%d" % host, "/usr/sbin/sshd", "-f", folder + "/sshd_config", "-E",
                    folder + "/sshd.log"], check=False)


class Host:
    def __init__(self, number):
        self.number = number

    def run_folder(self):
        runs = "%s/host%d/rogctl/runs" % (CACHES, self.number)
        names = sorted(os.listdir(runs)) if os.path.isdir(runs) else []
        return os.path.join(runs, names[0]) if names else None

    def replace(self, name, make):
        """If the host's server or supervisor rewrites the file, it fails there; this is permitted."""
        folder = self.run_folder()
        if not folder:
            return
        path = os.path.join(folder, name)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if os.path.lexists(path):
                os.remove(path)
            make(path)
        except OSError:
            pass

    def stop(self, rng):
        for process in processes_of(self.number, "sshd"):
            kill(process, signal.SIGSTOP)

    def end_sshd(self, rng):
        for process in processes_of(self.number, "sshd"):
            kill(process)

    def end_programs(self, rng):
        programs = processes_of(self.number, "rog-trainer")
        for process in programs if rng.randrange(2) else programs[:1]:
            kill(process, rng.choice([signal.SIGKILL, signal.SIGSTOP]))

    def fifo(self, rng):
        self.replace(rng.choice(["state.json", "events.jsonl", "trainer.log", "chkpt/9999.safetensors"]), os.mkfifo)

    def endless(self, rng):
        target = rng.choice(["/dev/zero", "/proc/self/mem", "/etc", "/nowhere"])
        self.replace(rng.choice(["state.json", "events.jsonl", "trainer.log"]), lambda path: os.symlink(target, path))

    def lie(self, rng):
        folder = self.run_folder()
        if folder:
            with open(os.path.join(folder, "events.jsonl"), "ab") as file:
                file.write(b"".join(rng.choice(LINES) for _ in range(rng.randint(1, 3))))
            with open(os.path.join(folder, "state.json"), "wb") as file:
                file.write(rng.choice(LINES))

    def endless_checkpoint(self, rng):
        folder = self.run_folder()
        if folder:
            self.replace("chkpt/x.safetensors", lambda path: os.symlink("/dev/zero", path))
            with open(os.path.join(folder, "events.jsonl"), "ab") as file:
                file.write(LINES[6])

    def sparse(self, rng):
        def make(path):
            with open(path, "wb") as file:
                file.truncate(1 << 40)
        self.replace(rng.choice(["trainer.log", "state.json", "events.jsonl"]), make)

    def forget(self, rng):
        folder = self.run_folder()
        if folder:
            shutil.rmtree(folder, ignore_errors=True)

    ACTS = [stop, stop, stop, end_sshd, end_programs, fifo, fifo, endless, lie, lie, endless_checkpoint, sparse, forget]

    def heal(self):
        for name in ("sshd", "rog-trainer"):
            for process in processes_of(self.number, name):
                kill(process, signal.SIGCONT)
        if not processes_of(self.number, "sshd"):
            start_sshd(self.number)


def prepare(kind):
    result = kind.run(["rogctl", "lab", "up", "--workers", str(WORKERS)])
    if result.status != 0:
        skip("no lab can be made here: %s" % result.err.decode(errors="replace").strip().splitlines()[-1:])
    shutil.copy(LAB + "/cluster.conf", "cluster.conf")
    with open("cluster.conf", "a", encoding="ascii") as file:
        file.write(CLUSTER)


def iterations():
    rows = select("results.db", "SELECT count(*) FROM sqlite_master WHERE name = 'iterations'")
    return select("results.db", "SELECT count(*) FROM iterations")[0][0] if rows and rows[0][0] else 0


def attempt(kind, rng):
    with open("f.conf", "w", encoding="ascii") as file:
        file.write(CONF)
    with open("said", "wb") as said:
        process = kind.start(["rogctl", "sweep", "f.conf", "--cluster", "../cluster.conf"], stdout=said, stderr=said)
    wait_until(lambda: iterations() > 4 or process.poll() is not None, 120)
    hosts = [Host(number) for number in range(WORKERS + 1)]
    told = []
    for _ in range(rng.randint(1, 3)):
        host, act = rng.choice(hosts), rng.choice(Host.ACTS)
        told.append("%s of host %d" % (act.__name__, host.number))
        act(host, rng)
        kind.count()
        time.sleep(rng.uniform(0, 2))
    told = ", ".join(told)
    statuses = {0, 1}
    if rng.randrange(2):
        told += "; Ctrl-C"
        statuses |= end_by_signals(kind, rng, process, told)
    if not wait_until(lambda: process.poll() is not None):
        kind.problem("hung", "rogctl goes on: " + told)
        kill(process.pid)
    judge(kind, process.wait(), statuses, told)
    for host in hosts:
        host.heal()
    clean(kind, told)


def end_by_signals(kind, rng, process, told):
    """The first signal may take a while, the second must not. Returns the permitted statuses."""
    first = rng.choice([signal.SIGINT, signal.SIGTERM])
    kill(process.pid, first)
    if rng.randrange(2):
        time.sleep(rng.uniform(1.5, 4))  # signals in quick succession are merged
        kill(process.pid, signal.SIGINT)
        if not wait_until(lambda: process.poll() is not None, 30):
            kind.problem("hung", "a second signal does not end rogctl: " + told)
    # The second signal, and one after all runs are stored, have their default effect.
    return {INTERRUPTED, -first, -signal.SIGINT}


def judge(kind, status, statuses, told):
    with open("said", "rb") as file:
        said = file.read()
    if status not in statuses:
        kind.problem("crashed", "rogctl ends with status %d: %s: %s" % (
            status, told, said[-1500:].decode(errors="replace")))
    elif status == 1 and b"failed" not in said and b"rogctl:" not in said:
        kind.problem("silent", "rogctl fails without output: " + told)
    if b"\x1b" in said:
        kind.problem("silent", "control characters of a host reach the terminal: " + told)
    if select("results.db", "PRAGMA integrity_check") not in (None, [("ok",)]):
        kind.problem("lost", "the database is damaged: " + told)
    size = sum(os.lstat(os.path.join(where, name)).st_blocks * 512
               for where, _, names in os.walk(".") for name in names)
    if size > FETCHED_BYTES:
        kind.problem("lost", "%d MB came from hosts: %s" % (size >> 20, told))


def clean(kind, told):
    """Hosts end by themselves when they are no longer needed."""
    for number in range(WORKERS + 1):
        if not wait_until(lambda: not processes_of(number, "rog-trainer"), 90):
            kind.problem("hung", "programs on host %d run on: %s" % (number, told))
            for process in processes_of(number, "rog-trainer"):
                kill(process)
        shutil.rmtree("%s/host%d/rogctl/runs" % (CACHES, number), ignore_errors=True)


def main():
    if os.getuid() != 0 or not os.path.exists("/usr/sbin/sshd"):
        skip("a lab needs root and openssh-server")
    if "ROG_TORTURE_LAB" not in os.environ:
        os.execvpe(OWN_LAB, [OWN_LAB, *sys.argv], dict(os.environ, ROG_TORTURE_LAB="1"))
    if os.getpid() > 1000:
        skip("no namespaces here")
    status = Kind("hosts", ["hostile-hosts"]).main(attempt, prepare)
    subprocess.run([os.path.join(BUILD, "bin/rogctl"), "lab", "down"], stdout=subprocess.DEVNULL, check=False)
    return status


if __name__ == "__main__":
    sys.exit(main())
