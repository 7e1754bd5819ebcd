# SPDX-License-Identifier: Apache-2.0
"""librog (include/rog/rog.h) by ctypes: structures, functions, errors. Does not use torch."""

import collections
import contextlib
import ctypes
import ctypes.util
import os

from . import _failure

OK, EINVAL, EBUSY = 0, -1, -9
NAMES = {-1: "EINVAL", -2: "ENOMEM", -3: "EIO", -4: "EFORMAT", -5: "ENOTFOUND", -6: "EABI",
         -7: "EFAILED", -8: "EINTR", -9: "EBUSY"}
TRAINED, CONSTANT = 0, 1
RULES = {"block": 0, "nesterov": 1, "heavy ball": 2}
# The longest single wait, so that Python can handle Ctrl-C in between.
TURN_S = 0.2

FLOATS = ctypes.POINTER(ctypes.c_float)


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("message", ctypes.c_char * 1024)]


class Options(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32), ("rank", ctypes.c_uint32), ("workers", ctypes.c_uint32),
        ("server", ctypes.c_char_p), ("key_file", ctypes.c_char_p), ("key", ctypes.c_char_p),
        ("strategy", ctypes.c_char_p), ("threshold", ctypes.c_int32),
        ("compression", ctypes.c_char_p), ("out_dir", ctypes.c_char_p),
        ("server_timeout_s", ctypes.c_double), ("config", ctypes.c_char_p),
        ("workload", ctypes.c_char_p), ("data_id", ctypes.c_char_p),
        ("wire_scale", ctypes.c_double), ("pace", ctypes.c_bool), ("energy", ctypes.c_bool),
        ("catch_signals", ctypes.c_bool), ("background", ctypes.c_bool),
        ("without_values", ctypes.c_bool), ("settings", ctypes.c_char_p),
        ("local_steps", ctypes.c_uint32),
    ]


class Rule(ctypes.Structure):
    _fields_ = [("learning_rate", ctypes.c_double), ("momentum", ctypes.c_double),
                ("weight_decay", ctypes.c_double), ("kind", ctypes.c_int)]


class Step(ctypes.Structure):
    _fields_ = [("gradients", ctypes.POINTER(ctypes.c_void_p)), ("rules", ctypes.POINTER(Rule)),
                ("rule_count", ctypes.c_uint32), ("loss", ctypes.c_double)]


class CStatistics(ctypes.Structure):
    _fields_ = [
        ("t_s", ctypes.c_double), ("iteration", ctypes.c_uint32),
        ("largest_iteration", ctypes.c_uint32), ("over", ctypes.c_bool), ("joins", ctypes.c_uint32),
        ("compute_s", ctypes.c_double), ("push_s", ctypes.c_double), ("stall_s", ctypes.c_double),
        ("pull_s", ctypes.c_double), ("rows_pushed", ctypes.c_uint32),
        ("rows_pulled", ctypes.c_uint32), ("rows_total", ctypes.c_uint32),
        ("bytes_pushed", ctypes.c_uint64), ("bytes_pulled", ctypes.c_uint64),
        ("all_bytes_pushed", ctypes.c_uint64), ("all_bytes_pulled", ctypes.c_uint64),
    ]


Statistics = collections.namedtuple("Statistics", [name for name, _ in CStatistics._fields_])


class RogError(RuntimeError):
    """An error reported by librog. `name` is one of EINVAL, ENOMEM, EIO, EFORMAT, ENOTFOUND, EABI,
    EFAILED, EINTR, EBUSY (include/rog/error.h)."""

    def __init__(self, message, code=EINVAL):
        super().__init__(message)
        self.code = code
        self.name = NAMES.get(code, str(code))


def _find():
    """Returns ROG_LIBRARY, otherwise the library of the installation that this package belongs to,
    otherwise a name for ld.so to search."""
    given = os.environ.get("ROG_LIBRARY")
    if given:
        return given
    folder = os.path.dirname(os.path.abspath(__file__))
    while len(folder) > 1:
        path = os.path.join(folder, "lib", "librog.so.0")
        if os.path.exists(path):
            return path
        folder = os.path.dirname(folder)
    return ctypes.util.find_library("rog") or "librog.so.0"


def _load():
    path = _find()
    try:
        library = ctypes.CDLL(path)
    except OSError as cause:
        raise RogError("cannot load librog: %s; install it (make install), or set ROG_LIBRARY to "
                       "its path" % cause, -5) from None
    handle, error = ctypes.c_void_p, ctypes.POINTER(Error)
    signatures = {
        "rog_options_init": (None, [ctypes.POINTER(Options)]),
        "rog_open": (ctypes.c_int, [ctypes.POINTER(handle), ctypes.POINTER(Options), error]),
        "rog_close": (None, [handle]),
        "rog_tensor": (ctypes.c_int, [handle, ctypes.c_char_p, ctypes.c_uint32,
                                      ctypes.POINTER(ctypes.c_uint32), ctypes.c_void_p,
                                      ctypes.c_int, error]),
        "rog_start_begin": (ctypes.c_int, [handle, error]),
        "rog_start_wait": (ctypes.c_int, [handle, ctypes.c_double, error]),
        "rog_exchange_begin": (ctypes.c_int, [handle, ctypes.POINTER(Step), error]),
        "rog_exchange_wait": (ctypes.c_int, [handle, ctypes.c_double, error]),
        "rog_finish_begin": (ctypes.c_int, [handle, error]),
        "rog_local_steps": (ctypes.c_uint32, [handle]),
        "rog_takes_deltas": (ctypes.c_bool, [handle]),
        "rog_statistics": (None, [handle, ctypes.POINTER(CStatistics)]),
        "rog_state": (ctypes.c_int, [handle, ctypes.c_uint32, ctypes.POINTER(FLOATS),
                                     ctypes.POINTER(FLOATS), error]),
        "rog_leave": (None, [handle, ctypes.c_char_p]),
        "rog_resumed": (ctypes.c_bool, [handle]),
        "rog_keep_due": (ctypes.c_bool, [handle]),
        "rog_kept": (ctypes.c_int, [handle, ctypes.c_char_p, error]),
        "rog_transfer_begin": (ctypes.c_int, [handle, ctypes.c_uint64, ctypes.c_uint64, error]),
        "rog_end_iteration_begin": (ctypes.c_int, [handle, ctypes.c_double, ctypes.c_bool, error]),
        "rog_version": (ctypes.c_char_p, []),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name, None)
        if function is None:
            raise RogError("%s has no %s: it is older than this package" % (path, name), -6)
        function.restype, function.argtypes = result, arguments
    options = Options()
    library.rog_options_init(ctypes.byref(options))
    if options.struct_size != ctypes.sizeof(Options):
        raise RogError("%s is version %s, which has other options than this package knows: install "
                       "both from the same source" % (path, library.rog_version().decode()), -6)
    return library


_loaded = []


def library():
    """The library, loaded once per process."""
    if not _loaded:
        _loaded.append(_load())
    return _loaded[0]


def version():
    """librog's version."""
    return library().rog_version().decode()


class Alone:
    """The host of a process with a single worker: no other worker computes while it waits."""

    turn_s = TURN_S
    _nothing = contextlib.nullcontext()

    def joined(self, worker):
        _failure.watch(worker)

    def away(self):
        return self._nothing


# Controls this process; worker_host.py replaces it in a process with several workers.
host = Alone()


class Worker:
    """A `struct rog`. Its calls raise exceptions; Ctrl-C interrupts its waits, and other workers of
    this process may use them to compute. It belongs to the process that made it: a fork, such as a
    DataLoader's worker, has a copy without the thread."""

    def __init__(self, **given):
        self._process = os.getpid()
        self._handle = ctypes.c_void_p()
        self._library = library()
        options = Options()
        self._library.rog_options_init(ctypes.byref(options))
        for name, value in given.items():
            if value is not None:
                setattr(options, name, value.encode() if isinstance(value, str) else value)
        self._call("rog_open", ctypes.byref(options), first=ctypes.byref(self._handle))
        host.joined(self)

    def _call(self, name, *arguments, first=None):
        if os.getpid() != self._process:
            raise RogError("this process is a fork of %d, which takes part in the run: only that "
                           "process can continue it" % self._process)
        error = Error()
        code = getattr(self._library, name)(first or self._handle, *arguments, ctypes.byref(error))
        if code not in (OK, EBUSY):
            raise RogError(error.message.decode(errors="replace"), code)
        return code

    def close(self):
        """Leaves the server."""
        handle, self._handle = self._handle, ctypes.c_void_p()
        if handle and os.getpid() == self._process:
            self._library.rog_close(handle)

    def tensor(self, name, shape, address, kind):
        self._call("rog_tensor", name.encode(), len(shape), (ctypes.c_uint32 * len(shape))(*shape),
                   address, kind)

    def wait(self, begin=None, *arguments):
        """Waits until the program may continue; `begin` starts the operation to wait for."""
        with host.away():
            if begin:
                self._call(begin, *arguments)
            while self._call("rog_exchange_wait", host.turn_s) == EBUSY:
                pass

    def start(self):
        self.wait("rog_start_begin")

    def exchange(self, step):
        self.wait("rog_exchange_begin", ctypes.byref(step))

    def finish(self):
        self.wait("rog_finish_begin")

    def transfer(self, up, down):
        """Sends a message of `up` bytes to the server, and gets one back when all workers have sent
        theirs."""
        self.wait("rog_transfer_begin", up, down)

    def end_iteration(self, loss, is_model):
        """Ends the iteration, whose exchange was the transfers."""
        self.wait("rog_end_iteration_begin", loss, is_model)

    def state(self, index):
        """Addresses of momentum and residual."""
        momentum, residual = FLOATS(), FLOATS()
        with host.away():
            self._call("rog_state", index, ctypes.byref(momentum), ctypes.byref(residual))
        return tuple(ctypes.cast(p, ctypes.c_void_p).value for p in (momentum, residual))

    def leave(self, why):
        """This worker cannot continue; `why` is reported to the user."""
        if self._handle and os.getpid() == self._process:
            self._library.rog_leave(self._handle, why.encode(errors="replace").replace(b"\0", b"?"))

    def is_resumed(self):
        """Whether the run was resumed from a snapshot that has this program's state."""
        return self._library.rog_resumed(self._handle)

    def is_keep_due(self):
        """Whether a snapshot is due: the kept state must be written as of the return of control."""
        return self._library.rog_keep_due(self._handle)

    def kept(self, why_not=None):
        self._call("rog_kept", why_not.encode(errors="replace") if why_not else None)

    def is_open(self):
        return bool(self._handle)

    def takes_deltas(self):
        return self._library.rog_takes_deltas(self._handle)

    def local_steps(self):
        return self._library.rog_local_steps(self._handle)

    def statistics(self):
        seen = CStatistics()
        self._library.rog_statistics(self._handle, ctypes.byref(seen))
        return Statistics(*(getattr(seen, name) for name in Statistics._fields))
