# SPDX-License-Identifier: Apache-2.0
"""Several workers of a run in one process:

    python -m rog.worker_host --workers 16 train.py ARGUMENTS

runs train.py once for each of the ranks ROG_RANK, ROG_RANK + 1, ... Each has its own folder ROG_OUT
beside the given one, which is the first worker's (worker1, worker2, ...). There is thus only one
interpreter, each module is imported once, and a GPU has one context; only the models exist N times.

Each worker is a thread that runs the script as __main__, in its own namespace. One computes at a
time: it has its turn until it waits for the run (in step(), for example), and its copy of state that
a process has only once (_process_state.py) is saved until its next turn. Workers share the variables
of imported modules: a program that changes these needs a process for each worker.

If a worker fails, the process ends, and reports to the run which worker failed, with its traceback.
"""

import argparse
import builtins
import contextlib
import ctypes
import io
import os
import queue
import resource
import signal
import sys
import threading
import types

from . import _failure, _librog, _process_state

_STACK_BYTES = 8 << 20  # usual stack size of the first thread of a process
_M_ARENA_MAX = -8  # glibc's malloc.h


class Guest:
    """A worker, and its saved state."""

    def __init__(self, rank, state, module):
        self.rank, self.state, self.module = rank, state, module
        self.links = []  # each _librog.Worker that the script has created
        self.waits = threading.Event()  # set once it has waited, or ended
        self.why = None  # the error if it has failed

    def ends(self, why):
        """The script has ended; `why` is the error (None: none so far)."""
        opened = [link for link in self.links if link.is_open()]
        if why is None and not self.links:
            why = "it exited without taking part in the run (rog.Optimizer, rog.from_env)"
        if why is None and any(not link.statistics().over for link in opened):
            why = "it exited before the end of the run: call optimizer.finish() at the end"
        if why is not None:
            sys.stdout.flush()  # before the report, because its receiver ends this process
            print("".join("worker %d: %s\n" % (self.rank, line) for line in why.split("\n")), end="",
                  file=sys.__stderr__, flush=True)
            for link in opened:
                link.leave(_failure.brief(why))
        self.why = why


class Lines:
    """A stream that marks each line with the worker that wrote it."""

    def __init__(self, stream, host):
        self._stream, self._host = stream, host
        self._rank, self._within = 0, False

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text):
        rank = self._host.rank()
        if rank != self._rank and self._within:
            self._stream.write("\n")
            self._within = False
        self._rank = rank
        for line in text.splitlines(keepends=True):
            if not self._within and rank:
                self._stream.write("worker %d: " % rank)
            self._stream.write(line)
            self._within = not line.endswith("\n")
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)


class Host:
    """Replaces _librog.Alone: decides which worker has its turn."""

    turn_s = -1.0  # no limit: the first thread, which does nothing else, handles Ctrl-C

    def __init__(self):
        self._baton = threading.Lock()
        self._present = None  # the guest whose state is current
        self._thread = threading.local()
        self._ended = queue.SimpleQueue()

    def rank(self):
        return self._present.rank if self._present else 0

    # ---- turns

    def _guest(self):
        guest = getattr(self._thread, "guest", None)
        if guest is None:
            raise _librog.RogError(
                "the exchange was called in a thread that the program created: with several "
                "workers in a process only the script's own thread can exchange "
                "(workers_per_process = 1 gives each worker a process)")
        return guest

    def joined(self, link):
        self._guest().links.append(link)

    @contextlib.contextmanager
    def away(self):
        guest = self._guest()
        guest.waits.set()
        self._baton.release()
        try:
            yield
        finally:
            self._take(guest)

    def _take(self, guest):
        self._baton.acquire()
        if self._present is guest:
            return
        if self._present is not None:
            self._present.state = _process_state.put_aside()
        _process_state.take_up(guest.state)
        self._present = guest

    # ---- workers

    def _run(self, guest, code):
        self._thread.guest = guest
        self._take(guest)
        try:
            guest.ends(self._execute(guest, code))
        finally:
            guest.module.__dict__.clear()
            self._present = None
            if guest.why is None:  # after a failure no worker has a turn, so that its message is last
                self._baton.release()
            guest.waits.set()
            self._ended.put(guest)

    @staticmethod
    def _execute(guest, code):
        """Returns None, or the error."""
        try:
            exec(code, guest.module.__dict__)
        except SystemExit as cause:
            done = cause.code is None or cause.code == 0
            return None if done else "it called sys.exit(%r)" % (cause.code,)
        except BaseException as cause:
            return _failure.text(cause, leave_out=1)
        return None

    def work(self, guests, code):
        """Runs until all have finished (None), or the first fails."""
        threads = []
        for guest in guests:
            threads.append(threading.Thread(target=self._run, args=(guest, code), daemon=True,
                                            name="worker %d" % guest.rank))
            threads[-1].start()
            guest.waits.wait()  # so that workers start in their order
            if guest.why is not None:
                return guest
        for _ in guests:
            guest = self._ended.get()
            if guest.why is not None:
                return guest
        for thread in threads:
            thread.join()  # the end of the interpreter does not wait for them
        return None


# ---- initialization


def _own_folder(out, rank, folder):
    """Makes the folder of a worker other than the first, with a copy of the first's working folder
    if that is within the first's ROG_OUT."""
    own = os.path.join(os.path.dirname(out), "worker%d" % rank)
    os.makedirs(own, exist_ok=True)
    inside = os.path.relpath(folder, out)
    if inside == os.pardir or inside.startswith(os.pardir + os.sep):
        return own, folder
    place = os.path.normpath(os.path.join(own, inside))
    os.makedirs(place, exist_ok=True)
    for name in os.listdir(folder) if inside != os.curdir else []:
        if not os.path.lexists(os.path.join(place, name)):
            os.symlink(os.path.join(folder, name), os.path.join(place, name))
    return own, place


def _make_guest(index, script, arguments, state):
    first = int(os.environ["ROG_RANK"])
    rank = first + index
    folder, environment = state["folder"], dict(state["environment"])
    environment[b"ROG_RANK"] = b"%d" % rank
    if index and environment.get(b"ROG_OUT"):
        out, folder = _own_folder(os.path.realpath(os.environ["ROG_OUT"]), rank,
                                  os.path.realpath(folder))
        environment[b"ROG_OUT"] = os.fsencode(out)
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=script, __builtins__=builtins, __cached__=None)
    argv = [script] + arguments
    return Guest(rank, {"environment": environment, "folder": folder,
                        "python": (module, argv, sys.stdin, sys.stdout, sys.stderr)}, module)


def _read(script):
    with io.open_code(os.path.abspath(script)) as file:
        return compile(file.read(), script, "exec", dont_inherit=True)


def _prepare_threads():
    """Gives threads the stack size of a process's first thread, and all of them one heap: with
    separate heaps, a worker could not reuse memory that another has freed."""
    soft = resource.getrlimit(resource.RLIMIT_STACK)[0]
    threading.stack_size(max(_STACK_BYTES, min(soft, 64 << 20)) if soft > 0 else _STACK_BYTES)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_M_ARENA_MAX, 1)


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m rog.worker_host", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, required=True, metavar="N",
                        help="number of workers, from 1 to 4096")
    parser.add_argument("script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    if not 1 <= given.workers <= 4096:
        parser.error("--workers is %d: it must be from 1 to 4096" % given.workers)
    if not os.environ.get("ROG_RANK", "").isdigit():
        parser.error("ROG_RANK is not set: rogctl did not start this process")
    return given


def main():
    given = _arguments()
    try:
        code = _read(given.script)
    except OSError as cause:
        sys.exit("cannot read %s: %s" % (given.script, cause.strerror))
    _prepare_threads()
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(given.script))
    host = _librog.host = Host()
    sys.stdout, sys.stderr = Lines(sys.stdout, host), Lines(sys.stderr, host)
    state = _process_state.put_aside()
    guests = [_make_guest(index, given.script, given.arguments, state)
              for index in range(given.workers)]
    try:
        failed = host.work(guests, code)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    if failed:
        # The others wait for the run, or for their turn: they end with the process.
        os._exit(1)


if __name__ == "__main__":
    main()
