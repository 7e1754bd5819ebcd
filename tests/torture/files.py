#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Modified files, read by whole programs with sanitizers: experiment and cluster files, traces, layouts,
configurations, snapshots, checkpoints, event streams, databases and the registry of sweeps. Each is
accepted, or rejected with a message without control characters; nothing crashes, hangs or takes
gigabytes.
"""
import os
import re
import shutil
import signal
import sqlite3
import struct
import sys
import time

from attempts import BUILD, HANGS_S, SANITIZED, Kind, Result, environment, wait_until

CONF = """case = "k"; %s
runs = ( { library = "ROG"; threshold = 4; note = "a \\"b\\""; seed = 7; }, { library = "BSP"; } );
"""
# The minimum of everything.
QUICK = 'workload = "none"; seconds = 30.0; checkpoint_period = 10.0;'
TRAINED = """model = "convmlp-nano"; data = "synth100"; pretrain_epochs = 0; test_images = 20; seconds = 40.0;
batch = 2; checkpoint_period = 20.0; noise = "none";"""
CLUSTER = """kind = "virtual"; channel = { kind = "airtime"; };
workers = ( { profile = "jetson-nx"; count = 2; }, { step_s = 2.0; batch = 4; trace_offset = 10.0; } );
"""
TRACE = "seconds,mbps\r\n0,5\r\n2,0\r\n3.5,8\r\n10.75,1e2\r\n"
LAYOUT = '[{"name": "fc.weight", "shape": [8, 64]}, {"name": "fc.bias", "shape": [64]}]'
SEEDS = [b"0", b"-1", b"1e308", b"1e-308", b"1e999", b"nan", b"inf", b"2147483648", b"4294967296", b"1e16",
         b"9223372036854775807", b"-9223372036854775808", b"\"", b"'", b"null", b"[]", b"{}", b"((((((((", b"[" * 400,
         b",", b":", b";", b"=", b"\n", b"\\u0000", b"\xff\xfe", b"\x1b[2J", b"%s%n", b"../../", b"/dev/zero", b"true",
         b"x" * 3000]
STOPPED_S = 4  # programs that would compute for long are ended after this


# ---- changes ----

def change_text(rng, data):
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(data))
        how = rng.randrange(6)
        if how == 0 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([rng.randrange(256)]) + data[at + 1:]
        elif how == 1:
            data = data[:at] + data[at + rng.randint(0, 40):]
        elif how == 2:
            data = data[:at] + data[max(0, at - rng.randint(0, 100)):]
        else:  # replaces a number, or inserts a seed
            number = re.compile(rb"[0-9.]+").search(data, at)
            begin, end = number.span() if number and how > 3 else (at, at)
            data = data[:begin] + rng.choice(SEEDS) + data[end:]
    return data


def change_bytes(rng, data):
    data = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        # The important part is mostly at the beginning.
        at = rng.randrange(min(len(data), rng.choice([128, 4096, len(data)])))
        number = rng.choice([0, 1, 255, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1, rng.getrandbits(64),
                             *(struct.unpack("<Q", struct.pack("<d", x))[0] for x in (float("nan"), 1e308, -1.0))])
        width = rng.choice([1, 4, 8])
        at = at // width * width
        data[at:at + width] = number.to_bytes(8, rng.choice(["little", "big"]))[:width]
    if rng.randrange(6) == 0:
        del data[rng.randrange(len(data)):]
    return bytes(data)


def change_file(rng, path, change):
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(change(rng, data))


# ---- files to modify ----

def write(name, text):
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)


def succeed(kind, *words, **more):
    result = kind.run(words, **more)
    if result.status != 0:
        kind.problem("lost", "cannot prepare: %s" % " ".join(words), result)
    return result


def prepare_snapshot(kind):
    """Of a run that was killed."""
    write("long.conf", CONF % 'workload = "none"; seconds = 200000.0; snapshot_period = 0.02;')
    process = kind.start(["rogctl", "sweep", "long.conf", "--db", "long.db", "--jobs", "1", "-q"])

    def snapshots():
        return [where for where, _, names in os.walk("long.runs") if where.endswith("/snapshot") and "state" in names]

    wait_until(lambda: snapshots() or process.poll() is not None)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    if not snapshots():
        kind.problem("lost", "there is no snapshot to change")
    for found in snapshots()[:1]:
        shutil.copytree(os.path.dirname(found), "killed")


def prepare(kind):
    watched, kind.env = kind.env, environment(BUILD, kind.home)
    os.mkdir("from")
    os.chdir("from")
    write("x.conf", CONF % QUICK)
    write("trained.conf", CONF % TRAINED)
    write("c.conf", CLUSTER)
    write("t.csv", TRACE)
    write("layout.json", LAYOUT)
    write("traced.conf", CONF % (QUICK + ' trace = "t.csv"; layout = "layout.json";'))
    succeed(kind, "rogctl", "sweep", "x.conf", "--db", "r.db", "-q", "--plots", "p")
    succeed(kind, "rogctl", "sweep", "trained.conf", "--db", "trained.db", "-q", "--plots", "p")
    for name in os.listdir("trained.runs")[:1]:
        shutil.copy("trained.runs/%s/config.json" % name, "config.json")
        shutil.copy("trained.runs/%s/chkpt/0001.safetensors" % name, "m.safetensors")
    prepare_snapshot(kind)
    connection = sqlite3.connect("r.db")
    kind.runs = [row[0] for row in connection.execute("SELECT id FROM runs")]
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    os.chdir("..")
    kind.env = watched


# ---- the programs ----

def run(kind, words, stops=False):
    """`stops`: it may take long, and has to end soon when it is told to."""
    process = kind.start(words)
    begin = time.monotonic()
    if stops:
        wait_until(lambda: process.poll() is not None, STOPPED_S)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    try:
        out, err = process.communicate(timeout=HANGS_S - (time.monotonic() - begin))
    except Exception:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        return Result(None, out, err)
    return Result(process.returncode, out, err)


def experiment(kind, rng):
    change_file(rng, "x.conf", change_text)
    return ["rogctl", "sweep", "x.conf", "-n"]


def cluster(kind, rng):
    change_file(rng, "c.conf", change_text)
    return ["rogctl", "sweep", "x.conf", "--cluster", "c.conf", "-n"]


def trace(kind, rng):
    change_file(rng, "t.csv", change_text)
    return rng.choice([["rog-trainer", "trace", "info", "t.csv"], ["rogctl", "sweep", "traced.conf", "-n"],
                       ["rog-trainer", "trace", "convert", "t.csv", "to.csv"]])


def layout(kind, rng):
    change_file(rng, "layout.json", change_text)
    return ["rogctl", "sweep", "traced.conf", "-n"]


def configuration(kind, rng):
    change_file(rng, "config.json", change_text)
    return ["rog-trainer", "simulate", "--config", "config.json", "--out", "o", "--threads", "1"]


def snapshot(kind, rng):
    victim = rng.choice(sorted(os.path.join(where, name) for where, _, names in os.walk("killed")
                               for name in names if name != "lock"))
    change_file(rng, victim, change_text if victim.endswith(("json", "jsonl", "log")) else change_bytes)
    return ["rog-trainer", "simulate", "--config", "killed/config.json", "--out", "killed", "--resume", "--threads",
            "1"]


def checkpoint(kind, rng):
    change_file(rng, "m.safetensors", change_bytes)
    return ["rog-trainer", "test", "--config", "config.json", "--model", "m.safetensors"]


def look(kind, rng):
    return ["rogctl", *rng.choice([["runs"], ["cases"], ["show", kind.runs[0]], ["verify", kind.runs[1]],
                                   ["report", "k-case0"], ["export", "k-case0", "--format", "csv", "--to", "o"],
                                   ["show", kind.runs[1], "--json"], ["sweep", "x.conf", "-n"]]), "--db", "r.db"]


def database(kind, rng):
    change_file(rng, "r.db", change_bytes)
    return look(kind, rng)


def values(kind, rng):
    """A database that is whole, with values that nobody wrote."""
    connection = sqlite3.connect("r.db")
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for _ in range(rng.randint(1, 3)):
        table = rng.choice(tables)
        column = rng.choice([row[1] for row in connection.execute("PRAGMA table_info(%s)" % table)])
        value = rng.choice([None, -1, 0, 2**63 - 1, -2**63, 1e308, float("inf"), "", "\x1b[2J\x07", "x" * 5000, b"\xff",
                            "[" * 5000, "{}", "null", '{"a":1e999}', "../../etc"])
        where = rng.choice(["", " WHERE rowid %% 97 = %d" % rng.randrange(97), " WHERE rowid = %d" % rng.randint(1, 9)])
        try:
            connection.execute("UPDATE %s SET %s = ?%s" % (table, column, where), (value,))
        except sqlite3.Error:
            pass
    connection.commit()
    connection.close()
    return look(kind, rng)


def stream(kind, rng):
    """Of a run that is not done: what its trainer has written is taken in."""
    folder = "r.runs/" + kind.runs[0]
    change_file(rng, folder + "/" + rng.choice(["events.jsonl", "config.json"]), change_text)
    if rng.randrange(2):
        return ["rogctl", "verify", kind.runs[0], "--db", "r.db"]
    connection = sqlite3.connect("r.db")
    connection.execute("UPDATE runs SET status = 'running' WHERE id = ?", (kind.runs[0],))
    for table in ("iterations", "events", "bandwidth", "energy", "checkpoints", "streams"):
        connection.execute("DELETE FROM %s WHERE run_id = ?" % table, (kind.runs[0],))
    connection.commit()
    connection.close()
    return ["rogctl", "sweep", "x.conf", "--db", "r.db", "-q", "--plots", "p"]


def registry(kind, rng):
    entry = os.path.join(kind.home, ".local/state/rogctl/sweeps/k-1")
    os.makedirs(entry, exist_ok=True)
    write(entry + "/sweep.json", '{"pid": %d, "start": 1, "db": "%s", "case": "k", "conf": "x.conf", "runs": 2}' % (
        os.getpid(), os.path.abspath("r.db")))
    change_file(rng, entry + "/sweep.json", change_text)
    return ["rogctl", rng.choice(["status", "stop", "status"]), *rng.choice([[], ["k-1"]])]


# What is changed, how often of so many, and whether it may take long.
TARGETS = [(experiment, 4, False), (cluster, 4, False), (trace, 3, False), (layout, 2, False),
           (configuration, 3, True), (snapshot, 3, True), (checkpoint, 3, False), (database, 4, False),
           (values, 4, False), (stream, 3, True), (registry, 1, False)]


def attempt(kind, rng):
    # Links are enough where files are replaced, but these are changed in place.
    for name in os.listdir("../from"):
        source = "../from/" + name
        shutil.copytree(source, name) if os.path.isdir(source) else shutil.copy(source, name)
    target, _, stops = rng.choices(TARGETS, [weight for _, weight, _ in TARGETS])[0]
    words = target(kind, rng)
    result = run(kind, words, stops)
    kind.count()
    told = "%s, changed: %s" % (target.__name__, " ".join(words))
    if result.status is None:
        kind.problem("hung", told, result)
    elif result.crashed() or result.status not in (0, 1, 2, 3, 130, 143):
        kind.problem("crashed", "status %s: %s" % (result.status, told), result)
    elif result.status != 0 and not result.err.strip():
        kind.problem("silent", "status %d without output: %s" % (result.status, told), result)
    elif b"\x1b" in result.err + (result.out if "--json" not in words else b""):
        kind.problem("silent", "control characters reach the terminal: %s" % told, result)


if __name__ == "__main__":
    sys.exit(Kind("files", ["hostile-files"]).main(attempt, prepare, build=SANITIZED))
