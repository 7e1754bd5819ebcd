# SPDX-License-Identifier: Apache-2.0
"""scale-out.py CONTROLLER POOL: the CPU time of that process and of the pool's trainers until it
ends.
"""
import os
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")
PERIOD_S = 1.0


def cpu_s(process):
    """CPU time of the process and of its ended children."""
    with open("/proc/%s/stat" % process) as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICK


def memory_mib(process):
    with open("/proc/%s/status" % process) as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def ended(process):
    try:
        with open("/proc/%s/stat" % process) as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def agents(pool):
    """The agents of the pool: `rogctl agent POOL`."""
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % process, "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if b"agent" in words and pool.encode() in b" ".join(words):
            yield process


def main():
    controller, pool = sys.argv[1:3]
    begin = time.monotonic()
    first, own, most, done = None, 0.0, 0.0, {}
    while not ended(controller):
        try:
            own, most = cpu_s(controller), max(most, memory_mib(controller))
        except FileNotFoundError:
            break
        for agent in agents(pool):
            try:
                done[agent] = cpu_s(agent)  # includes its trainers that have ended
            except FileNotFoundError:
                continue
            if first is None:
                first, before = time.monotonic(), own
        time.sleep(PERIOD_S)
    now = time.monotonic()
    first = first or now
    working = max(now - first, 1e-9)
    print("wall\t%.1f\ts" % (now - begin))
    print("wall since the first agent\t%.1f\ts" % working)
    cores = min(len(os.sched_getaffinity(0)), max(len(done), 1))
    print("agents and trainers, share of %d cores\t%.1f\t%%" % (cores, 100 * sum(done.values()) / working / cores))
    since = own - (before if done else 0)
    print("controller, of a core\t%.1f\t%%" % (100 * since / working))
    if done:  # independent of other work on the machine
        print("controller, of what agents and trainers take\t%.1f\t%%" % (100 * since / sum(done.values())))
    print("controller, before the first agent\t%.1f\ts" % (own - since))
    print("controller, memory\t%.0f\tMiB" % most)


main()
