# SPDX-License-Identifier: Apache-2.0
"""Tests the live page in a browser, in the folder that ui-page.sh prepares."""
import glob
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time

from browser import Browser, Failed

VIEWS = ("#/", "#/runs", "#/runs?text=nothing+has+this+name", "#/runs/{run}", "#/runs/{run}/microevents",
         "#/runs/{run}/events", "#/runs/{run}/log", "#/runs/{run}/configuration?against={other}",
         "#/runs/{run}/files", "#/runs/no-such-run", "#/cases/first-case0", "#/compare", "#/fleet", "#/nowhere")
# Whether a view has been loaded: it has a heading, and no empty chart.
READY = "document.querySelector('main h1') && !document.querySelector('.plot:empty')"


def expect(what, found, wanted):
    if found != wanted:
        raise Failed("%s: wanted %r, found %r" % (what, wanted, found))


def rogctl(*words):
    return subprocess.run(["rogctl", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def query(sql, *values):
    with sqlite3.connect("file:results.db?mode=ro", uri=True) as db:
        return db.execute(sql, values).fetchall()


class Server:
    """`rogctl ui`, at the same address each time it is started."""

    def __init__(self):
        self.address = "127.0.0.1:0"
        self.start()

    def start(self):
        self.process = subprocess.Popen(["rogctl", "ui", "--listen", self.address], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        found = re.match(r"http://(127\.0\.0\.1:\d+)/$", self.url)
        if not found:
            raise Failed("rogctl ui says: " + self.url)
        self.address = found[1]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def rows(page):
    return page.run("[...document.querySelectorAll('table.runs tbody tr')].map((row) => row.dataset.run)")


def until_rows(page, wanted, what):
    page.until("JSON.stringify([...document.querySelectorAll('table.runs tbody tr')].map((row) => row.dataset.run)) === "
               + json.dumps(json.dumps(wanted, separators=(",", ":"))), "%s: %r" % (what, wanted))


def see(page, text, where="main"):
    page.until("(document.querySelector(%s)?.innerText ?? '').includes(%s)" % (json.dumps(where), json.dumps(text)),
               "%s says: %s" % (where, text))


def fleet(page, run):
    """Adds hosts to a run in progress: one is hot, one has left."""
    with sqlite3.connect("results.db", timeout=60) as db:
        db.executemany("INSERT INTO robots(run_id, rank, host, heard_at, iteration, battery, celsius, throttled) "
                       "VALUES (?, ?, ?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now', ?), ?, ?, ?, ?)",
                       ((run, 1, "robot-1", "-1 seconds", 23, 0.14, 88.5, 1),
                        (run, 2, "robot-2", "-300 seconds", 19, None, None, None)))
        db.execute("INSERT INTO events(run_id, t, rank, kind, data) "
                   "VALUES (?, 9, 2, 'leave', '{\"reason\":\"silent for 60.0 s\"}')", (run,))
    page.click("#views a[data-view=fleet]")
    for text in ("robot-1", "14%\nlow", "89\nslowed down", "5 min ago", "19\naway, 4 behind", "silent for 60.0 s"):
        see(page, text)
    expect("status of the run", page.text(".card-head .status"), "running")
    with sqlite3.connect("results.db", timeout=60) as db:
        db.execute("DELETE FROM robots")
        db.execute("DELETE FROM events WHERE kind = 'leave'")
    page.back()


def follow(page, server):
    """A page that is opened before the database exists follows a sweep from its first to its last run."""
    page.go(server.url)
    see(page, "There is no database yet")
    rogctl("sweep", "first.conf")
    see(page, "first-case0")
    with open("parts", "w") as file:
        file.write("1")
    sweep = subprocess.Popen(["rogctl", "sweep", "live.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        followed = "SELECT id FROM runs WHERE note = 'followed'"
        while not query(followed) and sweep.poll() is None:
            time.sleep(0.1)
        page.until("document.querySelector('.card .status-running')", "a sweep is running")
        link = '.card a[href$="/runs/%s"]' % query(followed)[0][0]
        page.until("document.querySelector(%s)" % json.dumps(link), "the run is listed")
        page.click(link)
        page.until("document.querySelector('.run-line .status-running')", "the run is running")
        latest = "Number(document.querySelector('.charts .plot')?.closest('.charts')" \
                 ".querySelectorAll('.plot')[3].getAttribute('aria-valuemax') ?? 0)"
        page.until(latest + " > 0", "the curves have begun")
        fleet(page, query(followed)[0][0])
        before = page.until(latest + " > 0 && " + latest, "the curves are there again")
        with open("parts", "w") as file:
            file.write("3")
        page.until("%s > %r" % (latest, before), "the curves grow")
        with open("parts", "w") as file:
            file.write("4")
        expect("end of the sweep", sweep.wait(), 0)
    finally:
        sweep.kill()
    os.remove("parts")
    page.until("document.querySelector('.run-line .status-done')", "the run is done")
    end = query("SELECT max(t) FROM iterations JOIN runs ON id = run_id WHERE note = 'followed'")[0][0]
    page.until("%s >= %d" % (latest, int(end)), "the curves reach the end")
    page.click("#views a[data-view=overview]")
    page.until("!document.querySelector('.card .status-running')", "no sweep is running")
    with open("bad", "w"):
        rogctl("sweep", "bad.conf")
    os.remove("bad")
    with open("parts", "w") as file:
        file.write("1")
    sweep = subprocess.Popen(["rogctl", "sweep", "cut.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        page.until("document.querySelector('.card .status-running')", "a sweep is running that is interrupted")
        sweep.send_signal(signal.SIGINT)
        expect("status of an interrupted sweep", sweep.wait(), 130)
    finally:
        sweep.kill()
    os.remove("parts")
    page.until("document.querySelector('.card .status-interrupted')", "the sweep is interrupted")


def filter_and_sort(page):
    everything = [row[0] for row in query("SELECT id FROM runs ORDER BY rowid DESC")]
    page.click("#views a[data-view=runs]")
    until_rows(page, everything, "the latest run is first")
    page.click("#text")
    page.type("ssp first")
    ssp = [row[0] for row in query("SELECT id FROM runs WHERE library = 'SSP' ORDER BY rowid DESC")]
    until_rows(page, ssp, "search")
    page.run("document.querySelector('#text').select()")
    page.key("Backspace")
    until_rows(page, everything, "no search")
    page.click("#status-failed")
    until_rows(page, [row[0] for row in query("SELECT id FROM runs WHERE status = 'failed'")], "failed runs")
    see(page, "the disk is full")
    page.back()
    until_rows(page, everything, "back from the filter")
    page.choose("#case", "first-case0")
    of_case = [row[0] for row in query(
        "SELECT id FROM runs JOIN case_runs ON id = run_id WHERE case_name = 'first-case0' ORDER BY runs.rowid DESC")]
    until_rows(page, of_case, "a case")
    page.click("#sort-iterations")
    most_first = query("SELECT run_id, max(iteration) AS most FROM iterations JOIN case_runs USING(run_id) "
                       "WHERE case_name = 'first-case0' GROUP BY run_id ORDER BY most DESC")
    page.until("document.querySelector('th[data-key=iterations]').getAttribute('aria-sort') === 'descending'")
    page.until("document.querySelector('table.runs tbody tr').dataset.run === " + json.dumps(most_first[0][0]),
               "most iterations first")
    shown = page.run("[...document.querySelectorAll('table.runs tbody tr')]"
                     ".map((row) => Number(row.cells[5].innerText.replaceAll(',', '')))")
    expect("iterations", shown, [row[1] for row in most_first])
    page.click("#sort-iterations")
    page.until("document.querySelector('th[data-key=iterations]').getAttribute('aria-sort') === 'ascending'")
    link = page.run("location.href")
    page.go("about:blank")
    page.go(link)
    page.until("document.querySelector('th[data-key=iterations]')?.getAttribute('aria-sort') === 'ascending'",
               "a link shows the same order")


def compare(page):
    page.click("#pick-all")
    see(page, "4 runs chosen", ".chosen")
    page.click("#compare")
    page.until("document.querySelectorAll('.stackbar').length === 2", "two series")
    see(page, "95%")
    report = json.loads(rogctl("report", "first-case0", "--json"))
    for library in ("SSP", "ROG"):
        mean = [run["communication_s"] for run in report["runs"] if run["library"] == library]
        found = page.run("""[...document.querySelectorAll('.stackbar')].map((bar) => bar.closest('tr'))
            .find((row) => row.cells[0].innerText.includes('%s')).cells[3].firstChild.textContent""" % library)
        expect("communication of " + library, found, "%.2f" % (sum(mean) / len(mean)))
    page.choose("#axis", "iterations")
    page.until("document.querySelector('.chart .axis-title').textContent.startsWith('Iteration')")
    page.back()
    page.until("document.querySelector('.chart .axis-title').textContent.startsWith('Time')", "back from the axis")
    page.click(".chip-run button")
    page.until("document.querySelectorAll('.chip-run').length === 3", "a run is left out")
    page.click("#views a[data-view=overview]")
    page.click("a[href='#/cases/first-case0']")
    page.until("document.querySelectorAll('.stackbar').length === 2", "the case")
    page.until("[...document.images].length > 0", "it has figures")
    page.run("document.images[0].scrollIntoView()")
    page.until("[...document.images][0].naturalWidth > 0", "the first figure is drawn")


def numbers(page, title):
    """Returns the table below the chart of that title, as [[x, y], ...] of its first line."""
    return page.run("""(() => {
        const chart = [...document.querySelectorAll('.chart')].find((one) =>
            one.querySelector('.chart-title').innerText.startsWith(%s));
        chart.querySelector('details').open = true;
        return new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(
            [...(chart.querySelector('.numbers-body table')?.tBodies[0].rows ?? [])].map((row) =>
                [...row.cells].slice(0, 2).map((cell) => parseFloat(cell.innerText.replaceAll(',', ''))))))));
    })()""" % json.dumps(title))


def microevents(page, server, run):
    page.go(server.url + "#/runs/%s/microevents" % run)
    page.until("document.querySelector('#from') && !document.querySelector('#from').disabled || "
               "document.querySelector('#span')", "there is a slider")
    page.choose("#span", "30")
    see(page, "Seconds 0 to 30")
    page.until("!document.querySelector('#from').disabled && Number(document.querySelector('#from').max) > 60")
    page.run("document.querySelector('#from').focus()")
    page.key("End")
    latest = page.run("Number(document.querySelector('#from').value)")
    page.until("Number(new URLSearchParams(location.hash.split('?')[1]).get('from')) >= %d" % int(latest - 1),
               "the URL has the last seconds")
    page.key("Home")
    see(page, "Seconds 0 to 30")
    page.key("PageUp", times=3)
    page.until("Number(document.querySelector('#from').value) > 0", "the slider has moved")
    page.until("new URLSearchParams(location.hash.split('?')[1]).get('from') === "
               "String(Math.round(10 * document.querySelector('#from').value) / 10)", "the URL has the place")
    begin = page.run("Number(document.querySelector('#from').value)")
    wanted = [t for t, in query("SELECT t FROM iterations WHERE run_id = ? AND rank = 1 AND t > ? AND t < ?",
                                run, begin + 1, begin + 29)]
    page.until("document.querySelectorAll('.chart .line').length > 1")
    for _ in range(1200):
        found = [x for x, _ in numbers(page, "Staleness")]
        if wanted and all(any(abs(x - t) < 6 for x in found) for t in wanted):
            break
        page.run("new Promise((done) => setTimeout(done, 100))")
    else:
        raise Failed("microevents: wanted some near %r, found %r" % (wanted, found))


def records(page, server, run, other):
    page.go(server.url + "#/runs/%s/events" % run)
    page.until("document.querySelector('#kind-end')", "kinds of events")
    page.click("#kind-end")
    see(page, "1 to 1 of 1")
    page.click("#tab-log")
    page.until("document.querySelector('.log tbody tr') || document.querySelector('.tab .note')", "the log")
    page.click("#tab-configuration")
    page.click("#against")
    page.type(other)
    page.key("Enter")
    see(page, "What is different")
    see(page, "library")
    page.click("#tab-curves")
    page.until("document.querySelector('.charts .line')", "curves")
    accuracy = query("SELECT t, accuracy FROM checkpoints WHERE run_id = ? AND accuracy IS NOT NULL ORDER BY t", run)
    expect("the accuracy curve", [[round(x), y] for x, y in numbers(page, "Accuracy")],
           [[round(t), y] for t, y in accuracy])
    page.choose("#worker", "each")
    ranks = [row[0] for row in query("SELECT DISTINCT rank FROM iterations WHERE run_id = ? ORDER BY rank", run)]
    for rank in ranks:
        see(page, "Time of iterations, worker %d" % rank, ".charts-more")
    page.choose("#worker", "")
    page.until("!document.querySelector('.charts-more .chart')", "one chart for all workers")
    last = "document.querySelectorAll('.charts .plot')[1].getAttribute('aria-valuemax')"
    end = page.run(last)
    for whole in (page.back, lambda: page.key("0")):
        page.drag(".charts-more + .chart .plot", 0.4, 0.7)
        page.until("%s !== %s" % (last, json.dumps(end)), "a part of the time")
        whole()
        page.until("%s === %s" % (last, json.dumps(end)), "the whole time again")


def keyboard(page, server, run):
    page.go("about:blank")
    page.go(server.url + "#/runs/%s/curves" % run)
    page.until("document.querySelector('.charts .line')", "curves")
    page.key("Tab")
    expect("the first stop", page.run("document.activeElement.id"), "skip")
    page.key("Enter")
    expect("behind the skip link", page.run("document.activeElement.id"), "content")
    for _ in range(60):
        page.key("Tab")
        if page.run("document.activeElement.getAttribute('role') === 'slider'"):
            break
    else:
        raise Failed("no chart is reached by the Tab key")
    page.key("ArrowRight", times=2)
    page.until("/Time .* s: accuracy/i.test(document.activeElement.getAttribute('aria-valuetext'))",
               "a chart reads its values")
    expect("the focus is seen", page.run("getComputedStyle(document.activeElement).outlineStyle"), "solid")
    expect("no ring around a heading", page.run("document.querySelector('main h1').focus(), "
           "document.activeElement.tagName + getComputedStyle(document.activeElement).outlineStyle"), "H1none")


def lose(page, server):
    page.go(server.url + "#/runs")
    page.until("document.querySelector('.connection-live')")
    page.until("document.querySelector('table.runs')")
    server.kill()
    page.until("document.querySelector('.connection-lost') && !document.querySelector('#banner').hidden", "it is lost")
    see(page, "lost", "#banner")
    expect("what was shown stays", page.run("!!document.querySelector('table.runs')"), True)
    server.start()
    page.until("document.querySelector('.connection-live')", "it is back")
    see(page, "Connected again", "#banner")
    page.faults = [fault for fault in page.faults if "ERR_" not in fault]


def axe():
    """Returns the script of axe-core, if it is installed."""
    places = [os.environ.get("ROG_AXE", "")] + [found for folder in sys.path for found in
              glob.glob(os.path.join(folder, "axe_playwright_python", "axe.min.js"))]
    return next((place for place in places if os.path.isfile(place)), None)


def look(page, server, run, other):
    """Checks each view on a phone and a desktop, light and dark."""
    script = axe()
    source = open(script, encoding="utf-8").read() if script else None
    for width, scheme, motion in ((1280, "dark", "no-preference"), (390, "light", "reduce")):
        page.size(width, 844)
        page.prefer(scheme, motion)
        for view in VIEWS:
            hash_ = view.format(run=run, other=other)
            page.go("about:blank")
            page.go(server.url + hash_)
            page.until("document.querySelector('main h1') && document.fonts.status === 'loaded' && "
                       "document.querySelector('main .scroll, main .chart .line, main .note, main .downloads')", "the view " + hash_)
            wide = page.run("document.documentElement.scrollWidth - innerWidth")
            if wide > 0:
                raise Failed("%s is %d px wider than %d" % (hash_, wide, width))
            if source:
                page.run(source + "; 0")
                found = page.run("""axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',
                    'best-practice']}).then((found) => found.violations.map((one) => one.id + ': ' + one.help + '\\n' +
                    one.nodes.map((node) => node.html).join('\\n')))""")
                if found:
                    raise Failed("%s, %d px, %s:\n%s" % (hash_, width, scheme, "\n".join(found)))
    page.faults = [fault for fault in page.faults if "404" not in fault]  # of the run that does not exist
    print("axe-core: " + (script or "not here, so its rules were not looked at"))


def main():
    server = Server()
    try:
        with Browser() as page:
            follow(page, server)
            run, other = [query("SELECT id FROM runs WHERE library = ? AND seed = 1 ORDER BY rowid", library)[0][0]
                          for library in ("ROG", "SSP")]
            for step in (lambda: filter_and_sort(page), lambda: compare(page), lambda: microevents(page, server, run),
                         lambda: records(page, server, run, other), lambda: keyboard(page, server, run),
                         lambda: lose(page, server), lambda: look(page, server, run, other)):
                step()
                if page.faults:
                    raise Failed("errors in the console:\n" + "\n".join(page.faults))
    finally:
        server.kill()


try:
    main()
except Failed as failed:
    sys.exit("ui_page: %s" % failed)
