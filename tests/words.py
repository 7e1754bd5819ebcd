#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Searches messages, documents and symbols for the old words of tests/words.txt.

    tests/words.py [ROOT]

Prints PATH:LINE, the word, its replacement and the text; exits with status 1 if there is any.
An exception is a line "except PATH: TEXT: REASON" in words.txt: TEXT is part of the line.
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PLACES = ("messages", "docs", "symbols")


def read_list(path):
    words, excepted = [], []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.strip()
            if line.startswith("except "):
                where, text, reason = line[len("except "):].split(": ", 2)
                assert reason
                excepted.append([where, text, 0])
            elif line and not line.startswith("#"):
                pattern, instead, places = (part.strip() for part in line.rsplit(" | ", 2))
                places = places.split()
                if not set(places) <= set(PLACES):
                    sys.exit("%s:%d: places are %s" % (path, number, ", ".join(PLACES)))
                words.append((pattern, instead, places))
    return words, excepted


def messages(root):
    listed = subprocess.run([os.path.join(HERE, "messages"), "--all", root], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    for line in listed.split("\n")[:-1]:
        where, text = line.split("\t", 1)
        path, number = where.rsplit(":", 1)
        yield path, int(number), text.replace("\\n", " ")


def files(root):
    return subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.splitlines()


def documents(root):
    for path in files(root):
        if path.endswith((".md", ".1", ".3")) and os.path.isfile(os.path.join(root, path)):
            with open(os.path.join(root, path), encoding="utf-8") as file:
                paragraph, first = "", 1
                for number, line in enumerate(file, 1):
                    if not line.strip() or line.startswith(("|", ".")):
                        yield path, first, paragraph
                        paragraph, first = "", number + 1
                        if line.startswith(("|", ".")):
                            yield path, number, line
                    else:
                        paragraph += " " + line.strip().replace("\\-", "-")
                yield path, first, paragraph


def symbols(root):
    for path in files(root):
        if path.endswith((".c", ".h", ".py", ".sh")) and path not in ("tests/words.py", "tests/system/words.sh") and \
                os.path.isfile(os.path.join(root, path)):
            with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
                for number, line in enumerate(file, 1):
                    for name in set(re.findall(r"\b[A-Za-z]\w*_\w+\b", line)):
                        yield path, number, name


def main():
    root = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(HERE))
    words, excepted = read_list(os.path.join(root, "tests/words.txt"))
    found = 0
    for place, texts in (("messages", messages), ("docs", documents), ("symbols", symbols)):
        edge = r"(?<![A-Za-z0-9])%s(?![A-Za-z0-9])"
        wanted = [(re.compile(edge % ("(?:%s)" % (pattern.replace(" ", "[ _]") if place == "symbols"
                                                 else pattern.replace(" ", r"\s+"))), re.I), instead)
                  for pattern, instead, places in words if place in places]
        for path, number, text in texts(root):
            for pattern, instead in wanted:
                hit = pattern.search(text)
                if not hit:
                    continue
                for exception in excepted:
                    if path == exception[0] and exception[1] in text:
                        exception[2] += 1
                        break
                else:
                    found += 1
                    around = text[max(0, hit.start() - 40):hit.end() + 40]
                    print("%s:%d: \"%s\": say %s: %s" % (path, number, hit.group(), instead, around))
    for path, text, used in excepted:
        if not used:
            found += 1
            print("tests/words.txt: the exception for \"%s\" in %s is not needed" % (text, path))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
