#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tutorial.py DOCUMENT: follows a tutorial in the current folder, which must be empty.

It does what a reader would do:
    ```LANGUAGE title="FILE"      writes FILE
    ```console                    runs the commands after "$ " and compares their output
A comment on the line before a block changes that:
    <!-- test: COMMAND -->        runs COMMAND instead of the contents of the block
    <!-- test from here: COMMAND: REASON -->   if COMMAND fails the test ends here, skipped

In printed output "..." matches anything: alone on a line any number of lines, otherwise the rest of its line. Dates in
the names of runs are ignored, and decimal fractions may differ by 2%, because processors round differently.
"""

import re
import subprocess
import sys

BLOCK = re.compile(r"(?:^<!-- (test[^\n]*?) -->\n)?^```([^\n]*)\n(.*?)^```$", re.M | re.S)
NAME = re.compile(r"\b\d\d-\d\d-\d\d-\d\d-(?=[A-Z])")


def fail(why, printed):
    sys.exit(f"FAILED: {why}\n--- it printed:\n{printed}")


def run(command, before=""):
    """Returns the output of a command, both streams combined as on a terminal."""
    done = subprocess.run(["sh", "-c", before + command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, text=True)
    if done.returncode:
        fail(f"exit status {done.returncode}: {command}", done.stdout)
    return done.stdout


def same_word(wanted, found):
    if wanted == found:
        return True
    numbers = [re.fullmatch(r"(\D*)(\d+\.\d+)(\D*)", word) for word in (wanted, found)]
    if not all(numbers) or numbers[0][1] != numbers[1][1] or numbers[0][3] != numbers[1][3]:
        return False
    a, b = (float(number[2]) for number in numbers)
    return abs(a - b) <= 0.02 * max(a, b) + 0.011


def same_line(wanted, found):
    wanted, found = NAME.sub("", wanted).split(), NAME.sub("", found).split()
    if wanted and wanted[-1] == "...":
        wanted.pop()
        found = found[:len(wanted)]
    return len(wanted) == len(found) and all(map(same_word, wanted, found))


def matches(wanted, found):
    """Whether the printed lines match those of the document."""
    if not wanted:
        return not found
    if wanted[0].strip() == "...":
        return any(matches(wanted[1:], found[i:]) for i in range(len(found) + 1))
    return bool(found) and same_line(wanted[0], found[0]) and matches(wanted[1:], found[1:])


def console(text):
    """Returns the commands of a block, each with its expected output."""
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command = re.match(r"(?:[^\n]*\\\n)*[^\n]*", part)[0]
        yield command, part[len(command):].strip("\n").split("\n")


def follow(document):
    count, exports = 0, ""
    for comment, info, text in BLOCK.findall(document):
        title = re.search(r'title="([^"]+)"', info)
        condition = re.match(r"test from here: (.*): ([^:]*)$", comment)
        if condition and subprocess.run(["sh", "-c", condition[1]], stderr=subprocess.DEVNULL).returncode:
            print(f"skipped from here: {condition[2]}")
            return count
        if comment and not condition:
            run(comment.split(": ", 1)[1])
        elif title:
            with open(title[1], "w") as file:
                file.write(text)
        elif info == "console":
            for command, wanted in console(text):
                found = run(command, exports)
                if command.startswith("export "):
                    exports += command + "\n"
                if wanted != [""] and not matches(wanted, found.rstrip("\n").split("\n")):
                    fail(f"{command}\nprints something else than the document says", found)
                count += 1
    return count


def main():
    with open(sys.argv[1]) as file:
        count = follow(file.read())
    if not count:
        sys.exit(f"FAILED: no command in {sys.argv[1]}")
    print(f"{sys.argv[1]}: {count} commands")


if __name__ == "__main__":
    main()
