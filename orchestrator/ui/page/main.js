// SPDX-License-Identifier: Apache-2.0
// Shows the view that the URL names, passes it events of the server, and shows whether the page is up to
// date.

import {h, put, announce, note, throttled} from "./dom.js";
import {get} from "./api.js";
import {bytes, plural} from "./format.js";
import {read} from "./route.js";
import * as live from "./live.js";
import {overview} from "./overview.js";
import {runs} from "./runs.js";
import {run} from "./run.js";
import {compare} from "./compare.js";
import {fleet} from "./fleet.js";

const content = document.getElementById("content");
let view = null, place = null;

// [view, its part of the navigation, what names it, title]
function find(parts) {
    const [first, second] = parts;
    if (!first) return [overview, "overview", "", "Overview"];
    if (first === "runs") return second ? [run, "runs", second, second] : [runs, "runs", "", "Runs"];
    if (first === "cases" && second) return [compare, "compare", second, second];
    if (first === "compare") return [compare, "compare", "", "Compare"];
    if (first === "fleet") return [fleet, "fleet", "", "Fleet"];
    return [unknown, "", "", "Not found"];
}

function unknown(root) {
    root.append(h("h1", {tabindex: -1}, "Not found"), note("There is no such view",
        h("a", {href: "#/"}, "Go to the overview"), "."));
    return {};
}

function turn() {
    const {parts} = read();
    const [make, group, name, title] = find(parts);
    document.title = `${title} – rogctl`;
    for (const item of document.querySelectorAll("#views a")) {
        if (item.dataset.view === group) item.setAttribute("aria-current", parts[1] ? "true" : "page");
        else item.removeAttribute("aria-current");
    }
    if (view && place.make === make && place.name === name) {
        view.update?.();
        return;
    }
    view?.destroy?.();
    const first = !view;
    content.replaceChildren();
    place = {make, name};
    view = make(content, parts);
    live.watch(view.watch);
    if (!first) {
        scrollTo(0, 0);
        content.querySelector("h1")?.focus({preventScroll: true});
    }
}

// ---- connection ----

const TEXTS = {live: "Live", lost: "Connection lost", ended: "Ended", resting: "Paused"};
let hide = 0;

function connection(now, before) {
    const part = document.getElementById("connection"), banner = document.getElementById("banner");
    part.className = "connection connection-" + now;
    document.getElementById("connection-text").textContent = TEXTS[now];
    clearTimeout(hide);
    const since = new Date().toTimeString().slice(0, 8);
    if (now === "lost" || now === "ended") {
        if (before === "lost" || before === "ended") return;
        put(banner, now === "ended" ? `rogctl ui has ended. What is shown is as of ${since}; start it again to continue.`
            : `The connection to rogctl ui is lost. What is shown is as of ${since}. Trying again…`,
        h("button", {type: "button", onclick: live.again}, "Try now"));
        banner.hidden = false;
        return;
    }
    if (now !== "live") return;
    if (before === "lost" || before === "ended") {
        put(banner, "Connected again.");
        banner.classList.add("good");
        hide = setTimeout(() => {
            banner.hidden = true;
            banner.classList.remove("good");
        }, 4000);
        announce("Connected again");
    } else {
        banner.hidden = true;
    }
    if (before && before !== "live") {
        view?.refresh?.();
        foot();
    }
}

async function footOnce() {
    try {
        const {version, database} = await get("api/overview");
        put(document.getElementById("foot"), h("span", {}, `rogctl ${version}`), h("span", {class: "code"},
            database.path), database.state === "ok" && h("span", {}, `${plural(database.runs, "run")}, ` +
            bytes(database.bytes)), h("span", {}, "This page only reads."));
    } catch {
        // A missing connection is shown elsewhere.
    }
}
const foot = throttled(10000, footOnce);

const overviewAgain = throttled(1500, async () => place?.make === overview && view.refresh());

function event(name, data) {
    if (place?.make === overview && ["change", "progress", "measured"].includes(name)) overviewAgain();
    else view?.live?.(name, data);
    if (name === "change") foot();
}

document.getElementById("skip").addEventListener("click", (click) => {
    click.preventDefault(); // the fragment names the view
    content.focus();
});
live.start(event, connection);
addEventListener("hashchange", turn);
turn();
foot();
