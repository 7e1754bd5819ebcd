// SPDX-License-Identifier: Apache-2.0
// What a worker did within some seconds of a run, as in figure 8 of the paper: bandwidth, share of rows
// sent and received, staleness. A slider below a chart of the whole run selects the seconds.

import {h, put, failure, choice, debounced, throttled} from "./dom.js";
import {asking, aborted, ofRun} from "./api.js";
import {number, free} from "./format.js";
import {change, read} from "./route.js";
import {Chart} from "./chart.js";

const SPANS = [30, 60, 120, 300, 900, 3600];

export function microevents(root, about) {
    const askWhole = asking(), askPart = asking();
    const ranks = about.ranks?.length ? about.ranks : [1];
    let end = about.seconds || 0, answer = null, figureRows = false;
    const bar = h("div", {class: "toolbar"});
    const slider = h("input", {type: "range", id: "from", class: "span-slider", min: 0, step: "any", "aria-label": "First second shown",
        oninput: () => {
            move(Number(slider.value));
        }});
    const place = h("div", {});
    const more = h("div", {class: "figure-row"});
    const axis = {title: "Time", unit: "s"};
    const group = new Set();
    const whole = new Chart({title: "Whole run: stall, share of the time", unit: "%", x: axis, range: [0, 100],
        height: 96, bare: true, onBox: align, onZoom: (from, to) => from !== null && change({from: Math.round(from),
            span: Math.max(5, Math.round(to - from))})});
    const bandwidth = new Chart({title: "Bandwidth", unit: "Mbit/s", x: axis, zero: true, height: 190, group});
    const rows = new Chart({title: "Rows of a push or pull, of all rows", unit: "%", x: axis, range: [0, 105],
        height: 190, group});
    const staleness = new Chart({title: "Staleness", unit: "iterations", x: axis, zero: true, height: 170, group});
    whole.plot.after(slider);
    root.append(h("h2", {class: "unseen"}, "Microevents"), bar, whole.element, place,
        h("div", {class: "stack-small below"}, bandwidth.element, rows.element, staleness.element), more);

    const view = () => {
        const {params} = read();
        const wanted = Number(params.get("span"));
        const span = Math.max(1, Number.isFinite(wanted) && wanted > 0 ? wanted : 300);
        const from = params.get("from") === null ? 0 : Number(params.get("from"));
        const latest = Math.max(0, end - span);
        return {worker: params.get("worker") || String(ranks[0]), span, latest,
            follow: params.get("follow") === "1",
            from: params.get("follow") === "1" ? latest : Math.min(latest, Math.max(0, Number.isFinite(from) ? from : 0))};
    };
    const store = debounced(250, (from) => change({from: Math.round(from * 10) / 10, follow: null}, true));
    let moving = null;
    const soon = throttled(120, () => part());

    function move(from) {
        moving = from;
        slider.setAttribute("aria-valuetext", words(from));
        span();
        soon();
        store(from);
    }

    // The slider is as wide as the chart's axis, so that its thumb is below the part that is shown.
    function align(box) {
        slider.style.marginLeft = box.left + "px";
        slider.style.width = box.right - box.left + "px";
        slider.style.setProperty("--thumb", Math.max(16, (box.right - box.left) *
            Math.min(1, view().span / (end || 1))).toFixed(0) + "px");
    }

    const words = (from) => `seconds ${number(from)} to ${number(from + view().span)}`;

    function controls() {
        const now = view();
        const step = (direction) => change({from: Math.round(Math.min(now.latest, Math.max(0, now.from +
            direction * now.span / 2))), follow: null}, true);
        const spans = SPANS.includes(now.span) ? SPANS : [now.span, ...SPANS].sort((a, b) => a - b);
        put(bar, choice("Worker", ranks.map((rank) => [rank, `worker ${rank}`]), now.worker,
            (worker) => change({worker}), "worker"),
        choice("Length", spans.map((value) => [value, `${number(value)} s`]), now.span,
            (value) => change({span: value}), "span"),
        h("div", {class: "buttons", role: "group", "aria-label": "Move"},
            h("button", {type: "button", id: "earlier", disabled: now.from <= 0, onclick: () => step(-1)}, "‹ Earlier"),
            h("button", {type: "button", id: "later", disabled: now.from >= now.latest, onclick: () => step(1)}, "Later ›")),
        about.status === "running" && h("button", {type: "button", id: "follow", class: "chip",
            "aria-pressed": String(now.follow), onclick: () => change({follow: now.follow ? null : "1"})},
        "Follow the run"),
        h("p", {class: "faint", id: "shown", role: "status"}, capital(words(now.from))));
        slider.max = String(now.latest);
        slider.disabled = now.latest <= 0;
        if (moving === null) slider.value = String(now.from);
        slider.setAttribute("aria-valuetext", words(now.from));
    }
    const capital = (text) => text[0].toUpperCase() + text.slice(1);

    let course = null;
    function span() {
        const now = view(), from = moving ?? now.from;
        const shown = bar.querySelector("#shown");
        if (shown) shown.textContent = capital(words(from));
        whole.set({lines: course ? [course] : [], from: 0, to: end || 1, spans: [{from, to: from + now.span}],
            empty: "No iteration has ended yet."});
    }

    async function all() {
        try {
            const {series, seconds} = await askWhole(ofRun(about.id, "series"), {name: "composition",
                worker: view().worker, points: 400});
            end = Math.max(end, seconds || 0);
            const line = series.composition.lines[0];
            const share = (_, i) => 100 * line.stall_s.mean[i] / (line.compute_s.mean[i] + line.communication_s.mean[i] +
                line.stall_s.mean[i] || 1);
            course = line && {label: "stall", color: "var(--stall)", x: line.t, y: line.t.map(share), base: true,
                before: true, from: 0, read: (i) => `${number(line.stall_s.mean[i], 2)} s of an iteration`};
            controls();
            span();
        } catch (error) {
            if (!aborted(error) && !course) put(place, failure(error, refresh));
        }
    }

    async function part() {
        const now = view(), from = moving ?? now.from;
        try {
            answer = await askPart(ofRun(about.id, "microevents"), {worker: now.worker, from, to: from + now.span});
            if (answer.end > end) {
                end = answer.end;
                controls();
                span();
            }
            put(place);
            show();
        } catch (error) {
            if (!aborted(error) && (!answer || error.code !== "unreachable")) put(place, failure(error, refresh));
        }
    }

    function show() {
        const {from, to} = answer;
        const split = (pairs) => [pairs.map((pair) => pair[0]), pairs.map((pair) => pair[1])];
        const line = (pairs, label, paint, style) => {
            const [x, y] = split(pairs);
            return {label, color: paint, x, y, ...style};
        };
        const empty = "Nothing happened in these seconds.";
        bandwidth.set({from, to, empty: "No bandwidth is recorded in these seconds.",
            lines: [line(answer.bandwidth, "bandwidth", "var(--bandwidth)", {step: true, base: true})]});
        rows.set({from, to, empty, lines: [line(answer.push, "pushed", "var(--transmission)", {sticks: true, marks: true}),
            line(answer.pull, "pulled", "var(--line-2)", {sticks: true, marks: true})]});
        staleness.set({from, to, empty, lines: [line(answer.staleness, "staleness", "var(--staleness)", {step: true})],
            rules: answer.unlimited || !answer.threshold ? [] : [{y: answer.threshold, label: `threshold ${free(answer.threshold)}`}]});
        figure();
    }

    function figure() {
        const now = view(), from = Math.round(moving ?? now.from), to = Math.round(from + now.span);
        const path = `${encodeURIComponent(about.id)}/${now.worker}/${from}/${to}.svg${figureRows ? "?rows=1" : ""}`;
        put(more, h("a", {class: "button", id: "as-figure", href: `figure/microevents/${path}`, target: "_blank",
            rel: "noopener"}, "Open as the paper's figure (SVG)"),
        about.rows_recorded && h("button", {type: "button", class: "chip", id: "layers", "aria-pressed":
            String(figureRows), onclick: () => {
            figureRows = !figureRows;
            figure();
        }}, "with the rows of each layer"));
    }

    function refresh() {
        all();
        part();
    }

    const again = throttled(3000, refresh);
    controls();
    refresh();
    return {refresh, update: (next) => {
        about = next;
        end = Math.max(end, about.seconds || 0);
        controls();
    }, turn: () => {
        const settled = moving !== null;
        moving = null;
        controls();
        span();
        if (!settled || view().worker !== answer?.worker) refresh();
        else part();
    }, live: (what, data) => {
        if (what === "points" && data.run === about.id) {
            end = Math.max(end, data.seconds || 0);
            if (moving === null) again();
        }
    }, destroy: () => {
        again.cancel();
        soon.cancel();
        store.cancel();
        askWhole.cancel();
        askPart.cancel();
        for (const one of [whole, bandwidth, rows, staleness]) one.destroy();
    }};
}
