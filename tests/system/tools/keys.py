# SPDX-License-Identifier: Apache-2.0
# keys.py KEYS COMMAND...: runs an interactive shell on a terminal of its own and types KEYS, in which \t
# is the tab key, line by line: each when the shell has printed the prompt "ready> ". Before the line end,
# Ctrl-A and "shown " are typed, so that a command `shown` of the shell gets the completed words of each
# line. Prints what the terminal showed. The shell exits after the last line.
import os
import pty
import re
import select
import signal
import sys
import time

lines, command = sys.argv[1].encode().decode("unicode_escape").split("\n"), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="dumb", COLUMNS="200", PS1="ready> ")
    os.execvp(command[0], command)
shown, seen, until = b"", 0, time.monotonic() + 120
while time.monotonic() < until:
    if select.select([fd], [], [], 0.5)[0]:
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        shown += piece
    if re.sub(rb"\x1b\[[?0-9;]*[a-zA-Z]", b"", shown[seen:]).endswith(b"ready> "):
        seen = len(shown)
        if not lines:
            os.write(fd, b"\x04")
            continue
        os.write(fd, lines.pop(0).encode() + b"\x01shown \r")
else:
    os.kill(pid, signal.SIGKILL)
    shown += b"[did not end]"
os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
