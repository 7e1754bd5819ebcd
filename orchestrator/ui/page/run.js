// SPDX-License-Identifier: Apache-2.0
// One run: its summary and progress, and tabs for its curves, microevents, events, log, configuration and
// files.

import {h, put, bar, status, failure, throttled} from "./dom.js";
import {asking, aborted, ofRun} from "./api.js";
import {number, kilojoules, clock, moment, heading, digits, NONE} from "./format.js";
import {link, read} from "./route.js";
import {curves} from "./run-curves.js";
import {microevents} from "./run-microevents.js";
import {events, log} from "./run-records.js";
import {configuration, files} from "./run-settings.js";

const TABS = [["curves", "Curves", curves], ["microevents", "Microevents", microevents],
    ["events", "Events", events], ["log", "Log", log], ["configuration", "Configuration", configuration],
    ["files", "Figures and files", files]];

export function run(root, parts) {
    const id = parts[1];
    const ask = asking();
    let about = null, tab = null, name = "";
    const head = h("header", {class: "run-head"});
    const nav = h("nav", {class: "tabs", "aria-label": "Parts of the run"});
    const place = h("div", {class: "tab"});
    root.append(h("p", {class: "crumbs"}, h("a", {href: "#/runs"}, "Runs")), h("h1", {tabindex: -1, class: "id"}, id),
        head, nav, place);

    async function refresh() {
        try {
            about = await ask(ofRun(id));
            if (about.id !== id) { // the URL has only the beginning of the id
                location.replace(link(["runs", about.id, ...parts.slice(2)], read().params));
                return;
            }
            show();
        } catch (error) {
            if (aborted(error)) return;
            if (!about) put(head, failure(error, refresh));
            else if (error.status === 404) put(head, failure(error));
        }
    }

    function show() {
        const [metric, unit] = heading(about.metric);
        const last = about.accuracy?.length ? about.accuracy[about.accuracy.length - 1][2] : null;
        const going = about.status === "running" && about.progress;
        const facts = [[metric, unit, number(last, digits(about.metric))],
            ["Time", "s", number(about.seconds)],
            ["Iterations", "", number(about.iterations)],
            ["Compute", "s", number(about.compute_s, 2)],
            ["Communication", "s", number(about.communication_s, 2)],
            ["Stall", "s", number(about.stall_s, 2)],
            ["Energy", "kJ", kilojoules(about.energy_j)],
            ["Seed", "", number(about.seed)],
            ["Started", "", moment(about.started_at)]];
        put(head, h("p", {class: "run-line"}, status(going ? about.progress.state : about.status),
            about.note && h("span", {}, about.note), (about.cases || []).map((one) =>
                h("a", {href: link(["cases", one])}, one)),
            about.mark && h("span", {class: "warn"}, about.mark)),
        h("div", {class: "run-progress", "data-bar": ""}, going && progress(about.progress)),
        about.error && h("p", {class: "note note-failed"}, about.error),
        h("dl", {class: "facts"}, facts.map(([title, unit, value]) =>
            h("div", {}, h("dt", {}, title, unit && h("span", {class: "unit"}, ` (${unit})`)), h("dd", {}, value)))));
        if (!tab) open();
        else tab.update?.(about);
    }

    function progress(now) {
        const facts = [`${number(100 * (now.done || 0), 0)}%`, now.wall_s > 0 && now.done > 0.01 && now.done < 1 &&
            `about ${clock(now.wall_s / now.done * (1 - now.done))} left`, now.waiting].filter(Boolean);
        return [bar(now.done, "Progress of this run"), h("span", {class: "faint"}, facts.join(" · "))];
    }

    function open() {
        const wanted = TABS.find(([key]) => key === read().parts[2]) || TABS[0];
        put(nav, TABS.map(([key, title]) => h("a", {id: "tab-" + key, href: link(["runs", id, key]),
            "aria-current": key === wanted[0] ? "page" : null}, title)));
        tab?.destroy?.();
        name = wanted[0];
        place.replaceChildren();
        tab = wanted[2](place, about);
        nav.querySelector("[aria-current]").scrollIntoView({block: "nearest", inline: "nearest"});
    }

    const again = throttled(2000, refresh);
    function live(what, data) {
        if (what === "change" && (data.more || data.runs.includes(id))) again();
        if (what === "progress") {
            const now = data.runs.find((one) => one.id === id);
            const line = head.querySelector("[data-bar]");
            if (now && line && about?.status === "running") put(line, progress(now));
        }
        tab?.live?.(what, data);
    }

    refresh();
    return {refresh: () => {
        refresh();
        tab?.refresh?.();
    }, live, watch: id, update: () => {
        const wanted = TABS.find(([key]) => key === read().parts[2]) || TABS[0];
        if (!about) return;
        if (wanted[0] !== name) open();
        else tab?.turn?.();
    }, destroy: () => {
        again.cancel();
        ask.cancel();
        tab?.destroy?.();
    }};
}
