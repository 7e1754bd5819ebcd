# SPDX-License-Identifier: Apache-2.0
"""Reports why a program ended: the traceback of an uncaught exception is the reason with which its
workers leave the run."""

import sys
import traceback
import weakref

_workers = weakref.WeakSet()


def text(cause, leave_out=0):
    """A traceback as Python prints it, without the outermost frames."""
    trace = cause.__traceback__
    for _ in range(leave_out):
        trace = trace and trace.tb_next
    return "".join(traceback.format_exception(type(cause), cause, trace)).rstrip()


def brief(trace):
    """The same traceback, shortened for a message: without the lines that only mark a place."""
    return "\n".join(line for line in trace.split("\n") if line.strip(" ^~") or not line)


def watch(worker):
    """The worker of a process that has only one."""
    if not _workers:
        _wrap(sys.excepthook)
    _workers.add(worker)


def _wrap(before):
    if getattr(before, "tells_workers", False):
        return

    def hook(kind, cause, trace):
        before(kind, cause, trace)
        if not issubclass(kind, KeyboardInterrupt):
            for worker in list(_workers):
                worker.leave(brief(text(cause.with_traceback(trace))))

    hook.tells_workers = True
    sys.excepthook = hook
