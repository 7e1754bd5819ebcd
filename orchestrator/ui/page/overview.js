// SPDX-License-Identifier: Apache-2.0
// The first view: sweeps and their progress, cases, the latest runs.

import {h, put, bar, status, note, failure, table} from "./dom.js";
import {get, asking, aborted} from "./api.js";
import {number, clock, moment, plural, heading, digits, free, NONE} from "./format.js";
import {link} from "./route.js";

const LATEST = 8, ENDED_SHOWN = 3, RUNS_SHOWN = 12;

export function overview(root) {
    const body = h("div", {class: "stack"});
    root.append(h("h1", {class: "unseen", tabindex: -1}, "Overview"), body);
    const askOverview = asking(), askRuns = asking();

    async function refresh() {
        try {
            const about = await askOverview("api/overview");
            show(about, about.database.state === "ok"
                ? await askRuns("api/runs", {sort: "recorded", order: "desc", limit: LATEST}) : null);
        } catch (error) {
            if (!aborted(error) && !body.firstChild) put(body, failure(error, refresh));
        }
    }

    function show(about, latest) {
        const {database} = about;
        if (database.state !== "ok") {
            put(body, missing(database));
            return;
        }
        const active = about.sweeps.filter((sweep) => sweep.state === "running");
        const ended = about.sweeps.filter((sweep) => sweep.state !== "running").slice(-ENDED_SHOWN).reverse();
        put(body, counts(database), section("Sweeps", active.length || ended.length
            ? h("div", {class: "stack-small"}, [...active.reverse(), ...ended].map(sweepCard))
            : note("No sweep is running", "A sweep started with `rogctl sweep FILE` on this machine appears here at once.")),
        h("div", {class: "halves"}, section("Cases", cases(about.cases)),
            section("Latest runs", latestRuns(latest.rows), latest.total > LATEST &&
                h("a", {class: "more", href: link(["runs"])}, `All ${number(latest.total)} runs`))));
    }

    refresh();
    return {refresh, destroy: () => {
        askOverview.cancel();
        askRuns.cancel();
    }};
}

const section = (title, ...content) => h("section", {class: "section"}, h("h2", {}, title), content);

function missing(database) {
    const about = {
        missing: ["There is no database yet", `${database.path} appears with the first run. ` +
            "This page shows it as soon as it is there."],
        empty: ["Nothing is recorded yet", "Start a sweep with `rogctl sweep experiments/threshold.conf`. " +
            "Its runs appear here while they are in progress."],
    }[database.state] || ["The database cannot be read", database.message || database.path];
    return h("div", {class: "welcome"}, note(about[0], about[1]));
}

function counts(database) {
    const one = (name, label, status) => h("a", {class: "count", href: link(["runs"], {status})},
        h("b", {}, number(database[name])), h("span", {}, label));
    return h("div", {class: "counts"}, one("runs", database.runs === 1 ? "run" : "runs", null),
        one("done", "done", "done"), one("running", "running", "running"),
        one("failed", "failed", "failed"), database.planned > 0 && one("planned", "planned", "planned"));
}

// For a sweep that has ended, its exit status tells how it ended.
function stateOf(sweep) {
    if (sweep.state === "ended")
        return sweep.status === 0 ? "done" : sweep.status === 130 ? "interrupted" : "failed";
    return {running: "running", killed: "interrupted"}[sweep.state] || "left";
}

function sweepCard(sweep) {
    const going = sweep.state === "running";
    const runs = sweep.runs || [];
    const part = runs.reduce((sum, run) => sum + (run.state === "done" ? 1 : run.done || 0), 0);
    const share = runs.length ? part / runs.length : 0;
    const count = (...states) => runs.filter((run) => states.includes(run.state)).length;
    const busy = runs.filter((run) => !["done", "planned"].includes(run.state) &&
        (run.state !== "waiting" || run.waiting)).slice(0, RUNS_SHOWN);
    const failed = count("failed");
    const facts = [`${number(count("done"))} of ${plural(runs.length, "run")} done`,
        count("running", "testing") > 0 && `${number(count("running", "testing"))} running`,
        failed > 0 && `${number(failed)} failed`,
        going && sweep.left_s !== null && sweep.left_s !== undefined && `${clock(sweep.left_s)} left`,
        !going && sweep.ended && `ended ${moment(sweep.ended)}`].filter(Boolean);
    return h("article", {class: "card"}, h("div", {class: "card-head"},
        h("h3", {}, sweep.case ? h("a", {href: link(["cases", sweep.case])}, sweep.case) : sweep.id),
        status(failed && !going ? "failed" : stateOf(sweep)),
        h("span", {class: "faint"}, facts.join(" · "))),
    (going || share < 1) && bar(share, `Progress of ${sweep.case || sweep.id}`),
    sweep.message && h("p", {class: "faint"}, sweep.message),
    going && busy.length > 0 && table(`Runs of ${sweep.case} in progress`, [
        {title: "Run", class: "name", cell: (run) => h("a", {href: link(["runs", run.id])}, run.label || run.id)},
        {title: "Status", cell: (run) => status(run.state)},
        {title: "Progress", cell: (run) => bar(run.done, `Progress of ${run.label || run.id}`)},
        {title: "Time", unit: "(s)", number: true, cell: (run) => number(run.seconds)},
        {title: "Iteration", number: true, cell: (run) => number(run.iteration)},
        {title: "Accuracy", unit: "(%)", number: true, cell: (run) => number(run.accuracy, 1)},
        {title: "Left", number: true, cell: (run) => clock(run.left_s)},
        {title: "Remark", class: "text", cell: (run) => run.waiting || run.error || NONE},
    ], busy, true));
}

function cases(list) {
    if (!list.length)
        return note("No case", "A sweep puts its runs into a case.");
    return table("Cases", [
        {title: "Case", class: "name", cell: (one) => h("a", {href: link(["cases", one.name])}, one.name)},
        {title: "Runs", number: true, cell: (one) => h("a", {href: link(["runs"], {case: one.name}),
            "aria-label": `${one.runs} runs of ${one.name}`}, number(one.runs))},
        {title: "Done", number: true, cell: (one) => number(one.done)},
        {title: "Target", number: true, cell: (one) => one.target_accuracy === null ||
            one.target_accuracy === undefined ? NONE : `${free(one.target_accuracy)}${one.metric?.unit ?? "%"}`},
        {title: "Created", number: true, cell: (one) => moment(one.created_at)},
    ], [...list].reverse().slice(0, 20), true);
}

function latestRuns(rows) {
    if (!rows.length) return note("No run", "Runs appear here as soon as they start.");
    const [metric, unit] = heading(rows[0].metric);
    return table("Latest runs", [
        {title: "Run", class: "name", cell: (run) => [h("a", {href: link(["runs", run.id])}, run.id),
            run.note && h("span", {class: "sub"}, run.note)]},
        {title: "Status", cell: (run) => status(run.status)},
        {title: "Time", unit: "(s)", number: true, cell: (run) => number(run.seconds ?? run.progress?.seconds)},
        {title: metric, unit: unit && `(${unit})`, number: true,
            cell: (run) => number(run.accuracy, digits(run.metric))},
    ], rows, true);
}
