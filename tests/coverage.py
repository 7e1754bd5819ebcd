# SPDX-License-Identifier: Apache-2.0
"""Measures how much of the modules in coverage.txt the tests execute: a table, from gcov's counts.

coverage.py SOURCE BUILD [--files]: with --files a row for each file, and its lines that no test has
executed. Exits with status 1 if a module has fewer lines covered than coverage.txt requires; files that
are excepted there do not count, and are listed with the reason.
"""
import json
import os
import subprocess
import sys

def wanted(path):
    """Returns the modules with their least percentage of lines, and the excepted files with
    reasons."""
    modules, exceptions = [], {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = line.split(None, 2)
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "module":
                modules.append((words[1], float(words[2])))
            elif words[0] == "except":
                name, reason = line.split(None, 1)[1].strip().split(None, 1)
                exceptions[name] = reason
            else:
                sys.exit("%s: neither module nor except: %s" % (path, line.strip()))
    return modules, exceptions

def count(source, build, module):
    """Returns gcov's counts for the files of a module: [{filename, line_total, ...}]."""
    folder = os.path.join(build, module)
    done = subprocess.run(
        ["gcovr", "-r", source, "--object-directory", build, "--filter", os.path.join(module, ""),
         "--exclude-unreachable-branches", "--json", "-", folder],
        cwd=source, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit("gcovr: " + done.stderr)
    files = []
    for one in json.loads(done.stdout)["files"]:
        lines = [line for line in one["lines"] if not line.get("gcovr/noncode")]
        branches = [branch for line in lines for branch in line["branches"]]
        files.append({
            "name": one["file"],
            "lines": len(lines),
            "reached": sum(line["count"] > 0 for line in lines),
            "branches": len(branches),
            "taken": sum(branch["count"] > 0 for branch in branches),
            "missing": [line["line_number"] for line in lines if line["count"] == 0],
        })
    return sorted(files, key=lambda one: one["name"])

def ranges(numbers):
    """Formats numbers as "12-14 20"."""
    words, first = [], None
    for i, number in enumerate(numbers):
        first = number if first is None else first
        if i + 1 == len(numbers) or numbers[i + 1] > number + 1:
            words.append(str(first) if first == number else "%d-%d" % (first, number))
            first = None
    return " ".join(words)

def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0

def row(name, files, after=""):
    lines, reached = sum(f["lines"] for f in files), sum(f["reached"] for f in files)
    branches, taken = sum(f["branches"] for f in files), sum(f["taken"] for f in files)
    print("%-36s %7d %8d %6.1f%% %9d %8d %6.1f%%  %s"
          % (name, lines, reached, percent(reached, lines), branches, taken, percent(taken, branches), after))
    return percent(reached, lines)

def main():
    source, build = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    each = "--files" in sys.argv
    modules, exceptions = wanted(os.path.join(source, "tests", "coverage.txt"))
    print("%-36s %7s %8s %7s %9s %8s %7s" % ("module", "lines", "reached", "", "branches", "taken", ""))
    low, excepted = [], []
    for module, least in modules:
        files = count(source, build, module)
        excepted += [one for one in files if one["name"] in exceptions]
        counted = [one for one in files if one["name"] not in exceptions]
        reached = row(module, counted)
        if reached < least:
            low.append("%s: %.1f%% of its lines, wanted are %g%%" % (module, reached, least))
        for one in counted if each else []:
            row("    " + os.path.basename(one["name"]), [one], ranges(one["missing"]))
    for one in excepted:
        row(one["name"], [one], "excepted: " + exceptions[one["name"]])
    unknown = set(exceptions) - {one["name"] for one in excepted}
    low += ["coverage.txt excepts %s, which is not there" % name for name in sorted(unknown)]
    for text in low:
        print(text, file=sys.stderr)
    sys.exit(1 if low else 0)

main()
