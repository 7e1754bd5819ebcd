# SPDX-License-Identifier: Apache-2.0
# terminal.py TRANSCRIPT ANSWERS COMMAND...: runs a command on a terminal of its own and types the
# lines of the file ANSWERS, one for each question (output that ends in ": "); the line "^C" is Ctrl-C,
# "^D" Ctrl-D. What the terminal shows is written to TRANSCRIPT, with "[echo on]" or "[echo off]" at each
# typed line and at the end. The exit status is the command's.
import os
import pty
import select
import signal
import sys
import termios
import time

transcript, answers, command = sys.argv[1], sys.argv[2], sys.argv[3:]
lines = open(answers).read().splitlines()
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)


def echo():
    return b"[echo on]" if termios.tcgetattr(fd)[3] & termios.ECHO else b"[echo off]"


shown, since, until = b"", 0, time.monotonic() + 300
while time.monotonic() < until:
    if select.select([fd], [], [], 0.2)[0]:
        try:
            piece = os.read(fd, 65536)
        except OSError:  # the other side is closed
            piece = b""
        if not piece:
            break
        shown += piece
    elif lines and shown.endswith(b": ") and len(shown) > since:
        shown += echo()
        since = len(shown)
        line = lines.pop(0)
        os.write(fd, {"^C": b"\x03", "^D": b"\x04"}.get(line, line.encode() + b"\n"))
else:
    os.kill(pid, signal.SIGKILL)
    shown += b"[did not end]"
try:
    shown += echo()
except termios.error:
    pass
open(transcript, "wb").write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)
