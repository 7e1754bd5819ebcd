// SPDX-License-Identifier: Apache-2.0
// Comparison of chosen runs, or of those of a case: mean curves with their intervals, the parts of an
// iteration's time, the report's tables, figures and downloads.

import {h, s, put, failure, choice, note, rich, table, throttled, debounced} from "./dom.js";
import {get, asking, aborted} from "./api.js";
import {number, free, heading} from "./format.js";
import {link, change, read} from "./route.js";
import {Chart, dash} from "./chart.js";

const AXES = {
    seconds: {title: "Time", unit: "s"},
    iterations: {title: "Iteration", unit: ""},
    joules: {title: "Energy of a worker", unit: "kJ", factor: 1e-3},
    sent_mb: {title: "Sent by a worker", unit: "MB"},
};
const PARTS = [["compute_s", "computation", "var(--compute)"], ["communication_s", "communication",
    "var(--communication)"], ["stall_s", "stall", "var(--stall)"]];

const capital = (text) => text && text[0].toUpperCase() + text.slice(1);

// The figures' colours; those that need to be lighter on a dark page are custom properties.
const FIGURES = ["#0072b2", "#d55e00", "#009e73", "#000000", "#cc79a7", "#e69f00", "#56b4e9", "#882255", "#999933"];
const paint = (text) => {
    const index = FIGURES.indexOf(String(text).toLowerCase());
    return index >= 0 ? `var(--line-${index})` : text;
};

export function compare(root, parts) {
    const ask = asking();
    const ofCase = parts[0] === "cases" ? parts[1] : null;
    const bar = h("div", {class: "filters"});
    const chosen = h("div", {});
    const state = h("div", {});
    const above = h("div", {class: "chart-place"});
    const below = h("div", {class: "stack"});
    const title = h("h1", {tabindex: -1, class: ofCase ? "id" : null}, ofCase || "Compare");
    root.append(ofCase ? h("p", {class: "crumbs"}, h("a", {href: "#/"}, "Cases")) : "", title, chosen, bar, state,
        above, below);
    let chart = null, charted = "", answer = null, asked = "";

    const view = () => {
        const {params} = read();
        return {runs: params.getAll("run"), case: ofCase || params.get("case") || "", x: AXES[params.get("x")]
            ? params.get("x") : "seconds", baseline: params.get("baseline") || "",
        contender: params.get("contender") || "", target: params.get("target") || ""};
    };

    async function refresh() {
        const now = view();
        if (!now.runs.length && !now.case) {
            nothing();
            return;
        }
        const question = JSON.stringify({...now, x: null});
        try {
            answer = await ask("api/compare", {run: now.case && !now.runs.length ? [] : now.runs, case: now.case,
                points: 400, baseline: now.baseline, contender: now.contender, target: now.target});
            asked = question;
            put(state);
            show();
        } catch (error) {
            if (aborted(error)) return;
            if (!answer || error.code !== "unreachable") put(state, failure(error, refresh));
            controls();
        }
    }

    function nothing() {
        put(bar);
        put(chosen);
        get("api/overview").then(({cases}) => put(state, note("Choose what to compare",
            "Tick runs in the ", h("a", {href: "#/runs"}, "list of runs"), " and press Compare, or choose a case."),
        cases.length > 0 && h("ul", {class: "chips"}, [...cases].reverse().slice(0, 30).map((one) => h("li", {},
            h("a", {class: "chip", href: link(["cases", one.name])}, one.name, h("span", {class: "faint"},
                ` ${number(one.runs)}`))))))).catch((error) => put(state, failure(error, refresh)));
    }

    function controls() {
        const now = view();
        const labels = (answer?.series || []).map((one) => one.label ?? one.note).filter(Boolean);
        put(chosen, now.runs.length > 0 && h("ul", {class: "chips", "aria-label": "Runs"}, now.runs.map((id) =>
            h("li", {class: "chip chip-run"}, h("a", {href: link(["runs", id])}, id), h("button", {type: "button",
                "aria-label": `Leave out ${id}`, onclick: () => change({run: now.runs.filter((one) => one !== id)})},
            "×")))));
        const pair = [["", "as set in the case"], ...labels.map((label) => [label, label])];
        put(bar, choice("Over", Object.entries(AXES).map(([key, axis]) => [key, axis.title.toLowerCase()]), now.x,
            (x) => change({x}), "axis"),
        labels.length > 1 && [choice("Contender", pair, now.contender, (contender) => change({contender}), "contender"),
            choice("Baseline", pair, now.baseline, (baseline) => change({baseline}), "baseline")],
        h("label", {class: "field"}, h("span", {}, `Target (${answer?.metric?.unit || "%"})`),
            h("input", {type: "number", id: "target", step: "any", value: now.target,
                placeholder: answer?.target ? String(free(answer.target)) : "", onchange: debounced(10, (event) =>
                    change({target: event.target.value}))})));
    }

    function show() {
        const now = view();
        controls();
        const axis = AXES[now.x];
        const [metric, unit] = heading(answer.metric);
        if (charted !== now.x) {
            chart?.destroy();
            chart = new Chart({title: metric, unit, x: axis, height: 340, level: "h2"});
            charted = now.x;
            put(above, chart.element);
        }
        const factor = axis.factor || 1;
        const curves = answer.curves?.[now.x] || [];
        // The contender's line is solid, as in the figures; without a contender, the first line.
        const contender = Math.max(0, curves.findIndex((curve) => curve.contender));
        const drawn = curves.map((curve, i) => ({label: curve.label,
            color: paint(curve.color), dash: dash(curve.style ?? i, curve.contender || i === contender), x: curve.x.map((x) => x * factor),
            y: curve.y, low: curve.low, high: curve.high, bandTitle: ["from", "to"],
            width: curve.contender || i === contender ? 2.4 : 1.8,
            read: (j) => free(curve.y[j]) + unit.replace(/^(?=[^%])/, " ") + (curve.low && curve.low[j] !== null
                ? ` (${free(curve.low[j])} to ${free(curve.high[j])})` : "")}));
        const ends = drawn.map((line) => line.x[line.x.length - 1] || 0);
        const starts = drawn.map((line) => line.x[0] ?? 0);
        chart.set({lines: drawn, from: Math.min(0, ...starts), to: Math.max(1e-9, ...ends),
            rules: answer.target ? [{y: answer.target, label: `target ${free(answer.target)}`}] : [],
            empty: "These runs have no tested checkpoint, so there is no curve."});
        const bands = drawn.some((line) => line.low);
        put(below, bands && h("p", {class: "faint"}, "Lines are means of the runs that differ only in their seed; bands " +
            "are 95% intervals of the mean, or the range of two runs."),
        composition(), (answer.tables || []).map(reportTable), remarks(), figures(now));
    }

    function composition() {
        const bars = (answer.series || []).filter((one) => Number.isFinite(one.compute_s?.mean));
        if (!bars.length) return null;
        const sum = (one) => PARTS.reduce((total, [key]) => total + (one[key]?.mean || 0), 0);
        const most = Math.max(...bars.map(sum)) || 1;
        const interval = (part) => {
            if (!part || number(part.least, 2) === number(part.most, 2)) return null;
            return h("span", {class: "sub"}, Number.isFinite(part.interval95) ? `± ${number(part.interval95, 2)}`
                : `${number(part.least, 2)} to ${number(part.most, 2)}`);
        };
        return h("section", {class: "section"}, h("h2", {}, "Time of an iteration", h("span", {class: "unit"}, " s")),
            h("div", {class: "legend"}, PARTS.map(([, label, color]) => h("span", {class: "legend-item"},
                s("svg", {class: "swatch", viewBox: "0 0 22 10", "aria-hidden": "true"},
                    s("rect", {width: 22, height: 10, rx: 2, fill: color})), label))),
            table("Time of an iteration, in seconds, mean over the workers", [
                {title: "Series", cell: (one) => one.label},
                {title: "Share", class: "bars", cell: (one) => stack(one, most)},
                ...PARTS.map(([key, label]) => ({title: label[0].toUpperCase() + label.slice(1), unit: "(s)", number: true,
                    cell: (one) => [number(one[key]?.mean, 2), interval(one[key])]})),
                {title: "Sum", unit: "(s)", number: true, cell: (one) => number(sum(one), 2)},
            ], bars, true));
    }

    function stack(one, most) {
        let at = 0;
        const svg = s("svg", {class: "stackbar", viewBox: "0 0 300 18", preserveAspectRatio: "none", "aria-hidden": "true"});
        for (const [key, , color] of PARTS) {
            const width = 300 * (one[key]?.mean || 0) / most;
            svg.append(s("rect", {x: at, width, height: 18, fill: color}));
            at += width;
        }
        return svg;
    }

    function reportTable(one) {
        // A caption begins with the name of the table, followed by how to read it.
        const [, name, rest] = one.caption.match(/^([^:;,]*)[:;,]?\s*(.*)$/s);
        return h("section", {class: "section"}, h("h2", {}, name === answer.case ? "Series" : name), rest && h("p", {class: "faint"}, capital(rest)), table(one.caption, one.columns.map((column, i) =>
            ({title: column.title, number: column.number, cell: (row) => column.title === "id"
                ? h("a", {href: link(["runs", row[i]?.text])}, row[i]?.text) : row[i]?.best ? h("b", {title: "best of its column"}, row[i].text) : row[i]?.text ?? ""})), one.rows, true));
    }

    const remarks = () => answer.remarks?.length > 0 && h("section", {class: "section"}, h("h2", {}, "Remarks"),
        h("ul", {}, answer.remarks.map((remark) => h("li", {}, remark))));

    function figures(now) {
        const chosenRuns = now.runs.map((id) => "run=" + encodeURIComponent(id)).join("&");
        const name = encodeURIComponent(now.case);
        const of = (panel, type) => now.runs.length ? `figure/chosen/${panel}.${type}?${chosenRuns}`
            : `figure/case/${name}/${panel}.${type}`;
        const panels = answer.panels || [];
        return h("section", {class: "section"}, h("h2", {}, "Figures and files"),
            panels.length > 0 && h("p", {class: "faint"}, rich("The same figures as `rogctl redraw` draws.")),
            h("div", {class: "figures"}, panels.map((panel) => picture(panel, of))),
            h("ul", {class: "downloads"}, h("li", {}, h("a", {download: true, href: now.runs.length
                ? `download/chosen/experiment.conf?${chosenRuns}` : `download/case/${name}/experiment.conf`},
            "Experiment file that repeats these runs")),
            !now.runs.length && [["report.html", "Report (HTML)"], ["report.md", "Report (Markdown)"],
                ["report.tex", "Report (LaTeX)"], ["report.json", "Report (JSON)"], ["runs.csv", "Runs (CSV)"],
                ["iterations.csv", "Iterations (CSV)"], ["checkpoints.csv", "Checkpoints (CSV)"],
                ["bandwidth.csv", "Bandwidth (CSV)"], ["energy.csv", "Energy (CSV)"], ["events.csv", "Events (CSV)"],
            ].map(([file, label]) => h("li", {}, h("a", {href: `download/case/${name}/${file}`, download: true},
                label)))));
    }

    function picture(panel, of) {
        const frame = h("figure", {class: "picture"});
        const title = capital((panel.title.startsWith("against") ? `${heading(answer.metric)[0]} ` : "") + panel.title);
        const image = h("img", {src: of(panel.name, "svg"), alt: `${title}; its numbers are in ` +
            "the tables above", loading: "lazy", width: 480, height: 320});
        image.addEventListener("error", async () => {
            try {
                await get(of(panel.name, "svg"));
            } catch (error) {
                if (!aborted(error) && error.message) put(frame, failure(error));
            }
        });
        put(frame, h("figcaption", {}, title, h("span", {class: "links"}, ["pdf", "svg", "png"].map((type) =>
            h("a", {href: of(panel.name, type), download: `${panel.name}.${type}`,
                "aria-label": `${title} as ${type.toUpperCase()}`}, type.toUpperCase())))), image);
        return frame;
    }

    const again = throttled(4000, refresh);
    controls();
    refresh();
    return {refresh, update: () => {
        const now = view();
        if (!now.runs.length && !now.case) {
            chart?.destroy();
            chart = answer = null;
            charted = "";
            put(above);
            put(below);
            nothing();
        } else if (answer && JSON.stringify({...now, x: null}) === asked) {
            show();
        } else {
            refresh();
        }
    }, live: (what, data) => {
        if (what !== "change" || !answer) return;
        const shown = (answer.runs || []).map((run) => run.id);
        if (data.more || data.runs.some((id) => shown.includes(id)) || (ofCase && data.cases)) again();
    }, destroy: () => {
        again.cancel();
        ask.cancel();
        chart?.destroy();
    }};
}
