# SPDX-License-Identifier: Apache-2.0
"""Changes the records of runs in many ways, and checks the findings of `rogctl verify`.

tampered.py: run it in a folder with results.db and results.runs, with runs of the notes bsp, rog and
flown, which train nothing, and trained, which has tested checkpoints. Each change affects one place:
only the table, with and without the run's folder, or only a file in the folder. It must be found by
the named check, and the finding must say what is wrong and where.
"""
import json
import os
import shutil
import sqlite3
import subprocess
import sys

FOUND, PROBLEMS = [], []

# ---- changes ----

def at(rank, iteration):
    return "run_id = :run AND rank = %d AND iteration = %d" % (rank, iteration)

def event(kind, rank, iteration):
    return ("run_id = :run AND kind = '%s' AND rank = %d AND json_extract(data, '$.iteration') = %d"
            % (kind, rank, iteration))

ADMIT = event("admit", 2, 9)
LAST = "(SELECT max(iteration) FROM iterations WHERE run_id = :run AND rank = 3)"

# (run, check, text of the finding, SQL): found from the table alone.
BY_ITSELF = [
    # iterations
    ("rog", "complete", "rank 3: iteration 9 is missing",
     "DELETE FROM iterations WHERE " + at(3, 9)),
    ("rog", "complete", "rank 3: iteration 1 is missing",
     "DELETE FROM iterations WHERE run_id = :run AND rank = 3 AND iteration < 4"),
    ("rog", "admissions", "rank 3 iteration",  # the last one, doubled
     "INSERT INTO iterations SELECT * FROM iterations WHERE " + at(3, 9) + " AND 0;"
     "CREATE TEMP TABLE one AS SELECT * FROM iterations WHERE run_id = :run AND rank = 3"
     " AND iteration = " + LAST + "; UPDATE one SET iteration = iteration + 1, t = t + 1;"
     "INSERT INTO iterations SELECT * FROM one"),
    ("rog", "times", "rank 3 iteration 9",  # swapped with the next one
     "UPDATE iterations SET iteration = -1 WHERE " + at(3, 9) + ";"
     "UPDATE iterations SET iteration = 9 WHERE " + at(3, 10) + ";"
     "UPDATE iterations SET iteration = 10 WHERE " + at(3, -1)),
    ("rog", "complete", "rank 7: the run has no such worker",
     "UPDATE iterations SET rank = 7 WHERE run_id = :run AND rank = 3"),
    ("rog", "complete", "rank 3: iteration 9 is missing",  # given to another worker
     "UPDATE iterations SET rank = 7 WHERE " + at(3, 9)),
    ("rog", "complete", "rank 3: iteration 9 is missing",
     "UPDATE iterations SET iteration = 9223372036854775807 WHERE " + at(3, 9)),
    ("rog", "complete", "rank 3 iteration 9 at", "UPDATE iterations SET push_s = NULL WHERE " + at(3, 9)),
    ("rog", "complete", "rows_pulled is missing",
     "UPDATE iterations SET rows_pulled = NULL WHERE " + at(3, 9)),
    ("rog", "complete", "rank 3 iteration 9",
     "UPDATE iterations SET age_pushed = -1 WHERE " + at(3, 9)),
    ("rog", "complete", "0 local steps", "UPDATE iterations SET local_steps = 0 WHERE " + at(3, 9)),
    # their times
    ("rog", "times", "rank 3 iteration 9", "UPDATE iterations SET t = t + 0.001 WHERE " + at(3, 9)),
    ("rog", "times", "rank 3 iteration 9",
     "UPDATE iterations SET compute_s = compute_s * 0.99 WHERE " + at(3, 9)),
    ("rog", "times", "rank 3 iteration 9",
     "UPDATE iterations SET push_s = push_s + 0.001 WHERE " + at(3, 9)),
    ("rog", "times", "rank 3 iteration 9",
     "UPDATE iterations SET pull_s = pull_s - 0.001 WHERE " + at(3, 9)),
    ("rog", "times", "a negative time",
     "UPDATE iterations SET stall_s = -1, compute_s = compute_s + stall_s + 1 WHERE " + at(3, 9)),
    ("rog", "admissions", "rank 2 to iteration 9",  # from the pull to the stall: the sum is right
     "UPDATE iterations SET stall_s = stall_s + 0.01, pull_s = pull_s - 0.01 WHERE " + at(2, 9)),
    # their rows, bytes and staleness
    ("bsp", "rows", "rank 3 iteration 9",
     "UPDATE iterations SET rows_pushed = rows_pushed - 1 WHERE " + at(3, 9)),
    ("bsp", "rows", "rank 3 iteration 9",
     "UPDATE iterations SET rows_pulled = rows_pulled + 1 WHERE " + at(3, 9)),
    ("bsp", "rows", "the model has",
     "UPDATE iterations SET rows_total = rows_total + 1 WHERE " + at(3, 9)),
    ("rog", "meters", "the rows of its layers do not add up", # one row is within what ROG may send
     "UPDATE iterations SET rows_pushed = rows_pushed - 1 WHERE run_id = :run AND rank = 3"
     " AND iteration = (SELECT min(json_extract(data, '$.iteration')) FROM events"
     " WHERE run_id = :run AND kind = 'rows' AND rank = 3)"),
    ("rog", "bytes", "bytes pushed so far",
     "UPDATE iterations SET bytes_pushed = 100 * bytes_pushed WHERE run_id = :run AND rank = 3"),
    ("rog", "bytes", "rows, but no bytes", "UPDATE iterations SET bytes_pulled = 0 WHERE " + at(3, 9)),
    ("rog", "staleness", "rank 3 iteration 9",
     "UPDATE iterations SET staleness = staleness + 1 WHERE " + at(3, 9)),
    # admissions
    ("rog", "admissions", "rank 2 to iteration 9", "UPDATE events SET t = t - 0.5 WHERE " + ADMIT),
    ("bsp", "bound", "rank 2 to iteration 2", # and its iteration with it: before others had pushed
     "UPDATE iterations SET pull_s = pull_s + stall_s, stall_s = 0 WHERE run_id = :run;"
     "UPDATE events SET t = (SELECT i.t - i.pull_s FROM iterations AS i WHERE i.run_id = :run"
     " AND i.rank = events.rank AND i.iteration = json_extract(data, '$.iteration'))"
     " WHERE run_id = :run AND kind = 'admit' AND EXISTS (SELECT 1 FROM iterations AS i"
     " WHERE i.run_id = :run AND i.rank = events.rank AND i.iteration = json_extract(data, '$.iteration'))"),
    ("bsp", "admissions", "rank 2 iteration 9 at", "DELETE FROM events WHERE " + ADMIT),
    ("bsp", "admissions", "it has no admission",
     "DELETE FROM events WHERE run_id = :run AND kind = 'admit'"),
    ("bsp", "admissions", "it is a duplicate",  # as many as there should be
     "DELETE FROM events WHERE " + event("admit", 3, 9) + ";"
     "INSERT INTO events SELECT * FROM events WHERE " + ADMIT),
    ("bsp", "admissions", "rank 2 has no iteration 900",
     "UPDATE events SET data = json_set(data, '$.iteration', 900) WHERE " + ADMIT),
    ("bsp", "admissions", "no worker of rank 7", "UPDATE events SET rank = 7 WHERE " + ADMIT),
    ("rog", "bound", "rank 2 to iteration 9",
     "UPDATE events SET data = json_set(data, '$.oldest', 4) WHERE " + ADMIT),
    ("rog", "bound", "rank 2 to iteration 9",
     "UPDATE events SET data = json_set(data, '$.oldest', 4, '$.needed', 4) WHERE " + ADMIT),
    ("bsp", "bound", "rank 2 to iteration 9",
     "UPDATE events SET data = json_set(data, '$.oldest', 10) WHERE " + ADMIT),
    ("flown", "bound", "3 workers had a grant at that time, but FLOWN allows at most 2",
     "UPDATE events SET data = json_set(data, '$.granted', 3) WHERE " + ADMIT),
    # An event written in several ways, each naming the next iteration.
    ("bsp", "bound", "rank 3 to iteration",
     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
     " INSERT INTO events(run_id, rank, t, kind, data) SELECT :run, 3, 1e6, 'admit',"
     " json_object('iteration', (" + LAST + " + 1) || 'x' || i) FROM n"),
    # the stream's first and last event, and invalid JSON
    ("bsp", "complete", "the trainer's start event is missing",
     "DELETE FROM events WHERE run_id = :run AND kind = 'start'"),
    ("bsp", "complete", "the trainer's end event is missing",
     "DELETE FROM events WHERE run_id = :run AND kind = 'end'"),
    ("bsp", "complete", "the trainer's end event is missing",
     "UPDATE events SET kind = 'note' WHERE run_id = :run AND kind = 'end'"),
    ("bsp", "complete", "the trainer's end event occurs 2 times",
     "INSERT INTO events SELECT * FROM events WHERE run_id = :run AND kind = 'end'"),
    ("bsp", "complete", "the end event counts 3 iterations",
     "UPDATE events SET data = json_set(data, '$.iterations', 3) WHERE run_id = :run AND kind = 'end'"),
    ("bsp", "complete", "the end event is at 3.000000 s",
     "UPDATE events SET data = json_set(data, '$.seconds', 3) WHERE run_id = :run AND kind = 'end'"),
    ("bsp", "complete", "event admit of rank 2", "UPDATE events SET data = '{' WHERE " + ADMIT),
    ("bsp", "rows", "the model has",
     "UPDATE events SET data = json_set(data, '$.rows', 3) WHERE run_id = :run AND kind = 'start'"),
    # meters
    ("rog", "meters", "energy falls: rank 1",
     "UPDATE energy SET joules = joules / 2 WHERE run_id = :run AND rank = 1 AND t BETWEEN 200 AND 250"),
    ("rog", "meters", "energy falls: rank 1",
     "UPDATE energy SET joules = -1 WHERE run_id = :run AND rank = 1 AND t < 100"),
    ("rog", "meters", "bandwidth is negative: rank 3",
     "UPDATE bandwidth SET mbps = -mbps WHERE run_id = :run AND rank = 3 AND t BETWEEN 100 AND 120"),
    ("rog", "meters", "no worker of the run has this rank: rank 9",
     "UPDATE energy SET rank = 9 WHERE run_id = :run AND rank = 1"),
    ("rog", "bytes", "the link could carry only",
     "UPDATE bandwidth SET mbps = mbps / 100 WHERE run_id = :run AND rank = 3"),
    # checkpoints
    ("trained", "meters", "the checkpoint's iteration falls",
     "UPDATE checkpoints SET iteration = 1000 WHERE run_id = :run AND t ="
     " (SELECT min(t) FROM checkpoints WHERE run_id = :run)"),
    ("trained", "saved", "it is recorded for iteration 1000",
     "UPDATE checkpoints SET iteration = 1000 WHERE run_id = :run AND t ="
     " (SELECT max(t) FROM checkpoints WHERE run_id = :run)"),
    ("trained", "meters", "the checkpoint's result is not a percentage",
     "UPDATE checkpoints SET accuracy = 101 WHERE run_id = :run"),
    # the run
    ("bsp", "complete", "the run is failed, not done",
     "UPDATE runs SET status = 'failed' WHERE id = :run"),
    ("bsp", "complete", "before it started",
     "UPDATE runs SET ended_at = '2000-01-01T00:00:00Z' WHERE id = :run"),
    ("bsp", "settings", "seed is 99 in the table of runs", "UPDATE runs SET seed = 99 WHERE id = :run"),
    ("rog", "settings", "threshold is 5 in the table of runs",
     "UPDATE runs SET threshold = 5 WHERE id = :run"),
    ("bsp", "settings", "control is \"indoors\" in the table of runs",
     "UPDATE runs SET control = 'indoors' WHERE id = :run"),
    ("bsp", "settings", "workload is \"train\" in the table of runs",
     "UPDATE runs SET workload = 'train' WHERE id = :run"),
    ("bsp", "settings", "batchsize is 7 in the table of runs",
     "UPDATE runs SET batchsize = 7 WHERE id = :run"),
    ("bsp", "settings", "epochs is 7 in the table of runs", "UPDATE runs SET epochs = 7 WHERE id = :run"),
    ("bsp", "settings", "library is SSP in the table of runs",
     "UPDATE runs SET library = 'SSP' WHERE id = :run"),
    ("bsp", "settings", "library is SSP in the table of runs, BSP in the start event",
     "UPDATE runs SET library = 'SSP', config = json_set(config, '$.library', 'SSP') WHERE id = :run"),
    ("rog", "settings", "threshold is 5 in the run's configuration, 4 in the start event",
     "UPDATE runs SET threshold = 5, config = json_set(config, '$.threshold', 5) WHERE id = :run"),
    ("bsp", "complete", "the run's configuration is not valid JSON",
     "UPDATE runs SET config = substr(config, 2) WHERE id = :run"),
]

# The same, for changes that only contradict the run's files.
BY_FILES = [
    ("rog", "stream", "iteration of rank 3",
     "UPDATE iterations SET bytes_pushed = bytes_pushed + 1 WHERE " + at(3, 9)),
    ("trained", "stream", "iteration of rank 3", "UPDATE iterations SET loss = loss - 0.01 WHERE " + at(3, 2)),
    ("rog", "stream", "not as the trainer wrote it: bandwidth of rank 3",
     "UPDATE bandwidth SET mbps = mbps + 1e-6 WHERE run_id = :run AND rank = 3 AND t > 100"),
    ("rog", "stream", "the trainer wrote: bandwidth of rank 3",
     "DELETE FROM bandwidth WHERE run_id = :run AND rank = 3 AND t > 100"),
    ("rog", "stream", "(2 times)",
     "INSERT INTO bandwidth SELECT * FROM bandwidth WHERE run_id = :run AND rank = 3 AND t > 100"),
    ("rog", "stream", "energy of rank 1",
     "UPDATE energy SET joules = joules + 0.001 WHERE run_id = :run AND rank = 1 AND t > 250"),
    ("rog", "stream", "energy of rank 1",
     "UPDATE energy SET source = 'ina3221' WHERE run_id = :run AND rank = 1"),
    ("rog", "stream", "stall-begin", "DELETE FROM events WHERE run_id = :run AND kind = 'stall-begin'"
     " AND t = (SELECT min(t) FROM events WHERE run_id = :run AND kind = 'stall-begin')"),
    ("rog", "stream", "note of rank 1", "UPDATE events SET kind = 'note' WHERE run_id = :run"
     " AND kind = 'must-update'"),
    ("rog", "stream", "stall-end of rank",
     "UPDATE events SET data = json_set(data, '$.stall_s', 1) WHERE run_id = :run AND kind = 'stall-end'"),
    ("rog", "stream", "warning of rank 2",
     "INSERT INTO events VALUES (:run, 2, 100, 'warning', '{\"message\": \"no\"}')"),
    ("bsp", "stream", "start of rank", "UPDATE events SET data = json_set(data, '$.strategy.version', 'x')"
     " WHERE run_id = :run AND kind = 'start'"),
    ("bsp", "stream", "worker of rank 2", "DELETE FROM workers WHERE run_id = :run AND rank = 2"),
    ("bsp", "stream", "worker of rank 2",
     "UPDATE workers SET facts = json_set(facts, '$.profile', 'x') WHERE run_id = :run AND rank = 2"),
    ("bsp", "stream", "program of rank 0",
     "UPDATE runs SET versions = json_set(versions, '$.rog-trainer', '9') WHERE id = :run"),
    ("bsp", "stream", "100 are recorded as stored", "UPDATE streams SET stored_bytes = 100 WHERE run_id = :run"),
    ("bsp", "stream", "are recorded as stored",
     "UPDATE streams SET stored_bytes = stored_bytes + 1 WHERE run_id = :run"),
    ("bsp", "stream", "there is no record that it was stored", "DELETE FROM streams WHERE run_id = :run"),
    ("bsp", "settings", "learning_rate is 0.5 in results.db",
     "UPDATE runs SET config = json_set(config, '$.learning_rate', 0.5) WHERE id = :run"),
    ("bsp", "settings", "compression is nothing in results.db",
     "UPDATE runs SET config = json_remove(config, '$.compression') WHERE id = :run"),
    ("bsp", "settings", "worker 2: step_s is 9",
     "UPDATE runs SET config = json_set(config, '$.workers[1].step_s', 9) WHERE id = :run"),
    ("bsp", "settings", "3 workers in results.db, 4 in config.json",
     "UPDATE runs SET config = json_remove(config, '$.workers[3]') WHERE id = :run"),
    ("trained", "saved", "its result is 50, its test gave",
     "UPDATE checkpoints SET accuracy = 50 WHERE run_id = :run"),
    ("trained", "saved", "which is not in the table",
     "UPDATE checkpoints SET accuracy = NULL WHERE run_id = :run"),
    ("trained", "saved", "the file is not the one that was saved",
     "UPDATE checkpoints SET sha256 = replace(sha256, substr(sha256, 1, 1), 'x') WHERE run_id = :run"),
    ("trained", "stream", "not as the trainer wrote it: checkpoint",
     "UPDATE checkpoints SET path = replace(path, '/chkpt/', '/chkpt/../chkpt/') WHERE run_id = :run"),
    ("trained", "stream", "the trainer wrote: checkpoint", "DELETE FROM checkpoints WHERE run_id = :run"
     " AND t = (SELECT min(t) FROM checkpoints WHERE run_id = :run)"),
    ("trained", "stream", "not as the trainer wrote it: checkpoint",
     "UPDATE checkpoints SET t = t + 0.5 WHERE run_id = :run"),
]

def lines(change):
    """A change of the lines of a file."""
    def apply(path):
        with open(path, encoding="utf-8") as file:
            text = file.read().splitlines(keepends=True)
        changed = change(text)
        assert changed != text, "nothing is changed"
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(changed)
    return apply

def of(kind, rank, old, new):
    """Replaces a text in the first line of that event and rank that contains it."""
    def change(text):
        for i, line in enumerate(text):
            said = json.loads(line)
            if said["event"] == kind and said.get("rank") == rank and old in line:
                return text[:i] + [line.replace(old, new, 1)] + text[i + 1:]
        return text
    return lines(change)

def flip(path):
    with open(path, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))

# (run, check, text of the finding, file, change)
FILES = [
    ("rog", "stream", "iteration of rank 2", "events.jsonl", of("iteration", 2, '"iteration":9,', '"iteration":8,')),
    ("rog", "stream", "energy of rank 1", "events.jsonl", of("energy", 1, '"joules":', '"joules":1')),
    ("rog", "stream", "bandwidth of rank 3", "events.jsonl", of("bandwidth", 3, '"mbps":', '"mbps":1')),
    ("bsp", "stream", "not as the trainer wrote it: end", "events.jsonl", lines(lambda text: text[:-1])),
    ("bsp", "stream", "has 0 bytes of complete lines", "events.jsonl", lines(lambda text: [])),
    ("bsp", "stream", "the trainer wrote: end", "events.jsonl", lines(lambda text: text + text[-1:])),
    ("bsp", "stream", "event stream events.jsonl at byte", "events.jsonl",
     lines(lambda text: text[:99] + ["x" + text[99][1:]] + text[100:])),
    ("bsp", "stream", "the trainer wrote:", "events.jsonl",  # one line replaced by another
     lines(lambda text: text[:99] + [text[98]] + text[100:])),
    ("bsp", "settings", "learning_rate is 0.0003 in results.db, 0.0004", "config.json",
     lines(lambda text: [line.replace("0.0003", "0.0004") for line in text])),
    ("bsp", "settings", "config.json, line", "config.json", lines(lambda text: text[:-1])),
    ("trained", "saved", "the file is not the one", "chkpt", flip),
    ("trained", "saved", "its test gave", "tested.jsonl",
     lines(lambda text: [line.replace('"accuracy":', '"accuracy":1') for line in text])),
    ("trained", "saved", "tested.jsonl", "tested.jsonl", lines(lambda text: ["{\n"] + text[1:])),
]

# ---- findings ----

def verify(run, database):
    done = subprocess.run(["rogctl", "verify", run, "--db", database, "--json"], capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stdout, done.stderr

def expect(what, check, says, answer):
    """Checks that a finding of the check contains the text, and that the exit status reports findings."""
    status, out, errors = answer
    FOUND.append(what)
    found = [finding for one in (json.loads(out)["checks"] if out else []) if one["check"] == check
             for finding in one["findings"]]
    if status != 1 or "findings" not in errors or not any(says in finding for finding in found):
        PROBLEMS.append("%s\n  wanted %s: %s\n  status %d, %s %s\n%s"
                        % (what, check, says, status, found, errors.strip(),
                           "".join("    %s: %s\n" % (one["check"], finding)
                                   for one in (json.loads(out)["checks"] if out else [])
                                   for finding in one["findings"][:2])))

def copy(with_folder):
    for name in ("t.db", "t.db-wal", "t.db-shm", "t.runs"):
        if os.path.lexists(name):
            os.remove(name)
    shutil.copy("results.db", "t.db")
    if with_folder:
        os.symlink("results.runs", "t.runs")

def change(run, sql):
    db = sqlite3.connect("t.db")
    before = db.total_changes
    db.execute("PRAGMA foreign_keys = OFF")
    for statement in sql.split(";"):
        db.execute(statement, {"run": run} if ":run" in statement else {})
    if db.total_changes == before:
        PROBLEMS.append("nothing is changed: " + sql)
    db.commit()
    db.close()

def main():
    db = sqlite3.connect("results.db")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    runs = dict(db.execute("SELECT note, id FROM runs"))
    db.close()
    for note, run in runs.items():
        status, out, errors = verify(run, "results.db")
        if status != 0:
            sys.exit("%s is not right before it is changed: %s %s" % (note, out, errors))
    for alone in (False, True):
        for note, check, says, sql in BY_ITSELF:
            copy(not alone)
            change(runs[note], sql)
            expect("%s, %s its folder" % (sql, "without" if alone else "with"), check, says,
                   verify(runs[note], "t.db"))
    for note, check, says, sql in BY_FILES:
        copy(True)
        change(runs[note], sql)
        expect(sql, check, says, verify(runs[note], "t.db"))
    for note, check, says, name, apply in FILES:
        shutil.rmtree("kept", ignore_errors=True)
        folder = os.path.join("results.runs", runs[note])
        shutil.copytree(folder, "kept")
        path = os.path.join(folder, name)
        apply(os.path.join(path, sorted(os.listdir(path))[-1]) if os.path.isdir(path) else path)
        expect("%s of %s" % (name, note), check, says, verify(runs[note], "results.db"))
        shutil.rmtree(folder)
        shutil.move("kept", folder)
    for problem in PROBLEMS:
        print("NOT FOUND: " + problem)
    print("%d changes, %d not found" % (len(FOUND), len(PROBLEMS)))
    sys.exit(1 if PROBLEMS else 0)

main()
