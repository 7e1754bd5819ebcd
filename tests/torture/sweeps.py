#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Kills sweeps of a virtual cluster, and their processes: whatever was killed and when, the same command
ends with the result of an undisturbed sweep, nothing twice, and no process or file is left over. The
times of kills depend on the machine; what is killed, how, and after which share of an undisturbed
sweep's time is drawn from the seed.
"""
import os
import re
import signal
import sys
import time

from attempts import HANGS_S, Kind, kill, processes_in, select, wait_until

CONF = """case = "k"; workload = "none"; seconds = 400.0; checkpoint_period = 50.0;
runs = ( { library = "BSP"; }, { library = "SSP"; threshold = 4; seed = 2; }, { library = "ROG"; threshold = 4; } );
"""
COMMAND = ["rogctl", "sweep", "x.conf", "--jobs", "2", "--plots", "plots"]
RUNS = 3
OUTCOME = """SELECT library, seed, status,
    (SELECT group_concat(rank || ' ' || iteration || ' ' || t || ' ' || bytes_pushed) FROM
        (SELECT * FROM iterations WHERE run_id = id ORDER BY rank, iteration)),
    (SELECT count(*) FROM bandwidth WHERE run_id = id), (SELECT total(joules) FROM energy WHERE run_id = id),
    (SELECT count(*) FROM events WHERE run_id = id AND kind NOT IN ('resume', 'retry')),
    (SELECT group_concat(t || ' ' || iteration) FROM checkpoints WHERE run_id = id) FROM runs ORDER BY library"""
UNFINISHED = """SELECT count(*) FROM runs WHERE status = 'done' AND
    id NOT IN (SELECT run_id FROM events WHERE kind = 'end')"""


def files(folder="."):
    """Files of the folder, with the same names for the same run whenever it was started."""
    return sorted(re.sub(r"\d\d-\d\d-\d\d-\d\d-(\w+)(-\d+)*-[a-z]+(-\d+)?", r"\1",
                         os.path.relpath(os.path.join(where, name), folder))
                  for where, _, names in os.walk(folder) for name in names
                  if not name.endswith(("-wal", "-shm")))


def prepare(kind):
    os.mkdir("whole")
    os.chdir("whole")
    with open("x.conf", "w") as file:
        file.write(CONF)
    begin = time.monotonic()
    result = kind.run(COMMAND)
    kind.whole_s = time.monotonic() - begin
    if result.status != 0:
        kind.problem("lost", "a sweep that nobody disturbs ends with status %s" % result.status, result)
    kind.outcome = select("results.db", OUTCOME)
    kind.files = files()
    os.chdir("..")


def strike(kind, rng, process):
    """Kills one of the processes, after a while; returns True if it existed."""
    time.sleep(rng.uniform(0, 0.8) * kind.whole_s)
    victim, number = rng.choices([("rogctl", signal.SIGKILL), ("rogctl", signal.SIGTERM), ("rogctl", signal.SIGINT),
                                  ("rog-trainer", signal.SIGKILL), ("gnuplot", signal.SIGKILL)], (12, 1, 1, 3, 1))[0]
    others = processes_in(".", victim.encode()) if victim != "rogctl" else []
    there = process.poll() is None and (victim == "rogctl" or bool(others))
    if there:
        there = kill(rng.choice(others) if others else process.pid, number)
    if process.poll() is None and victim != "rogctl":
        time.sleep(rng.uniform(0, 0.2))
        there |= kill(process.pid)
    return there, victim, number


def look(kind, where):
    """Checks after a kill that nothing keeps running, and that stored data are intact."""
    if not wait_until(lambda: not processes_in("."), 60):
        kind.problem("hung", "%s: processes outlive rogctl: %s" % (where, processes_in(".")))
    try:
        if (select("results.db", "PRAGMA user_version") or [(0,)])[0][0] == 0:
            return
        if select("results.db", "PRAGMA integrity_check") != [("ok",)]:
            kind.problem("lost", "%s: the database is damaged" % where)
        if select("results.db", UNFINISHED) != [(0,)]:
            kind.problem("silent", "%s: a run is done that has no end" % where)
    except Exception as error:  # any error of sqlite
        kind.problem("lost", "%s: %s" % (where, error))


def attempt(kind, rng):
    with open("x.conf", "w") as file:
        file.write(CONF)
    for i in range(rng.randint(1, 6)):
        with open("said-%d" % i, "wb") as said:
            process = kind.start(COMMAND, stdout=said, stderr=said)
            there, victim, number = strike(kind, rng, process)
            where = "kill %d, of %s by %s" % (i, victim, number.name)
            if not wait_until(lambda: process.poll() is not None, HANGS_S):
                kind.problem("hung", "%s: rogctl goes on" % where)
                kill(process.pid)
                process.wait()
        kind.count(1 if there else 0)
        if -process.returncode in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE):
            kind.problem("crashed", "%s: rogctl ends by signal %d" % (where, -process.returncode))
        look(kind, where)
        os.remove("said-%d" % i)
    result = kind.run(COMMAND)
    if result.status is None:
        kind.problem("hung", "the sweep after all kills", result)
    elif result.status != 0:
        kind.problem("lost", "the sweep after all kills ends with status %d" % result.status, result)
    compare(kind)


def compare(kind):
    outcome = select("results.db", OUTCOME)
    if len(outcome) > RUNS or len(select("results.db", "SELECT name FROM cases")) > 1:
        kind.problem("doubled", "there are %d runs" % len(outcome))
    elif len(outcome) < RUNS or any(row[2] != "done" for row in outcome):
        kind.problem("lost", "done are: %s" % [row[:3] for row in outcome])
    elif outcome != kind.outcome:
        pairs = [(found, wanted) for found, wanted in zip(outcome, kind.outcome) if found != wanted]
        kind.problem("silent", "other results of %s" % [found[:3] for found, _ in pairs])
    elif files() != kind.files:
        kind.problem("silent", "other files: %s" % sorted(set(files()) ^ set(kind.files)))


if __name__ == "__main__":
    sys.exit(Kind("sweeps", ["kills-of-sweeps"]).main(attempt, prepare))
