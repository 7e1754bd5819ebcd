# SPDX-License-Identifier: Apache-2.0
"""Sends requests to `rogctl ui`, like a browser and like attackers. Used by ui.sh."""
import concurrent.futures
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

LIMIT_S = 240  # limit of waits, also on slow machines
ATTEMPTS = 100  # by malicious clients


def check(truth, *said):
    if not truth:
        raise SystemExit(f"FAILED: line {sys._getframe(1).f_lineno}: " + " ".join(str(word)[:2000] for word in said))


def rogctl(*words, code=0):
    done = subprocess.run(["rogctl", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    check(done.returncode == code, words, done.returncode, done.stderr)
    return done


def wait_for(what, condition):
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise SystemExit(f"FAILED: not within {LIMIT_S} s: {what}")


class Page:
    """A running `rogctl ui`."""

    def __init__(self, *words, database="results.db", environment=None):
        self.process = subprocess.Popen(["rogctl", "ui", "--db", database, "--listen", "127.0.0.1:0", "--json", *words],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **(environment or {})})
        line = self.process.stdout.readline()
        check(line, "no address", self.process.stderr)
        self.said = json.loads(line)
        self.port = self.said["port"]

    def ask(self, path, headers=None, method="GET"):
        """Sends a request; returns status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), body

    def json(self, path, status=200):
        found, _, body = self.ask(path)
        check(found == status, path, found, body)
        return json.loads(body)

    def error(self, path, status):
        return self.json(path, status)["error"]

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory_mib(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def end(self, number=signal.SIGTERM):
        check(self.process.poll() is None, "it has ended", self.process.returncode)
        self.process.send_signal(number)
        check(self.process.wait(LIMIT_S) == 0, "exit status", self.process.returncode, self.process.stderr.read())


@contextlib.contextmanager
def page(*words, **how):
    one = Page(*words, **how)
    try:
        yield one
        one.end()
    finally:
        one.process.kill()


class Events:
    """A listener to /events; its events by name."""

    def __init__(self, one, path="/events"):
        self.found = {}
        self.connection = http.client.HTTPConnection("127.0.0.1", one.port, timeout=LIMIT_S)
        self.connection.request("GET", path)
        self.answer = self.connection.getresponse()
        check(self.answer.getheader("Content-Type") == "text/event-stream", self.answer.status, self.answer.read)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        name = ""
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            for line in self.answer:
                text = line.decode().rstrip("\n")
                if text.startswith("event: "):
                    name = text[7:]
                elif text.startswith("data: "):
                    self.found.setdefault(name, []).append(json.loads(text[6:]))

    def wait(self, name, condition=lambda data: True):
        return wait_for(f"event {name}", lambda: [d for d in list(self.found.get(name, [])) if condition(d)])[0]


def close(one, other):
    return (one is None and other is None) or (one is not None and other is not None
                                                and abs(one - other) <= 1e-9 * max(1, abs(one)))


# ---- answers ----

def before_there_is_anything():
    with page(database="new/none.db") as one:
        overview = one.json("/api/overview")
        check(overview["database"]["state"] == "missing" and "no such database" in overview["database"]["message"], overview)
        check(one.error("/api/runs", 503)["code"] == "missing-database")
        status, headers, _ = one.ask("/")
        check(status == 200 and "default-src 'none'" in headers["Content-Security-Policy"], headers)
        events = Events(one)
        check(events.wait("hello")["state"] == "missing", events.found)
        os.mkdir("new")
        rogctl("sweep", "-q", "x.conf", "--db", "new/none.db", "--plots", "new/plots")
        events.wait("change", lambda data: data["state"] == "ok" and len(data["runs"]) == 6)
        check(one.json("/api/runs")["total"] == 6)


def while_a_sweep_goes_on(one):
    general = Events(one)
    general.wait("hello")
    sweep = subprocess.Popen(["rogctl", "sweep", "-q", "more.conf"], stdout=subprocess.DEVNULL)
    run = general.wait("progress", lambda data: data["runs"])["runs"][0]["id"]
    watching = Events(one, "/events?run=" + run)
    points = watching.wait("points", lambda data: data["iterations"])
    check(points["run"] == run and points["seconds"] > 0 and points["iterations"][0]["worker"] >= 1, points)
    overview = one.json("/api/overview")
    check(overview["database"]["running"] == 1 or sweep.poll() is not None, overview)
    check(sweep.wait(LIMIT_S) == 0)
    general.wait("change", lambda data: run in data["runs"])
    db = sqlite3.connect("results.db")
    largest = db.execute("SELECT max(iteration) FROM iterations WHERE run_id = ?", [run]).fetchone()[0]
    db.close()
    wait_for("the end of the run", lambda: any(
        row["iteration"] == largest for data in list(watching.found["points"]) for row in data["iterations"])
        or any(data["dropped"] for data in list(watching.found["points"])))
    return general


def lists(one):
    theirs = json.loads(rogctl("runs", "--json").stdout)
    seconds = {run["id"]: run["seconds"] for run in theirs}

    def measured():  # includes the run that has just ended
        answer = one.json("/api/runs?limit=500&sort=stall_s")
        return answer["complete"] and all(close(row["seconds"], seconds[row["id"]]) for row in answer["rows"])

    wait_for("all runs measured", measured)
    ours = {row["id"]: row for row in one.json("/api/runs?limit=500")["rows"]}
    check(len(ours) == len(theirs), len(ours), len(theirs))
    for run in theirs:
        for name in ("seconds", "iterations", "compute_s", "communication_s", "stall_s", "energy_j", "seed", "status", "note"):
            found = ours[run["id"]][name]
            same = close(run[name], found) if isinstance(run[name], (int, float)) else run[name] == found
            check(same, run["id"], name, run[name], found)
    rows = one.json("/api/runs?sort=stall_s&order=desc&limit=3&offset=1")["rows"]
    wanted = sorted((run["stall_s"] for run in theirs), reverse=True)[1:4]
    check([row["stall_s"] for row in rows] == wanted, rows, wanted)
    check(one.json("/api/runs?text=ssp+4&status=done&case=c-case0")["total"] == 3)
    check(one.json("/api/runs?text=" + urllib.parse.quote("' OR 1=1 --"))["total"] == 0)
    check("cannot be sorted by" in one.error("/api/runs?sort=config", 400)["message"])
    check("unknown parameter limt" in one.error("/api/runs?limt=1", 400)["message"])
    check("from 1 to 500" in one.error("/api/runs?limit=1000", 400)["message"])


def one_run(one):
    run, other = [row["id"] for row in json.loads(rogctl("runs", "c-case0", "--json").stdout)][:2]
    shown = json.loads(rogctl("show", run, "--json").stdout)
    ours = one.json(f"/api/runs/{run}?against={other}")
    for name, value in shown.items():
        check(ours[name] == value, name, ours[name], value)
    check([row for row in ours["against"]["differs"] if row["name"] == "seed"] == [{"name": "seed", "value": 1, "other": 2}],
          ours["against"])
    check(ours["ranks"] == [1, 2, 3, 4] and ours["cases"] == ["c-case0"])
    db = sqlite3.connect("results.db")
    series = one.json(f"/api/runs/{run}/series?name=composition,bandwidth,energy,rows,staleness,accuracy&points=20")["series"]
    line = series["composition"]["lines"][0]
    count, total, least = db.execute(
        "SELECT count(*), sum(stall_s), min(stall_s) FROM iterations WHERE run_id = ? AND rank > 0", [run]).fetchone()
    check(sum(line["count"]) == count and len(line["t"]) <= 20, line)
    check(abs(sum(n * m for n, m in zip(line["count"], line["stall_s"]["mean"])) - total) < 1e-6 * total, total, line)
    check(min(line["stall_s"]["min"]) == least, least, line)
    last = series["energy"]["lines"][0]["value"][-1]
    check(0.9 * shown["energy_j"] < last <= shown["energy_j"], last, shown["energy_j"])
    check(len(one.json(f"/api/runs/{run}/series?name=staleness&worker=each")["series"]["staleness"]["lines"]) == 4)
    events = one.json(f"/api/runs/{run}/events?kind=join&limit=2")
    wanted = db.execute("SELECT count(*) FROM events WHERE run_id = ? AND kind = 'join'", [run]).fetchone()[0]
    check(events["total"] == wanted and len(events["rows"]) == min(2, wanted), events)
    micro = one.json(f"/api/runs/{run}/microevents?worker=2&from=10&to=60&rows=1")
    pulls = db.execute("SELECT t, 100.0 * rows_pulled / rows_total FROM iterations WHERE run_id = ? AND rank = 2 AND"
                       " t BETWEEN 10 AND 60 ORDER BY t", [run]).fetchall()
    check(len(micro["pull"]) == len(pulls) and all(close(a[0], b[0]) and close(a[1], b[1]) for a, b in zip(micro["pull"], pulls)),
          micro["pull"], pulls)
    check(micro["rows"]["layers"] and micro["rows"]["push"], micro["rows"].keys())
    with open(f"results.runs/{run}/trainer.log", "a", encoding="utf-8") as file:
        file.write("one\n<b>two\x1b[31m</b>\nthree\n")
    log = one.json(f"/api/runs/{run}/log?text=TWO")
    check(log["total"] == 1 and log["lines"][0]["text"] == "<b>two\\x1b[31m</b>", log)
    check(one.error(f"/api/runs/{run}/log?file=../../results.db", 404)["code"] == "not-found")
    os.mkdir("elsewhere")
    with open("elsewhere/secret.log", "w", encoding="utf-8") as file:
        file.write("secret\n")
    os.rename(f"results.runs/{run}", "kept")
    os.symlink("../elsewhere", f"results.runs/{run}")
    log = one.json(f"/api/runs/{run}/log")
    check(log["files"] == [] and one.error(f"/api/runs/{run}/log?file=secret.log", 404)["code"] == "not-found", log)
    os.remove(f"results.runs/{run}")
    os.rename("kept", f"results.runs/{run}")
    for path in ("/api/runs?", f"/api/runs/{run}/events?", f"/api/runs/{run}/log?"):
        check("not be longer than 200 bytes" in one.error(path + "text=" + "a" * 201, 400)["message"], path)
    check(one.error("/api/runs/nothing", 404)["code"] == "not-found")
    check("has no worker of rank 9" in one.error(f"/api/runs/{run}/microevents?worker=9", 400)["message"])
    db.close()


def comparisons(one):
    report = json.loads(rogctl("report", "c-case0", "--json").stdout)
    ours = one.json("/api/cases/c-case0")
    for name, value in report.items():
        found = ours["rule" if name == "curves" else name]
        check(found == value, name, found, value)
    check(ours["tables"][0]["rows"] and ours["panels"], ours["tables"])
    ids = [run["id"] for run in report["runs"]]
    chosen = one.json("/api/compare?" + "&".join("run=" + run for run in ids))
    check([s["stall_s"] for s in chosen["series"]] == [s["stall_s"] for s in report["series"]], chosen["series"])
    check(one.json("/api/overview")["cases"][0]["name"] == "c-case0")  # comparing chosen runs has changed nothing
    check(one.error("/api/compare", 400)["code"] == "invalid")
    rogctl("redraw", "c-case0", "--format", "svg", "--plots", "ours")
    name = "average-time-composition.svg"
    with open(f"ours/c-case0-{name}", "rb") as file:
        wanted = file.read()
    for _ in range(2):
        status, headers, body = one.ask("/figure/case/c-case0/" + name)
        check(status == 200 and body == wanted and headers["Content-Type"] == "image/svg+xml", status, headers, body[:300])
    rogctl("microevents", ids[0], "1", "0", "--span", "50", "--format", "svg", "--plots", "micro")
    with open("micro/" + next(f for f in os.listdir("micro") if f.endswith(".svg")), "rb") as file:
        check(one.ask(f"/figure/microevents/{ids[0]}/1/0/50.svg")[2] == file.read())
    check("no figure nothing" in one.error("/figure/case/c-case0/nothing.svg", 404)["message"])
    rogctl("export", "c-case0", "--to", "csv")
    for table in ("runs", "iterations", "energy"):
        status, headers, body = one.ask(f"/download/case/c-case0/{table}.csv")
        with open(f"csv/c-case0-{table}.csv", "rb") as file:
            check(status == 200 and body == file.read(), table, status)
        check(headers["Content-Disposition"] == f'attachment; filename="c-case0-{table}.csv"', headers)
    check(one.ask("/download/case/c-case0/report.md")[2] == rogctl("report", "c-case0", "--markdown").stdout)
    with open("again.conf", "wb") as file:
        file.write(one.ask("/download/case/c-case0/experiment.conf")[2])
    said = rogctl("sweep", "-n", "again.conf")
    check(b"0 of 6 runs to do" in said.stdout + said.stderr, said)
    # Only the name of a user's cluster file is recorded; it is expected beside the experiment file.
    os.makedirs("own")
    with open("own/yard.conf", "w", encoding="utf-8") as file:
        file.write('kind = "virtual"; workers = ( { profile = "jetson-nx"; batch = 24; count = 2; } );')
    with open("yard-runs.conf", "w", encoding="utf-8") as file:
        file.write('case = "yard"; cluster = "own/yard.conf"; workload = "none"; seconds = 123.4567890123; smooth = "none"; '
                   'runs = ( { library = "SSP"; threshold = 4; note = "a \\"b\\" \\\\ c"; } );')
    rogctl("sweep", "-q", "yard-runs.conf")
    with open("own/again.conf", "wb") as file:
        file.write(one.ask("/download/case/yard-case0/experiment.conf")[2])
    said = rogctl("sweep", "-n", "own/again.conf")
    check(b"0 of 1 runs to do" in said.stdout + said.stderr, said)
    rogctl("sweep", "-n", "again.conf", "--cluster", "own/yard.conf")


# ---- access ----

def doors():
    with page("--token") as one:
        token = one.said["token"]
        with open(f"/proc/{one.process.pid}/cmdline", "rb") as file:
            check(token.encode() not in file.read())
        check(one.ask("/")[0] == 401 and b"token" in one.ask("/")[2])
        check(one.error("/api/runs", 401)["code"] == "unauthorized")
        check(one.ask("/?token=" + "0" * 32)[0] == 401)
        status, headers, _ = one.ask("/?token=" + token)
        cookie = headers["Set-Cookie"]
        check(status == 200 and "HttpOnly" in cookie and "SameSite=Strict" in cookie and headers["Refresh"] == "0; url=/", headers)
        check(one.ask("/api/runs", {"Cookie": cookie.split(";")[0]})[0] == 200)
        check(one.ask("/api/runs", {"Authorization": "Bearer " + token})[0] == 200)
        taken = rogctl("ui", "--listen", f"127.0.0.1:{one.port}", code=1).stderr.decode()
        check(f"by process {one.process.pid} (rogctl)" in taken and "hint: " in taken, taken)
    with page(environment={"ROGCTL_UI_TOKEN": "my-own-token-0123"}) as one:
        check(one.said["token"] == "my-own-token-0123" and one.ask("/?token=my-own-token-0123")[0] == 200)
    with page() as one:
        for headers, cause in (({"Host": "evil.example"}, b"--listen NAME:PORT"),
                               ({"Sec-Fetch-Site": "cross-site"}, b"another site")):
            answer = one.ask("/api/runs", headers)
            check(answer[0] == 403 and cause in answer[2], (headers, answer))
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "X"):
            check(one.ask("/api/runs", method=method)[0] in (400, 405, 501), method)
        status, headers, body = one.ask("/api/runs", method="HEAD")
        check(status == 200 and not body and int(headers["Content-Length"]) > 0, headers)


def other_databases():
    shutil.copy("results.db", "broken.db")
    with open("broken.db", "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (os.path.getsize("broken.db") - 4096))
    with open("none.db", "wb") as file:
        file.write(b"this is no database" * 500)
    for name in ("broken.db", "none.db"):
        with page(database=name) as one:
            check(one.json("/api/overview")["database"]["state"] == "damaged", name)
            check(one.ask("/api/runs")[0] in (500, 503))
    db = sqlite3.connect("old.db")
    with sqlite3.connect("results.db") as now:
        schema = {row[0]: row[1] for row in now.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL")}
    for name, sql in schema.items():
        if name not in ("progress", "robots", "identities", "inputs"):
            db.execute(sql)
    db.execute("ATTACH 'results.db' AS now")
    for table in ("runs", "cases", "case_settings", "case_runs", "streams", "workers", "iterations", "checkpoints", "events"):
        db.execute(f"INSERT INTO main.{table} SELECT * FROM now.{table}")
    db.execute("PRAGMA user_version = 4")
    with contextlib.suppress(sqlite3.OperationalError):
        for column in ("padding_s", "local_steps", "age_pushed", "age_pulled"):
            db.execute(f"ALTER TABLE iterations DROP COLUMN {column}")
    db.commit()
    db.close()
    with page(database="old.db") as one:
        check(one.json("/api/runs")["total"] == 8)
        check(one.json("/api/cases/c-case0")["series"])
        check(one.json("/api/fleet") == {"runs": []})
        rogctl("case", "rename", "c-case0", "d", "--db", "old.db")  # migrates it meanwhile
        check(one.json("/api/cases/d")["series"])


def what_json_cannot_hold():
    """Values that rogctl never writes are shown as such, and do not affect the rest of the run."""
    shutil.copy("results.db", "odd.db")
    with contextlib.closing(sqlite3.connect("odd.db")) as db:
        run = db.execute("SELECT id FROM runs WHERE status = 'done' ORDER BY id LIMIT 1").fetchone()[0]
        for kind in ("warning", "end", "restart", "replay_end", "join"):
            for data in (b"\xff\x00\x01", "no { JSON"):
                db.execute("INSERT INTO events (run_id, rank, t, kind, data) VALUES (?, 0, 1, ?, ?)", (run, kind, data))
        db.commit()
    with page(database="odd.db") as one:
        said = [event.get("message") for event in one.json(f"/api/runs/{run}")["notable_events"]]
        check(said.count("(data that is not JSON)") == 4, said)
        for path in ("/events", "/series?name=accuracy,composition,energy", "/log"):
            found, _, body = one.ask(f"/api/runs/{run}{path}")
            check(found == 200, path, found, body)
        check(one.ask("/api/runs")[0] == one.ask("/api/fleet")[0] == 200)
    rogctl("show", run, "--db", "odd.db")


def words_to_nobody():
    """If the address cannot be printed, the command fails instead of serving unnoticed."""
    for given in (">&-", "> /dev/full"):
        done = subprocess.run(["sh", "-c", f"exec rogctl ui --listen 127.0.0.1:0 {given}"], stderr=subprocess.PIPE,
                              text=True, timeout=LIMIT_S, check=False)
        check(done.returncode == 1 and "cannot print the page's address" in done.stderr, given, done)


def a_desktop_that_hangs():
    """A browser that does not return does not delay SIGTERM; the page is removed, whichever process is killed."""
    os.makedirs("desktop/tmp", exist_ok=True)
    with open("desktop/xdg-open", "w", encoding="ascii") as file:
        file.write('#!/bin/sh\necho $$ >desktop/opened.new; mv desktop/opened.new desktop/opened\n'
                   "exec sleep 100000 >/dev/null 2>&1\n")
    os.chmod("desktop/xdg-open", 0o755)
    told = {"PATH": f"{os.getcwd()}/desktop:{os.environ['PATH']}", "TMPDIR": f"{os.getcwd()}/desktop/tmp"}
    for number, left in ((signal.SIGTERM, 0), (signal.SIGKILL, 1), (signal.SIGHUP, 0), (signal.SIGINT, 0)):
        one = Page("--token", "--open", environment=told)
        wait_for("the browser", lambda: os.path.exists("desktop/opened"))
        with open("desktop/opened", encoding="ascii") as file:
            browser = int(file.read())
        os.remove("desktop/opened")
        began = time.monotonic()
        one.process.send_signal(number)
        one.process.wait(LIMIT_S)
        os.kill(browser, signal.SIGKILL)
        check(time.monotonic() - began < 15, number, "took", time.monotonic() - began)
        check(len(os.listdir("desktop/tmp")) == left, number, os.listdir("desktop/tmp"))


# ---- many clients, and malicious ones ----

def many(one):
    paths = ["/api/overview", "/api/runs", "/", "/api/cases/c-case0", "/figure/case/c-case0/average-time-composition.svg"]
    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        found = list(pool.map(lambda i: one.ask(paths[i % len(paths)])[0], range(200)))
    check(found == [200] * 200, found)


def raw(one, data, slow=False):
    """Sends these bytes and returns the answer; b"" if the connection is closed."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", one.port), timeout=LIMIT_S) as peer:
        if slow:
            for i in range(len(data)):
                peer.sendall(data[i:i + 1])
                time.sleep(0.2)
        else:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
        return peer.recv(65536)
    return b""


def hostile(one):
    host = b"Host: localhost\r\n"
    targets = [b"/../../etc/passwd", b"/assets/..%2f..%2fetc%2fpasswd", b"/%00", b"/%", b"/api/runs/%ff", b"//////", b"*",
               b"/api/runs?text=%27%3BDROP%20TABLE%20runs%3B--", b"/api/runs?sort=id;DROP", b"/api/runs?limit=-1",
               b"/api/runs/'%20OR%201=1/series?name=x", b"/download/case/..%2f..%2fx/runs.csv", b"/events?run=%27",
               b"/figure/case/%3Cscript%3E/x.svg", b"/figure/microevents/x/1/nan/inf.svg", b"/" + b"a" * 30000,
               b"/api/compare?" + b"&run=x" * 5000, b"/api/runs?" + b"&a=b" * 3000, b"/api/runs?offset=9223372036854775807"]
    requests = [b"GET " + target + b" HTTP/1.1\r\n" + host + b"\r\n" for target in targets]
    requests += [b"", b"\r\n" * 1000, b"\x16\x03\x01" + bytes(range(256)) * 40, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                 b"GET / HTTP/1.1\r\n\r\n", b"BREW / HTTP/1.1\r\n" + host + b"\r\n", b"GET / HTTP/1.1\r\n" + host * 3 + b"\r\n",
                 b"GET / HTTP/1.1\r\n" + host + b"X: " + b"y" * 200000 + b"\r\n\r\n",
                 b"GET / HTTP/1.1\r\n" + host + b"".join(b"X%d: y\r\n" % i for i in range(20000)) + b"\r\n",
                 b"GET / HTTP/1.1\r\n" + host + b"Content-Length: 999999999999\r\n\r\nxxx",
                 b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
                 b"GET / HTTP/1.1\r\n" + host + b"Cookie: " + b"rogctl_ui=" * 4000 + b"\r\n\r\n",
                 b"GET /api/runs HTTP/1.1\r\n" + host + b"If-None-Match: " + b"\"" * 9000 + b"\r\n\r\n",
                 (b"GET /api/overview HTTP/1.1\r\n" + host + b"\r\n") * 50]
    slow = [b"GET / HTTP/1.1\r\nHost: l\r\nX-" + b"a" * 60] * 20
    with concurrent.futures.ThreadPoolExecutor(ATTEMPTS) as pool:
        loris = [pool.submit(raw, one, data, True) for data in slow]
        answers = list(pool.map(lambda i: raw(one, requests[i % len(requests)]), range(ATTEMPTS - len(slow))))
        begin = time.monotonic()
        check(one.json("/api/overview")["database"]["state"] == "ok")  # meanwhile
        took = time.monotonic() - begin
        check(took < 60, "an honest client waited", took)
        for slow_one in loris:
            slow_one.result()
    check(not any(b"root:" in answer for answer in answers))
    listeners = []
    for _ in range(80):
        peer = socket.create_connection(("127.0.0.1", one.port), timeout=LIMIT_S)
        peer.sendall(b"GET /events HTTP/1.1\r\n" + host + b"\r\n")
        listeners.append(peer)
    firsts = [peer.recv(64).split(b"\r\n")[0] for peer in listeners]
    check(firsts.count(b"HTTP/1.1 200 OK") <= 64 and any(b"503" in first for first in firsts), firsts)
    for peer in listeners:
        peer.close()


def main():
    before_there_is_anything()
    rogctl("sweep", "-q", "x.conf")
    with page() as one:
        listener = while_a_sweep_goes_on(one)
        lists(one)
        one_run(one)
        comparisons(one)
        many(one)
        memory, open_files = one.memory_mib(), one.descriptors()
        hostile(one)
        many(one)
        check(one.json("/api/runs")["total"] == 8)
        check(one.memory_mib() < 2 * memory + 100, "memory", memory, one.memory_mib())
        wait_for("connections closed", lambda: one.descriptors() <= open_files + 20)
    wait_for("the end of the events", lambda: "end" in listener.found or not listener.thread.is_alive())
    doors()
    other_databases()
    what_json_cannot_hold()
    words_to_nobody()
    a_desktop_that_hangs()
    check(sqlite3.connect("results.db").execute("PRAGMA integrity_check").fetchone() == ("ok",))


main()
