#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A terminal for tests: runs a command on a pty and prints the contents of the screen.

    screen.py COLUMNSxROWS[,SECONDS:COLUMNSxROWS...] FILE COMMAND...

The command's output is written unchanged to FILE. After the command has ended, the screen is printed,
including lines that have scrolled off. It interprets the sequences that rogctl uses and prints UNKNOWN
for any other one. Widths of characters are Python's. The exit status is the command's.
"""
import fcntl
import os
import re
import select
import struct
import sys
import termios
import time
import unicodedata

SEQUENCE = re.compile(r"\x1b\[(\??[0-9;]*)([A-Za-z])|\x1b(.?)")


def width(char):
    if unicodedata.combining(char) or char == "\u200d":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


class Screen:
    """Lines of cells; only the last `rows` are still on the screen."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines, self.y, self.x = [[]], 0, 0
        self.broken = 0  # lines that the terminal has wrapped
        self.unknown = []

    def top(self):
        return max(0, len(self.lines) - self.rows)

    def down(self):
        self.y += 1
        if self.y == len(self.lines):
            self.lines.append([])

    def put(self, char):
        if width(char) == 0 and self.x > 0:
            self.lines[self.y][self.x - 1] += char
            return
        if self.x + width(char) > self.columns:
            self.broken += 1
            self.down()
            self.x = 0
        line = self.lines[self.y]
        line.extend([" "] * (self.x + width(char) - len(line)))
        line[self.x] = char
        if width(char) == 2:
            line[self.x + 1] = ""
        self.x += width(char)

    def sequence(self, match):
        numbers, letter = match.group(1), match.group(2)
        if letter == "A":
            self.y = max(self.top(), self.y - int(numbers or 1))
        elif letter == "K" and numbers in ("", "0"):
            del self.lines[self.y][self.x:]
        elif letter == "J" and numbers in ("", "0"):
            del self.lines[self.y][self.x:]
            del self.lines[self.y + 1:]
        elif letter != "m" and (numbers, letter) not in (("?2026", "h"), ("?2026", "l")):
            self.unknown.append(match.group(0))

    def feed(self, text):
        at = 0
        while at < len(text):
            match = SEQUENCE.match(text, at)
            if match:
                self.sequence(match)
                at = match.end()
                continue
            if text[at] == "\n":
                self.down()
            elif text[at] == "\r":
                self.x = 0
            elif text[at] >= " ":
                self.put(text[at])
            else:
                self.unknown.append(text[at])
            at += 1

    def show(self):
        for line in self.lines:
            print("".join(line).rstrip())
        if self.broken:
            print(f"BROKEN {self.broken}")
        if self.unknown:
            print(f"UNKNOWN {self.unknown!r}")


def resize(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def main():
    sizes = [size.split(":") for size in sys.argv[1].split(",")]
    columns, rows = map(int, sizes[0][0].split("x"))
    changes = [(float(after), *map(int, size.split("x"))) for after, size in sizes[1:]]
    master, slave = os.openpty()
    resize(slave, columns, rows)
    child = os.fork()
    if child == 0:
        os.login_tty(slave)
        os.close(master)
        os.execvp(sys.argv[3], sys.argv[3:])
    os.close(slave)
    written, begun = b"", time.monotonic()
    while True:
        if changes and time.monotonic() - begun > changes[0][0]:
            resize(master, *changes.pop(0)[1:])
        if not select.select([master], [], [], 0.1)[0]:
            continue
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        written += piece
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with open(sys.argv[2], "wb") as file:
        file.write(written)
    screen = Screen(columns, rows)
    screen.feed(written.decode(errors="replace"))
    screen.show()
    return status


if __name__ == "__main__":
    sys.exit(main())
