# SPDX-License-Identifier: Apache-2.0
"""Executes random runs of all strategies without any disturbance, and verifies that they have no findings.

undisturbed.py SEED COUNT [LONGEST]: in the current folder, with rogctl in PATH. LONGEST: seconds of
virtual time. By hand: undisturbed.py 1 1000 3000. Files and database of runs with findings are kept in
bad-SEED.
"""
import json
import os
import random
import shutil
import subprocess
import sys

import combinations

RUNS_OF_A_CLUSTER = 10

def loguniform(rng, low, high):
    return float("%.6g" % (low * (high / low) ** rng.random()))

def write_trace(rng, path):
    """Writes steps of random length and rate, sometimes with a rate of 0."""
    t = 0.0
    with open(path, "w", encoding="ascii") as file:
        file.write("seconds,mbps\n")
        for _ in range(rng.randrange(2, 200)):
            file.write("%.3f,%.4f\n" % (t, 0 if rng.random() < 0.1 else loguniform(rng, 0.05, 200)))
            t += rng.choice([0.1, 0.5, 1.0, loguniform(rng, 0.01, 20)])
        file.write("%.3f,%.4f\n" % (t, 5))

def write_step_times(rng, path):
    padded = rng.random() < 0.5
    with open(path, "w", encoding="ascii") as file:
        file.write("step_s,padding_s\n" if padded else "step_s\n")
        for _ in range(rng.randrange(1, 60)):
            file.write("%.4f" % loguniform(rng, 0.01, 5))
            file.write(",%.4f\n" % rng.choice([0, loguniform(rng, 0.01, 3)]) if padded else "\n")

def drawn_trace(rng, folder):
    kind = rng.randrange(6)
    if kind == 0:
        return "constant:%g" % loguniform(rng, 0.01, 500)
    if kind == 1:
        return "unlimited"
    if kind == 2:
        name = "trace%d.csv" % rng.randrange(1000000)
        write_trace(rng, os.path.join(folder, name))
        return name
    return rng.choice(["synth:outdoors", "synth:indoors"])

def worker(rng, folder, quirks):
    """Returns settings of a worker; with quirks also those of the published system."""
    own = {}
    def maybe(name, draw, share=0.3):
        if rng.random() < share:
            own[name] = draw()
    maybe("batch", lambda: rng.choice([1, 8, 24, 100]))
    maybe("local_steps", lambda: rng.randrange(1, 6))
    maybe("step_s", lambda: rng.choice([0.0, 1e-6, loguniform(rng, 0.001, 10)]))
    for name in ("compress_s", "decompress_s", "rank_s", "unpack_rows_s"):
        maybe(name, lambda: rng.choice([0.0, loguniform(rng, 1e-4, 2)]))
    maybe("trace", lambda: drawn_trace(rng, folder), 0.2)
    maybe("trace_offset", lambda: rng.choice([0.0, 17.3, 1e6]), 0.2)
    maybe("trace_phase", rng.random, 0.2)
    if rng.random() < 0.2:
        for name in ("watts_compute", "watts_communicate", "watts_stall"):
            own[name] = rng.choice([0.0, loguniform(rng, 0.01, 1000)])
    if rng.random() < 0.1:
        own.pop("step_s", None)
        own["step_times"] = "steps%d.csv" % rng.randrange(1000000)
        write_step_times(rng, os.path.join(folder, own["step_times"]))
    if quirks:
        for name in ("pace_s", "pace_rows_s", "server_unpack_s", "server_compress_s", "server_rank_s"):
            maybe(name, lambda: rng.choice([0.0, loguniform(rng, 0.001, 3)]))
        maybe("packet_headers", lambda: loguniform(rng, 0.001, 10))
        maybe("send_buffer", lambda: loguniform(rng, 100, 1e8))
        maybe("answers", lambda: rng.choice(["always", "waiting", "stalled"]))
        maybe("batch_rows", lambda: rng.choice([1, 7, 100, 5000]))
        maybe("budget_step_s", lambda: loguniform(rng, 0.01, 1))
        maybe("drains", lambda: rng.random() < 0.5)
        maybe("server_takes", lambda: rng.choice(["rows", "pushes"]))
        maybe("zero_mbps", lambda: loguniform(rng, 0.001, 1))
    return own

def cluster(rng, folder):
    count = rng.choice([1, 2, 3, 4, 4, rng.randrange(1, 31)])
    if rng.random() < 0.3:
        workers = [dict(worker(rng, folder, False), count=count)]
    else:
        quirks = rng.random() < 0.4
        workers = [worker(rng, folder, quirks) for _ in range(count)]
    with open(os.path.join(folder, "cluster.conf"), "w", encoding="ascii") as file:
        file.write('kind = "virtual";\nworkers = (\n')
        file.write(",\n".join("    " + combinations.literal(own) for own in workers))
        file.write(");\n")
    return count

def layout(rng, folder):
    tensors = [{"name": "layer%d.weight" % i, "shape": [rng.randrange(1, 20), rng.randrange(1, 600)]}
               for i in range(rng.randrange(1, 12))]
    with open(os.path.join(folder, "layout.json"), "w", encoding="ascii") as file:
        json.dump(tensors, file)

def run(rng, folder, parts, index, count, longest):
    settings = combinations.run(rng, parts, index)
    del settings["note"]
    settings["note"] = "%d" % index
    if rng.random() < 0.97:
        settings["workload"] = "none"
        settings.pop("checkpoint_average", None)
        if rng.random() < 0.3:
            settings["layout"] = "layout.json"
            settings["wire_model"] = "same"
        elif rng.random() < 0.3:
            settings["wire_model"] = rng.choice(["convmlp-nano", "convmlp-s"])
    settings["trace"] = drawn_trace(rng, folder)
    if rng.random() < 0.2:
        settings["trace_start"] = rng.choice(["spread", "seed"])
    if rng.random() < 0.2:
        settings["latency"] = rng.choice([0.0, 0.5, loguniform(rng, 1e-4, 5)])
    settings["batchsize"] = rng.choice([1, 1, 2, 5])
    # Workers without compute time on unlimited links do 10,000 iterations per second.
    settings["seconds"] = loguniform(rng, 2, longest / (1 + count / 4))
    settings["epochs"] = rng.choice([1, 1, 100000])
    settings["checkpoint_period"] = rng.choice([60.0, loguniform(rng, 0.5, 100)])
    settings["checkpoint_growth"] = rng.choice([1.0, 3.0])
    settings["record_rows"] = rng.random() < 0.7
    if settings["workload"] == "train":
        settings["seconds"] = min(settings["seconds"], 30.0)
        settings["data"] = "synth100"
    return settings

def group(rng, folder, parts, first, runs, longest):
    os.makedirs(folder)
    layout(rng, folder)
    count = cluster(rng, folder)
    made = [run(rng, folder, parts, first + i, count, longest) for i in range(runs)]
    with open(os.path.join(folder, "x.conf"), "w", encoding="ascii") as file:
        file.write('case = "drawn"; cluster = "cluster.conf"; test_images = 8; pretrain_epochs = 0;\n')
        file.write("runs = (\n")
        file.write(",\n".join("    " + combinations.literal(settings) for settings in made))
        file.write(");\n")

def command(folder, *words):
    done = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    return done.returncode, done.stdout, done.stderr

def look(folder):
    """Returns the findings of a group of runs, and how many were verified and how many had no iteration."""
    status, _, errors = command(folder, "rogctl", "sweep", "x.conf", "--plots", "plots")
    complaints = [] if status <= 1 else ["sweep ended with %d: %s" % (status, errors)]
    _, out, errors = command(folder, "rogctl", "runs", "--json")
    failed = [one for one in json.loads(out) if one["status"] != "done"]
    diverged = {one["id"] for one in failed if "the training has diverged" in (one.get("error") or "")}
    wrong = [one for one in failed if one["id"] not in diverged]
    complaints += ["%s: %s: %s" % (one["id"], one["status"], one.get("error")) for one in wrong]
    status, out, errors = command(folder, "rogctl", "verify", "drawn-case0", "--json")
    if status not in (0, 1, 3) or not out:
        return complaints + ["verify ended with %d: %s" % (status, errors)], 0, 0
    idle = 0
    for one in json.loads(out):
        idle += one["checks"][0]["checked"] == 0
        complaints += ["%s: %s: %s" % (one["run"], check["check"], finding)
                       for check in one["checks"] for finding in check["findings"]
                       if one["run"] not in diverged]
    return complaints, len(json.loads(out)), idle

def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    longest = float(sys.argv[3]) if len(sys.argv) > 3 else 300.0
    parts = json.loads(command(".", "rogctl", "plugins", "--json")[1])
    verified, idle, bad = 0, 0, 0
    for first in range(0, count, RUNS_OF_A_CLUSTER):
        rng = random.Random("%d %d" % (seed, first))
        folder = "drawn-%d-%d" % (seed, first)
        group(rng, folder, parts, first + 1, min(RUNS_OF_A_CLUSTER, count - first), longest)
        complaints, runs, without = look(folder)
        verified, idle = verified + runs, idle + without
        for complaint in complaints:
            print("%s: %s" % (folder, complaint), flush=True)
        bad += bool(complaints)
        if not complaints:
            shutil.rmtree(folder)
    print("seed %d: %d runs verified, %d of them without an iteration; %d clusters with findings"
          % (seed, verified, idle, bad))
    sys.exit(1 if bad or verified != count else 0)

main()
