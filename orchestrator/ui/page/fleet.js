// SPDX-License-Identifier: Apache-2.0
// The hosts of runs in progress: when each last reported, what it waits for, its links and battery, and
// its events.

import {h, put, bar, status, note, failure, table, throttled} from "./dom.js";
import {asking, aborted} from "./api.js";
import {number, clock, percent, ago, NONE} from "./format.js";
import {link, read} from "./route.js";

const EVERY_MS = 5000, SILENT_S = 30, HOT_C = 80, LOW_BATTERY = 0.2;

export function fleet(root) {
    const ask = asking();
    const body = h("div", {class: "stack"});
    root.append(h("h1", {tabindex: -1}, "Fleet"), body);
    let answer = null, at = 0;

    async function refresh() {
        try {
            answer = await ask("api/fleet", {run: read().params.get("run")});
            at = performance.now();
            show();
        } catch (error) {
            if (!aborted(error) && (!answer || error.code !== "unreachable")) put(body, failure(error, refresh));
        }
    }

    function show() {
        const late = (performance.now() - at) / 1000;
        put(body, answer.runs.length ? answer.runs.map((run) => card(run, late))
            : note("No run is being executed", "While a sweep is running, its hosts appear here: when each was last heard from, " +
                "what it waits for, its links, battery and temperature."));
    }

    function card(row, late) {
        const run = {...row, ...row.progress, label: row.note};
        const goes = row.status === "running"; // not if its sweep has ended and left it to its hosts
        const most = Math.max(...(run.robots || []).map((one) => one.iteration || 0));
        const waits = goes && run.waiting && run.waiting +
            (run.waiting_s ? ` (${clock(run.waiting_s + late)})` : "");
        const name = run.label || run.id;
        return h("article", {class: "card"}, h("div", {class: "card-head"}, h("h2", {}, h("a", {id: "fleet-" + run.id,
            href: link(["runs", run.id])}, run.id)), status(goes && run.state || row.status), run.label && h("span", {class: "faint"}, run.label),
        run.seconds !== undefined && h("span", {class: "faint"}, `second ${number(run.seconds)}`),
        run.age_s > SILENT_S && h("span", {class: "warn"}, `nothing new for ${clock(run.age_s + late)}`)),
        bar(run.done, `Progress of ${name}`), waits && h("p", {class: "warn"}, waits),
        row.status === "left" && h("p", {class: "warn"}, "Its sweep has ended. The hosts continue; the same command " +
            "collects the results. What is shown is what was last heard."),
        run.robots?.length ? table(`Hosts of ${name}`, [
            {title: "Who", cell: (one) => [who(one), h("span", {class: "sub"}, one.host || "")]},
            {title: "Heard", number: true, cell: (one) => heard(one, late)},
            {title: "Iteration", number: true, cell: (one) => iteration(one, most)},
            {title: "Battery", number: true, cell: battery},
            {title: "Temperature", unit: "(°C)", number: true, cell: temperature},
            {title: "Up", unit: "(Mbit/s)", number: true, cell: (one) => number(one.mbps_up, 1)},
            {title: "Down", unit: "(Mbit/s)", number: true, cell: (one) => number(one.mbps_down, 1)},
        ], run.robots, true) : h("p", {class: "faint"}, "Its workers are processes of the host that runs it; none " +
            "reports separately."),
        run.events?.length > 0 && h("details", {open: run.events.length < 6}, h("summary", {},
            `What happened (${number(run.events.length)})`), table(`Events of ${name}`, [
            {title: "Time", unit: "(s)", number: true, cell: (one) => number(one.t, 1)},
            {title: "Who", class: "who", cell: who},
            {title: "Kind", cell: (one) => h("span", {class: "kind kind-" + one.kind}, one.kind)},
            {title: "What", class: "text", cell: (one) => one.message || ""},
        ], run.events, true)));
    }

    const who = (one) => one.rank ? `worker ${one.rank}` : "server";

    function iteration(one, most) {
        const behind = most - one.iteration;
        const what = [one.away && "away", one.iteration !== null && behind > 1 && `${number(behind)} behind`].filter(Boolean);
        return [number(one.iteration), what.length > 0 &&
            h("span", {class: one.away ? "sub warn" : "sub"}, what.join(", "))];
    }

    function heard(one, late) {
        const silent = one.silent_s === null || one.silent_s === undefined ? null : one.silent_s + late;
        return h("span", {class: silent > SILENT_S ? "warn" : null}, ago(silent));
    }

    function battery(one) {
        if (one.battery === null || one.battery === undefined) return NONE;
        return h("span", {class: one.battery < LOW_BATTERY ? "warn" : null}, percent(one.battery),
            one.battery < LOW_BATTERY && h("span", {class: "sub"}, "low"));
    }

    function temperature(one) {
        return h("span", {class: one.throttled || one.celsius >= HOT_C ? "warn" : null}, number(one.celsius),
            one.throttled ? h("span", {class: "sub"}, "slowed down") : null);
    }

    const again = throttled(1500, refresh);
    const timer = setInterval(() => document.hidden || again(), EVERY_MS);
    refresh();
    return {refresh, update: refresh, live: (what, data) => {
        if (what === "change") again();
        if (what === "progress" && answer && data.runs.map((run) => run.id).join() !==
            answer.runs.map((run) => run.id).join()) again();
    }, destroy: () => {
        clearInterval(timer);
        again.cancel();
        ask.cancel();
    }};
}
