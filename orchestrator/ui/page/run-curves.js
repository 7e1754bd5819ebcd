// SPDX-License-Identifier: Apache-2.0
// The curves of a run over its time, which grow while it is in progress. When a part of the time is
// selected, that part is requested again with the same number of points.

import {h, put, failure, choice, throttled} from "./dom.js";
import {asking, aborted, ofRun} from "./api.js";
import {number, free, heading} from "./format.js";
import {change, read} from "./route.js";
import {Chart, color, dash} from "./chart.js";

const NAMES = ["accuracy", "composition", "bandwidth", "energy", "staleness", "rows", "loss"];
const PARTS = [["compute_s", "computation", "var(--compute)"], ["communication_s", "communication",
    "var(--communication)"], ["stall_s", "stall", "var(--stall)"]];
const MOST_LINES = 9, POINTS = 200;

// mean, with a band from the smallest to the largest value of each point, for a line of /series
function bucketed(line, values, label, style) {
    return {label, ...style, x: line.t, y: values.mean, low: style.band ? values.min : null,
        high: style.band ? values.max : null,
        read: (i) => free(values.mean[i]) + (values.min[i] < values.max[i]
            ? ` (${free(values.min[i])} to ${free(values.max[i])})` : "")};
}

const who = (worker) => worker === null || worker === undefined ? "all workers" : `worker ${worker}`;

// What the chart of a series draws; `only`: only values of this name (rows have two).
function lines(series, names) {
    const several = series.lines.length > 1;
    return series.lines.slice(0, MOST_LINES).flatMap((line, i) => names.map(([key, label], j) => {
        const index = several ? i : j;
        return bucketed(line, line[key], [several || !label ? who(line.worker) : null, label].filter(Boolean)
            .join(", "), {color: color(index), dash: dash(j, j === 0), band: !several && names.length === 1});
    }));
}

// The parts of an iteration's time, stacked; `share`: as shares of the whole. A point's value applies to the
// time before it, in which its iterations took place.
function stacked(line, from, share) {
    const sums = line.t.map((_, i) => PARTS.reduce((sum, [key]) => sum + (line[key].mean[i] ?? 0), 0));
    let floor = line.t.map(() => 0);
    return PARTS.map(([key, label, paint]) => {
        const mean = line[key].mean, base = floor;
        const part = (i) => (mean[i] ?? 0) * (share ? 100 / (sums[i] || 1) : 1);
        const top = base.map((value, i) => value + part(i));
        floor = top;
        return {label, color: paint, x: line.t, y: top, base, before: true, from,
            read: (i) => `${number(mean[i], 2)} s` + (share ? ` (${number(part(i))}%)` : "")};
    });
}

export function curves(root, about) {
    const ask = asking();
    const bar = h("div", {class: "toolbar"});
    const place = h("div", {class: "charts"});
    const state = h("div", {});
    root.append(h("h2", {class: "unseen"}, "Curves"), bar, state, place);
    const group = new Set();
    const axis = {title: "Time", unit: "s"};
    const [metric, unit] = heading(about.metric);
    const onZoom = (from, to) => change(from === null ? {from: null, to: null}
        : {from: Math.max(0, Math.round(from * 10) / 10), to: Math.round(to * 10) / 10});
    const chart = (title, of, more) => new Chart({title, unit: of, x: axis, group, onZoom, ...more});
    const charts = {
        accuracy: chart(metric, unit),
        composition: chart("Time of iterations", "%", {range: [0, 100]}),
        seconds: chart("Time of an iteration", "s", {zero: true}),
        bandwidth: chart("Bandwidth", "Mbit/s", {zero: true}),
        energy: chart("Energy of a worker, so far", "kJ", {zero: true}),
        staleness: chart("Staleness", "iterations", {zero: true}),
        rows: chart("Rows sent of all rows", "%", {zero: true}),
        loss: chart("Loss", ""),
    };
    const each = h("div", {class: "charts-more"}); // the time of each worker's iterations
    const ofEach = new Map();
    put(place, Object.values(charts).map((one) => one.element));
    charts.seconds.element.after(each);

    const view = () => {
        const {params} = read();
        const part = (name) => params.get(name) !== null && Number.isFinite(Number(params.get(name)))
            ? Number(params.get(name)) : null;
        return {worker: params.get("worker") || "", time: params.get("time") || "", from: part("from"), to: part("to")};
    };

    let answer = null;
    async function refresh() {
        const now = view();
        try {
            answer = await ask(ofRun(about.id, "series"), {name: NAMES.join(","), worker: now.worker, points: POINTS,
                from: now.from, to: now.to});
            put(state);
            show();
        } catch (error) {
            if (!aborted(error) && (!answer || error.code !== "unreachable")) put(state, failure(error, refresh));
        }
    }

    function controls() {
        const now = view();
        const zoomed = now.from !== null || now.to !== null;
        const from = answer?.from ?? 0, to = answer?.to ?? about.seconds ?? 0, span = to - from;
        const whole = answer?.seconds ?? about.seconds ?? 0;
        const clamp = (value) => Math.min(whole, Math.max(0, value));
        const button = (id, text, label, disabled, action) => h("button", {type: "button", id, "aria-label": label,
            title: label, disabled, onclick: action}, text);
        put(bar, choice("Workers", [["", "mean of all"], ["each", "each"],
            ...(about.ranks || []).map((rank) => [rank, `worker ${rank}`])], now.worker,
        (worker) => change({worker}), "worker"),
        choice("Iterations in", [["", "shares of time"], ["s", "seconds"]], now.time, (time) => change({time}), "time"),
        h("div", {class: "buttons", role: "group", "aria-label": "Part of the time"},
            button("zoom-in", "+", "Zoom in", span < 4, () => onZoom(from + span / 4, to - span / 4)),
            button("zoom-out", "−", "Zoom out", !zoomed, () => onZoom(clamp(from - span / 2), clamp(to + span / 2))),
            button("earlier", "‹", "Earlier", from <= 0, () => onZoom(clamp(from - span / 2),
                clamp(from - span / 2) + span)),
            button("later", "›", "Later", to >= whole, () => onZoom(clamp(to + span / 2) - span, clamp(to + span / 2))),
            button("whole", "Whole run", "Show the whole run", !zoomed, () => onZoom(null, null))),
        now.worker === "each" && about.ranks?.length > MOST_LINES && h("p", {class: "faint"},
            `The first ${MOST_LINES} of ${number(about.ranks.length)} workers`),
        h("p", {class: "faint", role: "status"}, zoomed ? `Seconds ${free(Math.round(from))} to ${free(Math.round(to))}`
            : h("span", {class: "wide-only"}, "Drag over a chart to zoom; arrow keys read its values")));
    }

    function showEach(list, from, to) {
        const share = view().time !== "s";
        const wanted = new Map(list.map((line) => [`${line.worker} ${share}`, line]));
        for (const [key, one] of ofEach) {
            if (wanted.has(key)) continue;
            one.destroy();
            one.element.remove();
            ofEach.delete(key);
        }
        for (const [key, line] of wanted) {
            if (!ofEach.has(key)) {
                ofEach.set(key, share ? chart(`Time of iterations, ${who(line.worker)}`, "%", {range: [0, 100], height: 120})
                    : chart(`Time of an iteration, ${who(line.worker)}`, "s", {zero: true, height: 120}));
                each.append(ofEach.get(key).element);
            }
            ofEach.get(key).set({lines: stacked(line, from, share), from, to, empty: "No iteration has ended yet."});
        }
    }

    function show() {
        controls();
        const {series, from, to} = answer;
        const trained = about.workload !== "none";
        const set = (name, drawn, empty, more) => {
            charts[name].set({lines: drawn, from, to, empty, ...more});
        };
        const of = (name) => series[name]?.lines || [];
        set("accuracy", of("accuracy").map((line) => ({label: metric, color: color(0), x: line.t, y: line.value,
            marks: true, read: (i) => `${free(line.value[i])}${unit === "%" ? "%" : ""}, iteration ` +
                number(line.iteration[i])})), trained ? "No checkpoint has been tested yet."
            : "Nothing is trained in this run (workload none).",
        {rules: about.target_accuracy ? [{y: about.target_accuracy, label: "target"}] : []});
        const several = of("composition").length > 1;
        for (const name of ["composition", "seconds"])
            set(name, several ? [] : of("composition").flatMap((line) => stacked(line, from, name === "composition")),
                "No iteration has ended yet.");
        showEach(several ? of("composition").slice(0, MOST_LINES) : [], from, to);
        charts.accuracy.element.hidden = !trained;
        charts.composition.element.hidden = several || view().time === "s";
        charts.seconds.element.hidden = several || view().time !== "s";
        charts.loss.element.hidden = !of("loss").some((line) => line.t.length);
        for (const name of ["bandwidth", "staleness", "loss"])
            set(name, series[name] ? lines(series[name], [["value", ""]]) : [], "Not recorded in this run.");
        set("energy", of("energy").slice(0, MOST_LINES).map((line, i) => {
            const kilo = line.value.map((value) => value === null ? null : value / 1000);
            return {label: who(line.worker), color: color(i), x: line.t, y: kilo,
                read: (j) => `${number(kilo[j], 2)} kJ`};
        }), "No energy is recorded.");
        set("rows", series.rows ? lines(series.rows, [["pushed", "pushed"], ["pulled", "pulled"]]) : [],
            "No rows are recorded.");
    }

    const again = throttled(2000, refresh);
    controls();
    refresh();
    return {refresh, turn: refresh, update: (next) => {
        about = next;
    }, live: (what, data) => {
        if (what === "points" && data.run === about.id) {
            const {to} = view();
            if (to === null || to >= (answer?.seconds ?? 0)) again();
        }
        if (what === "change" && (data.more || data.runs.includes(about.id))) again();
    }, destroy: () => {
        again.cancel();
        ask.cancel();
        for (const one of [...Object.values(charts), ...ofEach.values()]) one.destroy();
    }};
}
