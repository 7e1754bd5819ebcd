# SPDX-License-Identifier: Apache-2.0
"""
Code shared by the kinds of torture: attempts with increasing seeds, each in its own folder, and the
counts. An attempt that finds a problem leaves its folder in BUILD/torture/KIND-SEED.
"""
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

BUILD = os.environ["ROG_BUILD"]
SANITIZED = os.environ["ROG_SANITIZED"]
AGAIN = os.environ.get("ROG_TORTURE_AGAIN", "tests/torture/run BUILD SANITIZED")
HANGS_S = 300  # limit on a very busy machine
SANITIZER_STATUS = 99
PROBLEMS = ("lost", "doubled", "hung", "silent", "crashed")


def environment(build, home):
    """The environment of a new user of this build, or of a build with sanitizers."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    cache = os.path.join(build, "tests/cache")
    os.makedirs(cache, exist_ok=True)
    options = "log_path=stderr:exitcode=%d:detect_leaks=0:allocator_may_return_null=1:hard_rss_limit_mb=3000"
    return dict(kept, PATH=os.path.join(build, "bin") + ":" + kept.get("PATH", ""), HOME=home,
                XDG_CACHE_HOME=cache, ASAN_OPTIONS=options % SANITIZER_STATUS,
                UBSAN_OPTIONS="log_path=stderr:print_stacktrace=1:exitcode=%d" % SANITIZER_STATUS)


class Result:
    """The result of a command: its status (negative: a signal; None: it hung), and its output."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def crashed(self):
        return self.status is not None and (
            self.status == SANITIZER_STATUS or
            (self.status < 0 and -self.status not in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)) or
            b"Sanitizer" in self.err or b"runtime error:" in self.err)


class Kind:
    def __init__(self, name, whats):
        self.name = name
        self.counts = {what: dict.fromkeys(("attempts",) + PROBLEMS, 0) for what in whats}
        self.what = whats[0]
        self.seed = None
        self.found = False
        self.env = None

    def count(self, attempts=1, what=None):
        self.counts[what or self.what]["attempts"] += attempts

    def problem(self, which, text, result=None, what=None):
        """Records a problem, one of PROBLEMS. The attempt continues."""
        self.counts[what or self.what][which] += 1
        self.found = True
        said = "%s: %s: %s\n" % (self.name, which.upper(), text)
        for name, data in (("output", result and result.out), ("errors", result and result.err)):
            if data:
                said += "--- %s\n%s\n" % (name, data.decode(errors="replace")[-4000:])
        sys.stderr.write(said + "again: %s --kind %s --seconds 0 --jobs 1 --seed %d\n" %
                         (AGAIN, self.name, self.seed))
        sys.stderr.flush()

    def run(self, arguments, timeout_s=HANGS_S, **more):
        """Runs a command to its end, in its own session, which is killed if the command hangs."""
        process = self.start(arguments, **more)
        try:
            out, err = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            return Result(None, out, err)
        return Result(process.returncode, out, err)

    def start(self, arguments, env=None, **more):
        more.setdefault("stdout", subprocess.PIPE)
        more.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, start_new_session=True,
                                env=dict(self.env, **(env or {})), **more)

    def main(self, attempt, prepare=None, build=BUILD):
        """Calls attempt(kind, rng) in an empty folder as often as time permits; before that, prepare(kind)
        once, in a folder that is kept, `kind.home`."""
        first, seconds = int(sys.argv[1]), float(sys.argv[2])
        begin = time.monotonic()
        any_found = False
        with tempfile.TemporaryDirectory(prefix="rog-torture-") as self.home:
            self.env = environment(build, self.home)
            os.chdir(self.home)
            self.seed = first
            if prepare:
                prepare(self)
            while self.seed == first or time.monotonic() - begin < seconds:
                folder = os.path.join(self.home, "attempt")
                os.mkdir(folder)
                os.chdir(folder)
                self.found = False
                attempt(self, random.Random(self.seed))
                os.chdir(self.home)
                any_found |= self.found
                self.keep(folder) if self.found else shutil.rmtree(folder, ignore_errors=True)
                self.seed += 1
        for what, counts in self.counts.items():
            print(what, *counts.values(), flush=True)
        return 1 if any_found else 0

    def keep(self, folder):
        kept = os.path.join(BUILD, "torture", "%s-%d" % (self.name, self.seed))
        shutil.rmtree(kept, ignore_errors=True)
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        shutil.move(folder, kept)
        sys.stderr.write("what it left: %s\n" % kept)


def skip(why):
    print("skipped", why)
    sys.exit(0)


def select(path, sql):
    """Rows of a database; None if it does not exist yet."""
    if not os.path.exists(path):
        return None
    database = sqlite3.connect(path, timeout=60)
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def processes_in(folder, program=b""):
    """IDs of processes whose working folder is below this one, without zombies."""
    folder = os.path.realpath(folder)
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            there = os.readlink("/proc/%s/cwd" % entry)
            with open("/proc/%s/cmdline" % entry, "rb") as file:
                words = file.read()
        except OSError:
            continue
        if (there + "/").startswith(folder + "/") and words and program in words:
            found.append(int(entry))
    return found


def wait_until(truth, seconds=HANGS_S, every=0.05):
    end = time.monotonic() + seconds
    while not truth():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True


def kill(process, number=signal.SIGKILL):
    """Returns True if the process existed."""
    try:
        os.kill(process, number)
        return True
    except ProcessLookupError:
        return False
