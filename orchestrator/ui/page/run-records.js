// SPDX-License-Identifier: Apache-2.0
// Events and logs of a run, with search.

import {h, put, failure, choice, note, debounced, throttled, table} from "./dom.js";
import {asking, aborted, ofRun} from "./api.js";
import {number, bytes, NONE} from "./format.js";
import {change, read} from "./route.js";

const PAGE = 100, LINES = 500;
const SAID = new Set(["event", "t", "rank", "message"]);

function searchField(label, placeholder) {
    const input = h("input", {type: "search", id: "text", placeholder, autocomplete: "off",
        oninput: debounced(200, () => change({text: input.value, page: null}, true))});
    return [input, h("label", {class: "field grow"}, h("span", {}, label), input)];
}

// Requests a part of the records whenever the URL or the run changes.
function records(root, about, title, {path, ask: question, controls, show}) {
    const ask = asking();
    const bar = h("div", {class: "filters"});
    const state = h("div", {});
    const place = h("div", {});
    root.append(h("h2", {class: "unseen"}, title), bar, state, place);
    let answer = null;
    async function refresh() {
        const {params} = read();
        try {
            answer = await ask(ofRun(about.id, path), question(params));
            put(state);
            controls(bar, params, answer);
            show(place, params, answer);
        } catch (error) {
            if (!aborted(error) && (!answer || error.code !== "unreachable")) put(state, failure(error, refresh));
        }
    }
    const again = throttled(2000, refresh);
    controls(bar, read().params, null);
    refresh();
    return {refresh, turn: refresh, live: (what, data) => {
        if (what === "change" && (data.more || data.runs.includes(about.id))) again();
    }, destroy: () => {
        again.cancel();
        ask.cancel();
    }};
}

export function events(root, about) {
    const [input, field] = searchField("Search events", "timeout");
    const kinds = (params) => (params.get("kind") || "").split(",").filter(Boolean);
    return records(root, about, "Events", {
        path: "events",
        ask: (params) => ({text: params.get("text"), kind: params.get("kind"), worker: params.get("worker"),
            order: params.get("order"), offset: (Math.max(1, Number(params.get("page")) || 1) - 1) * PAGE, limit: PAGE}),
        controls: (bar, params, answer) => {
            if (document.activeElement !== input) input.value = params.get("text") || "";
            const chosen = kinds(params), counts = answer?.kinds || about.events || {};
            put(bar, field, choice("Worker", [["", "all"], ["0", "server"],
                ...(about.ranks || []).map((rank) => [rank, `worker ${rank}`])], params.get("worker") || "",
            (worker) => change({worker, page: null}), "worker"),
            choice("Order", [["asc", "oldest first"], ["desc", "latest first"]], params.get("order") || "asc",
                (order) => change({order, page: null}), "order"),
            h("fieldset", {class: "field whole"}, h("legend", {}, "Kind"), h("div", {class: "chips"},
                Object.entries(counts).map(([kind, count]) => h("button", {type: "button", class: "chip",
                    id: "kind-" + kind, "aria-pressed": String(chosen.includes(kind)), onclick: () => change({page: null,
                        kind: (chosen.includes(kind) ? chosen.filter((one) => one !== kind) : [...chosen, kind])
                            .join(",")})}, kind, h("span", {class: "faint"}, " " + number(count)))))));
        },
        show: (place, params, answer) => {
            if (!answer.rows.length) {
                put(place, params.get("text") || params.get("kind") || params.get("worker")
                    ? note("No event matches", "Fewer words or other kinds show more.")
                    : note("No event", "Only iterations are recorded for this run so far."));
                return;
            }
            const page = Math.max(1, Number(params.get("page")) || 1), pages = Math.ceil(answer.total / PAGE);
            put(place, h("p", {class: "faint", role: "status"}, `${number(answer.offset + 1)} to ` +
                `${number(answer.offset + answer.rows.length)} of ${number(answer.total)}`),
            table("Events", [
                {title: "Time", unit: "(s)", number: true, cell: (row) => number(row.t, 1)},
                {title: "Who", class: "who", cell: (row) => row.rank ? `worker ${row.rank}` : row.rank === 0 ? "server" : NONE},
                {title: "Kind", cell: (row) => h("span", {class: "kind kind-" + row.kind}, row.kind)},
                {title: "What", class: "text", cell: (row) => [row.message, details(row)]},
            ], answer.rows, true),
            pages > 1 && h("nav", {class: "pages", "aria-label": "Pages of events"},
                h("button", {type: "button", id: "page-previous", disabled: page <= 1,
                    onclick: () => change({page: page - 1})}, "‹ Previous"),
                h("span", {}, `Page ${number(page)} of ${number(pages)}`),
                h("button", {type: "button", id: "page-next", disabled: page >= pages,
                    onclick: () => change({page: page + 1})}, "Next ›")));
        },
    });
}

// The data of an event that other columns do not show; long data can be opened.
function details(row) {
    const others = Object.entries(row.data || {}).filter(([name]) => !SAID.has(name));
    if (!others.length) return null;
    const text = others.map(([name, value]) => `${name} ${JSON.stringify(value)}`).join(", ");
    if (text.length < 160) return h("code", {class: row.message ? "sub" : null}, text);
    return h("details", {}, h("summary", {}, "Data"), h("pre", {}, JSON.stringify(Object.fromEntries(others), null, 2)));
}

export function log(root, about) {
    const [input, field] = searchField("Search the log", "error");
    return records(root, about, "Log", {
        path: "log",
        ask: (params) => ({file: params.get("file"), text: params.get("text"), limit: LINES,
            tail: params.get("from") === "start" ? null : 1, offset: params.get("from") === "start"
                ? (Math.max(1, Number(params.get("page")) || 1) - 1) * LINES : null}),
        controls: (bar, params, answer) => {
            if (document.activeElement !== input) input.value = params.get("text") || "";
            put(bar, field, choice("File", (answer?.files || []).map((file) => [file.name,
                `${file.name} (${bytes(file.bytes)})`]), answer?.file || "", (file) => change({file, page: null}), "file"),
            choice("Show", [["", `last ${LINES} lines`], ["start", "from the start"]], params.get("from") || "",
                (from) => change({from, page: null}), "from-where"));
        },
        show: (place, params, answer) => {
            if (!answer.files.length) {
                put(place, note("No log", "The run's folder is not here or contains no log. " +
                    "Runs that were imported or copied have none."));
                return;
            }
            if (!answer.lines.length) {
                put(place, params.get("text") ? note("No line matches", "Fewer words show more.")
                    : note("The log is empty", `Nothing was written to ${answer.file}.`));
                return;
            }
            const page = Math.max(1, Number(params.get("page")) || 1), pages = Math.ceil(answer.total / LINES);
            put(place, h("p", {class: "faint", role: "status"}, `${number(answer.lines.length)} of ` +
                `${number(answer.total)} lines`),
            h("div", {class: "scroll log", role: "region", "aria-label": `Lines of ${answer.file}`, tabindex: 0},
                h("table", {}, h("caption", {class: "unseen"}, answer.file), h("thead", {class: "unseen"}, h("tr", {},
                    h("th", {scope: "col"}, "Line"), h("th", {scope: "col"}, "Text"))),
                h("tbody", {}, answer.lines.map((line) => h("tr", {}, h("th", {scope: "row", class: "number"},
                    String(line.number)), h("td", {}, line.text)))))),
            params.get("from") === "start" && pages > 1 && h("nav", {class: "pages", "aria-label": "Pages of the log"},
                h("button", {type: "button", id: "page-previous", disabled: page <= 1,
                    onclick: () => change({page: page - 1})}, "‹ Previous"),
                h("span", {}, `Page ${number(page)} of ${number(pages)}`),
                h("button", {type: "button", id: "page-next", disabled: page >= pages,
                    onclick: () => change({page: page + 1})}, "Next ›")));
        },
    });
}
