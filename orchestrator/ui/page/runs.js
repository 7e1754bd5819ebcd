// SPDX-License-Identifier: Apache-2.0
// All runs, with filters, sorting and pages (done by the server), and the selection of runs to compare.

import {h, put, bar, status, statusName, note, failure, choice, debounced, throttled, announce} from "./dom.js";
import {get, asking, aborted} from "./api.js";
import {number, kilojoules, moment, heading, digits, NONE} from "./format.js";
import {link, change, read} from "./route.js";

const STATUSES = ["running", "done", "failed", "interrupted", "planned", "left"];
const SIZES = [25, 50, 100, 200];
const MOST_CHOSEN = 200;

// key: name of the row's member, also for `sort`.
function columns(rows) {
    const metrics = new Set(rows.map((run) => `${run.metric?.name}|${run.metric?.unit}`));
    const [name, unit] = metrics.size > 1 ? ["Result", ""] : heading(rows[0]?.metric);
    return [
        {key: "id", title: "Run", text: true},
        {key: "status", title: "Status", text: true},
        {key: "seed", title: "Seed", cell: (run) => number(run.seed)},
        {key: "seconds", title: "Time", unit: "s", cell: (run) => number(run.seconds ?? run.progress?.seconds)},
        {key: "iterations", title: "Iterations", cell: (run) => number(run.iterations ?? run.progress?.iteration)},
        {key: "compute_s", title: "Compute", unit: "s", cell: (run) => number(run.compute_s, 2)},
        {key: "communication_s", title: "Communication", unit: "s", cell: (run) => number(run.communication_s, 2)},
        {key: "stall_s", title: "Stall", unit: "s", cell: (run) => number(run.stall_s, 2)},
        {key: "accuracy", title: name, unit, cell: (run) => number(run.accuracy, digits(run.metric)) +
            (metrics.size > 1 && run.metric?.unit ? " " + run.metric.unit : "")},
        {key: "energy_j", title: "Energy", unit: "kJ", cell: (run) => kilojoules(run.energy_j)},
        {key: "started_at", title: "Started", cell: (run) => moment(run.started_at)},
    ];
}

export function runs(root) {
    let answer = null, waiting = 0;
    const ask = asking();
    const filters = h("div", {class: "filters"});
    const summary = h("p", {class: "faint", role: "status"});
    const body = h("div", {});
    const pages = h("nav", {class: "pages", "aria-label": "Pages"});
    const chosenBar = h("div", {class: "chosen", role: "region", "aria-label": "Chosen runs"});
    root.append(h("h1", {tabindex: -1}, "Runs"), filters, summary, body, pages, chosenBar);

    const state = () => {
        const {params} = read();
        const size = Math.min(500, Math.max(1, Number(params.get("size")) || 50));
        return {case: params.get("case") || "", status: params.get("status") || "", text: params.get("text") || "",
            sort: params.get("sort") || "recorded", order: params.get("order") || "desc", size,
            page: Math.max(1, Math.floor(Number(params.get("page"))) || 1), chosen: params.getAll("run")};
    };

    let names = [];
    get("api/overview").then((about) => {
        names = about.cases.map((one) => one.name).reverse();
        controls();
    }).catch(() => {});

    const search = h("input", {type: "search", id: "text", placeholder: "ROG outdoors", autocomplete: "off",
        oninput: debounced(200, (event) => change({text: event.target.value, page: null}, true))});

    function controls() {
        const now = state();
        if (document.activeElement !== search) search.value = now.text;
        const chosen = now.status.split(",").filter(Boolean);
        const listed = now.case && !names.includes(now.case) ? [now.case, ...names] : names;
        put(filters, h("label", {class: "field grow"}, h("span", {}, "Search"), search),
            choice("Case", [["", "all cases"], ...listed.map((name) => [name, name])], now.case,
                (value) => change({case: value, page: null}), "case"),
            h("fieldset", {class: "field"}, h("legend", {}, "Status"), h("div", {class: "chips"},
                STATUSES.map((name) => h("button", {type: "button", id: "status-" + name, class: "chip",
                    "aria-pressed": String(chosen.includes(name)), onclick: () => change({page: null,
                        status: (chosen.includes(name) ? chosen.filter((one) => one !== name)
                            : [...chosen, name]).join(",")})}, statusName(name))))));
    }

    let asked = "";
    const question = () => JSON.stringify({...state(), chosen: null});

    async function refresh() {
        const now = state();
        asked = question();
        clearTimeout(waiting);
        try {
            answer = await ask("api/runs", {case: now.case, status: now.status, text: now.text, sort: now.sort,
                order: now.order, offset: (now.page - 1) * now.size, limit: now.size});
            if (!answer.rows.length && answer.total) {
                change({page: Math.ceil(answer.total / now.size)}, true);
                return;
            }
            show();
            if (answer.rows.some((run) => run.measured === false)) waiting = setTimeout(refresh, 1500);
        } catch (error) {
            if (aborted(error)) return;
            if (!answer || error.code !== "unreachable") put(body, failure(error, refresh));
        }
    }

    function show() {
        const now = state();
        const filtered = now.case || now.status || now.text;
        const first = answer.offset + 1, last = answer.offset + answer.rows.length;
        summary.textContent = !answer.total ? "" : `Runs ${number(first)} to ${number(last)} of ` +
            `${number(answer.total)}${answer.complete === false && now.sort !== "recorded"
                ? ", some not measured yet: their order is not final" : ""}`;
        put(body, answer.total ? grid(now) : filtered
            ? note("No run matches", "Fewer words or another status show more. ",
                h("a", {href: "#/runs"}, "Show all runs"))
            : note("No run yet", "A run appears here when `rogctl sweep` or `rogctl run` starts it."));
        paging(now);
        chosen(now);
    }

    function grid(now) {
        const shown = columns(answer.rows);
        const head = (column) => {
            const sorted = now.sort === column.key;
            const next = sorted && now.order === "desc" ? "asc" : sorted ? "desc" : column.text ? "asc" : "desc";
            return h("th", {scope: "col", class: column.text ? null : "number", "data-key": column.key,
                "aria-sort": sorted ? now.order === "asc" ? "ascending" : "descending" : null},
            h("button", {type: "button", class: "sort", id: "sort-" + column.key,
                onclick: () => change({sort: column.key, order: next, page: null})}, column.title,
            column.unit && h("span", {class: "unit"}, ` (${column.unit})`),
            h("span", {class: "arrow", "aria-hidden": "true"}, sorted ? now.order === "asc" ? "▲" : "▼" : "")));
        };
        const picked = new Set(now.chosen);
        const all = answer.rows.every((run) => picked.has(run.id));
        return h("div", {class: "scroll tall", role: "region", "aria-label": "Table of runs", tabindex: 0},
            h("table", {class: "runs"}, h("caption", {class: "unseen"}, "Runs; the headings sort"),
                h("thead", {}, h("tr", {}, h("th", {scope: "col", class: "pick"}, h("input", {type: "checkbox",
                    id: "pick-all", "aria-label": "Choose all runs of this page", checked: all,
                    onchange: (event) => pick(answer.rows.map((run) => run.id), event.target.checked)})),
                shown.map(head))),
                h("tbody", {}, answer.rows.map((run) => row(run, shown, picked.has(run.id))))));
    }

    function row(run, shown, picked) {
        const id = encodeURIComponent(run.id);
        return h("tr", {"data-run": run.id, class: picked ? "picked" : null},
            h("td", {class: "pick"}, h("input", {type: "checkbox", id: "pick-" + id, checked: picked,
                "aria-label": `Choose ${run.id}`, onchange: (event) => pick([run.id], event.target.checked)})),
            h("th", {scope: "row", class: "name"}, h("a", {id: "run-" + id, href: link(["runs", run.id])}, run.id),
                h("span", {class: "sub"}, [run.note, run.mark].filter(Boolean).join(" · ") || null)),
            h("td", {}, status(run.progress?.state && run.status === "running" ? run.progress.state : run.status),
                run.progress && h("span", {"data-bar": ""}, bar(run.progress.done, `Progress of ${run.id}`)),
                run.error && h("span", {class: "sub failed", title: run.error}, run.error)),
            shown.slice(2).map((column) => h("td", {class: "number"},
                run.status === "planned" && column.key !== "seed" ? NONE : column.cell(run))));
    }

    function pick(ids, on) {
        const others = state().chosen.filter((id) => !ids.includes(id));
        const next = on ? [...others, ...ids].slice(0, MOST_CHOSEN) : others;
        announce(`${next.length} runs chosen`);
        change({run: next}, true);
    }

    function paging(now) {
        const count = Math.max(1, Math.ceil(answer.total / now.size));
        const to = (page, text, label, id) => h("button", {type: "button", id, "aria-label": label,
            disabled: page < 1 || page > count || page === now.page, onclick: () => change({page})}, text);
        put(pages, answer.total > SIZES[0] && [to(1, "«", "First page", "page-first"),
            to(now.page - 1, "‹ Previous", null, "page-previous"),
            h("span", {}, `Page ${number(now.page)} of ${number(count)}`),
            to(now.page + 1, "Next ›", null, "page-next"), to(count, "»", "Last page", "page-last"),
            choice("Rows", SIZES.map((size) => [size, size]), now.size,
                (value) => change({size: value, page: null}), "size")]);
    }

    function chosen(now) {
        chosenBar.hidden = !now.chosen.length;
        put(chosenBar, now.chosen.length > 0 && [h("b", {},
            `${number(now.chosen.length)} ${now.chosen.length === 1 ? "run" : "runs"} chosen`),
        h("a", {class: "button primary", id: "compare", href: link(["compare"], {run: now.chosen})}, "Compare"),
        h("button", {type: "button", id: "clear", onclick: () => pick(now.chosen, false)}, "Clear")]);
    }

    const again = throttled(1500, refresh);
    function live(name, data) {
        if (name === "change" || name === "measured") again();
        if (name !== "progress") return;
        for (const run of data.runs) {
            const line = body.querySelector(`tr[data-run="${CSS.escape(run.id)}"]`);
            const place = line?.querySelector("[data-bar]");
            if (place) put(place, bar(run.done, `Progress of ${run.id}`));
        }
    }

    controls();
    refresh();
    return {refresh, live, update: () => {
        controls();
        if (answer && question() === asked) show(); // only the selection has changed
        else refresh();
    }, destroy: () => {
        clearTimeout(waiting);
        again.cancel();
        ask.cancel();
    }};
}
