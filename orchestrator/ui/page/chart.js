// SPDX-License-Identifier: Apache-2.0
// A chart of lines over one axis, as SVG. The pointer or the arrow keys move a cursor, at which values are
// shown; for screen readers it is a slider whose value is that text. Dragging over the chart, or the
// keys + - 0, select a part of the axis. Below each chart its numbers can be opened as a table.

import {h, s, put} from "./dom.js";
import {free} from "./format.js";
import {ticks, range, nearest, last} from "./scale.js";

const TABLE_ROWS = 200;
let serial = 0;

const path = (points) => points.length ? "M" + points.map(([x, y]) => x.toFixed(1) + " " +
    y.toFixed(1)).join("L") : "";

// options: {title, unit, x: {title, unit}, zero, height, onZoom(from, to), group: charts whose cursors move
// together, note: a sentence about how to read it}
// A line: {label, color, dash, x, y, low, high (band), base (area down to it), step (a value is valid until
// the next), before (a value is valid since the previous one; the first since `from`), marks, read(i)}
export class Chart {
    constructor(options) {
        this.options = {height: 220, ...options};
        this.lines = [];
        this.hidden = new Set();
        this.cursor = null;
        this.id = "chart" + ++serial;
        const unit = options.unit ? h("span", {class: "unit"}, " " + options.unit) : null;
        this.legend = h("div", {class: "legend"});
        this.svg = s("svg", {class: "plot-svg", "aria-hidden": "true", focusable: "false"});
        this.tip = h("div", {class: "tip", "aria-hidden": "true", hidden: true});
        this.plot = h("div", {class: "plot", role: "slider", tabindex: 0, "aria-orientation": "horizontal",
            "aria-label": `${options.title}: cursor over ${options.x.title}`, "aria-valuetext": "no values",
            "aria-valuemin": 0, "aria-valuemax": 0, "aria-valuenow": 0,
            style: {height: this.options.height + "px"}}, this.svg, this.tip);
        this.data = h("details", {class: "numbers"}, h("summary", {}, "Numbers",
            h("span", {class: "unseen"}, ` of the chart ${options.title}`)));
        this.data.addEventListener("toggle", () => this.numbers());
        this.element = h("figure", {class: "chart"}, h("figcaption", {},
            h(options.level || "h3", {class: "chart-title", id: this.id}, options.title, unit), this.legend),
        this.plot, this.data);
        this.listen();
        this.observer = new ResizeObserver(() => this.draw());
        this.observer.observe(this.plot);
        options.group?.add(this);
    }

    destroy() {
        this.observer.disconnect();
        this.options.group?.delete(this);
    }

    // what: {lines, from, to, rules: [{y, label}], spans: [{from, to}], empty: a sentence}
    set(what) {
        this.what = what;
        this.lines = what.lines.filter((line) => line.x.length);
        if (this.cursor !== null && (this.cursor < what.from || this.cursor > what.to)) this.cursor = null;
        this.names();
        this.draw();
        this.numbers();
    }

    shown() {
        return this.lines.filter((line) => !this.hidden.has(line.label));
    }

    names() {
        const several = this.lines.length > 1;
        const rules = this.lines.length ? this.what.rules || [] : [];
        const key = [...this.lines.map((line) => line.label + line.color + this.hidden.has(line.label)),
            ...rules.map((rule) => rule.label)].join("\n");
        if (key === this.named) return;
        this.named = key;
        put(this.legend, several && this.lines.map((line, i) => h("button", {type: "button",
            id: `${this.id}-line${i}`, class: "legend-item", "aria-pressed": String(!this.hidden.has(line.label)),
            title: "Show or hide this line", onclick: () => {
                if (!this.hidden.delete(line.label)) this.hidden.add(line.label);
                this.names();
                this.draw();
            }}, this.swatch(line), line.label)), rules.map((rule) => h("span", {class: "legend-item"},
            s("svg", {class: "swatch", viewBox: "0 0 22 10", "aria-hidden": "true"},
                s("path", {class: "rule", d: "M1 5 H21"})), rule.label)));
    }

    swatch(line) {
        return s("svg", {class: "swatch", viewBox: "0 0 22 10", "aria-hidden": "true"}, line.base
            ? s("rect", {width: 22, height: 10, rx: 2, class: "area", fill: line.color})
            : s("path", {d: "M1 5 H21", stroke: line.color, "stroke-width": 2.2,
                "stroke-dasharray": line.dash || null}));
    }

    draw() {
        const width = this.plot.clientWidth, height = this.options.height;
        if (!width || !this.what) return;
        const lines = this.shown();
        this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
        if (!this.lines.length) {
            this.x = null;
            this.plot.setAttribute("aria-valuetext", this.what.empty || "Nothing is recorded.");
            this.svg.replaceChildren();
            put(this.tip);
            this.tip.hidden = true;
            this.emptyText(this.what.empty || "Nothing is recorded.");
            return;
        }
        this.emptyText(null);
        const {from, to, rules = [], spans = []} = this.what;
        const values = function* () {
            for (const line of lines) for (const part of [line.y, line.low, line.high]) if (part) yield* part;
            for (const rule of rules) yield rule.y;
        };
        const [low, high] = this.options.range || range(values(), this.options.zero);
        const yTicks = ticks(low, high, height > 150 ? 5 : 3);
        const labels = yTicks.map(free);
        const left = Math.max(34, 10 + 7 * Math.max(...labels.map((label) => label.length)));
        const box = {left, right: width - 12, top: 8, bottom: height - (this.options.bare ? 22 : 36)};
        const x = (value) => box.left + (value - from) / (to - from || 1) * (box.right - box.left);
        const y = (value) => box.bottom - (value - low) / (high - low) * (box.bottom - box.top);
        Object.assign(this, {x, y, box, from, to});
        this.options.onBox?.(box);

        const clip = this.id + "-clip";
        const axes = s("g", {class: "axes"});
        yTicks.forEach((tick, i) => axes.append(
            s("line", {x1: box.left, x2: box.right, y1: y(tick), y2: y(tick)}),
            s("text", {x: box.left - 7, y: y(tick) + 4, "text-anchor": "end"}, labels[i])));
        for (const tick of ticks(from, to, Math.max(2, (box.right - box.left) / 90))) {
            const near = x(tick) > box.right - 14 ? "end" : "middle";
            axes.append(s("text", {x: near === "end" ? Math.min(box.right + 8, x(tick) + 14) : x(tick),
                y: box.bottom + 16, "text-anchor": near}, free(tick)),
            s("line", {class: "tick", x1: x(tick), x2: x(tick), y1: box.bottom, y2: box.bottom + 4}));
        }
        if (!this.options.bare)
            axes.append(s("text", {class: "axis-title", x: (box.left + box.right) / 2, y: height - 4,
                "text-anchor": "middle"}, this.options.x.title +
                (this.options.x.unit ? ` (${this.options.x.unit})` : "")));
        const inside = s("g", {"clip-path": `url(#${clip})`});
        for (const span of spans)
            inside.append(s("rect", {class: "span", x: x(span.from), y: box.top,
                width: Math.max(2, x(span.to) - x(span.from)), height: box.bottom - box.top}));
        for (const rule of rules)
            inside.append(s("line", {class: "rule", x1: box.left, x2: box.right, y1: y(rule.y), y2: y(rule.y)}));
        for (const line of lines) this.line(inside, line);
        this.mark = s("g", {class: "cursor"});
        this.brush = s("rect", {class: "brush", y: box.top, height: box.bottom - box.top, visibility: "hidden"});
        this.svg.replaceChildren(s("defs", {}, s("clipPath", {id: clip}, s("rect", {x: box.left,
            y: box.top - 4, width: box.right - box.left, height: box.bottom - box.top + 6}))),
        axes, inside, this.mark, this.brush);
        this.plot.setAttribute("aria-valuemin", free(from).replaceAll(",", "").replace("−", "-"));
        this.plot.setAttribute("aria-valuemax", String(Math.round(to)));
        this.point(this.cursor, false);
    }

    emptyText(text) {
        this.hint?.remove();
        this.hint = text ? h("p", {class: "plot-empty"}, text) : null;
        if (text) this.plot.append(this.hint);
    }

    trace(line, column) {
        const points = [];
        for (let i = 0; i < line.x.length; i++) {
            if (column[i] === null || column[i] === undefined) continue;
            const at = this.x(line.x[i]), value = this.y(column[i]);
            if (line.before) points.push([points.length ? points[points.length - 1][0] : this.x(line.from), value]);
            if (line.step && points.length) points.push([at, points[points.length - 1][1]]);
            points.push([at, value]);
        }
        if (line.step && points.length) points.push([this.x(this.to), points[points.length - 1][1]]);
        return points;
    }

    line(inside, line) {
        const points = this.trace(line, line.y);
        if (line.low && line.high)
            inside.append(s("path", {class: "band", fill: line.color,
                d: path([...this.trace(line, line.high), ...this.trace(line, line.low).reverse()]) + "Z"}));
        if (line.base) {
            const floor = line.base === true ? line.x.map(() => Math.max(0, this.options.range?.[0] ?? 0)) : line.base;
            inside.append(s("path", {class: line.base === true ? "ground" : "area", fill: line.color,
                d: path([...points, ...this.trace(line, floor).reverse()]) + "Z"}));
            if (line.base !== true) return;
        }
        if (line.sticks) {
            inside.append(s("path", {class: "line", stroke: line.color, "stroke-width": 1.2,
                d: points.map(([x, y]) => `M${x.toFixed(1)} ${this.y(0).toFixed(1)}V${y.toFixed(1)}`).join("")}));
        } else {
            inside.append(s("path", {class: "line", stroke: line.color, d: path(points),
                "stroke-dasharray": line.dash || null, "stroke-width": line.width || 1.8}));
        }
        if (line.marks && points.length <= 120)
            for (const [x, y] of points) inside.append(s("circle", {cx: x, cy: y, r: 2.2, fill: line.color}));
    }

    // The values at the cursor, as [line, index].
    under() {
        return this.shown().map((line) => [line, line.step ? last(line.x, this.cursor)
            : nearest(line.x, this.cursor)]).filter(([, i]) => i >= 0);
    }

    // Moves the cursor; `told`: also the cursors of the other charts of the group.
    point(at, told = true) {
        if (!this.x || !this.mark) return;
        this.cursor = at === null ? null : Math.min(this.to, Math.max(this.from, at));
        if (told && this.options.group)
            for (const other of this.options.group) if (other !== this) other.point(this.cursor, false);
        this.mark.replaceChildren();
        if (this.cursor === null) {
            this.tip.hidden = true;
            this.plot.setAttribute("aria-valuetext",
                `${this.lines.length} ${this.lines.length === 1 ? "line" : "lines"}; arrow keys read the values`);
            return;
        }
        const found = this.under();
        const title = this.options.x.title, unit = this.options.x.unit ? " " + this.options.x.unit : "";
        this.mark.append(s("line", {x1: this.x(this.cursor), x2: this.x(this.cursor), y1: this.box.top,
            y2: this.box.bottom}));
        for (const [line, i] of found)
            if (line.y[i] !== null && !line.step)
                this.mark.append(s("circle", {cx: this.x(line.x[i]), cy: this.y(line.y[i]), r: 3.5,
                    fill: line.color}));
        const where = found.length === 1 && !found[0][0].step ? found[0][0].x[found[0][1]] : this.cursor;
        const read = (line, i) => line.read ? line.read(i) : free(line.y[i]);
        this.plot.setAttribute("aria-valuenow", String(Math.round(where * 1000) / 1000));
        this.plot.setAttribute("aria-valuetext", `${title} ${free(where)}${unit}: ` +
            found.map(([line, i]) => `${line.label} ${read(line, i)}`).join(", "));
        if (!told && this.options.group) {
            this.tip.hidden = true;
            return;
        }
        put(this.tip, h("p", {class: "tip-x"}, `${free(where)}${unit}`), found.map(([line, i]) =>
            h("p", {}, this.swatch(line), h("span", {}, line.label), h("b", {}, read(line, i)))));
        this.tip.hidden = false;
        const width = this.tip.offsetWidth, at2 = this.x(this.cursor);
        const left = at2 + 14 + width > this.plot.clientWidth ? Math.max(0, at2 - 14 - width) : at2 + 14;
        this.tip.style.transform = `translate(${left.toFixed(0)}px, ${this.box.top + 4}px)`;
    }

    listen() {
        const at = (event) => {
            const {left} = this.plot.getBoundingClientRect();
            return this.from + (event.clientX - left - this.box.left) /
                (this.box.right - this.box.left) * (this.to - this.from);
        };
        const within = (value) => Math.min(this.to, Math.max(this.from, value));
        let begun = null;
        this.plot.addEventListener("pointerdown", (event) => {
            if (!this.x || event.button) return;
            begun = within(at(event));
            if (event.pointerType === "mouse") this.plot.setPointerCapture(event.pointerId);
            this.point(begun);
        });
        this.plot.addEventListener("pointermove", (event) => {
            if (!this.x) return;
            const now = within(at(event));
            this.point(now);
            if (begun === null || !this.options.onZoom || event.pointerType !== "mouse") return;
            const [a, b] = [this.x(begun), this.x(now)].sort((one, two) => one - two);
            this.brush.setAttribute("x", a);
            this.brush.setAttribute("width", b - a);
            this.brush.setAttribute("visibility", b - a > 4 ? "visible" : "hidden");
        });
        const end = (event) => {
            if (begun === null) return;
            const [a, b] = [begun, within(at(event))].sort((one, two) => one - two);
            begun = null;
            this.brush?.setAttribute("visibility", "hidden");
            if (event.type === "pointerup" && event.pointerType === "mouse" && this.options.onZoom &&
                this.x(b) - this.x(a) > 8) this.options.onZoom(a, b);
        };
        this.plot.addEventListener("pointerup", end);
        this.plot.addEventListener("pointercancel", end);
        this.plot.addEventListener("pointerleave", (event) => {
            if (event.pointerType === "mouse" && document.activeElement !== this.plot) this.point(null);
        });
        this.plot.addEventListener("dblclick", () => this.options.onZoom?.(null, null));
        this.plot.addEventListener("blur", () => this.point(null));
        this.plot.addEventListener("keydown", (event) => this.key(event));
    }

    key(event) {
        if (!this.x || event.ctrlKey || event.metaKey || event.altKey) return;
        const span = this.to - this.from, now = this.cursor ?? this.from;
        const step = (direction) => {
            if (this.cursor === null) return this.from;
            const line = this.shown().find((one) => !one.step);
            if (!line || event.shiftKey) return now + direction * span / (event.shiftKey ? 10 : 100);
            const i = nearest(line.x, now);
            const next = line.x[Math.min(line.x.length - 1, Math.max(0, i + direction))];
            return Math.abs(next - now) < span / 400 ? now + direction * span / 100 : next;
        };
        const keys = {ArrowRight: () => step(1), ArrowUp: () => step(1), ArrowLeft: () => step(-1),
            ArrowDown: () => step(-1), PageUp: () => now + span / 10, PageDown: () => now - span / 10,
            Home: () => this.from, End: () => this.to};
        const zoom = (factor) => this.options.onZoom?.(now - span * factor, now + span * factor);
        if (keys[event.key]) this.point(keys[event.key]());
        else if (event.key === "+" && this.options.onZoom) zoom(0.25);
        else if (event.key === "-" && this.options.onZoom) zoom(1);
        else if (event.key === "0" && this.options.onZoom) this.options.onZoom(null, null);
        else if (event.key === "Escape") this.point(null);
        else return;
        event.preventDefault();
    }

    // The table below the chart, created when the user opens it.
    numbers() {
        if (!this.data.open) return;
        this.table?.remove();
        const unit = this.options.x.unit ? ` (${this.options.x.unit})` : "";
        this.table = h("div", {class: "numbers-body"}, !this.lines.length && h("p", {}, this.what?.empty),
            this.lines.map((line) => {
                const skip = Math.max(1, Math.ceil(line.x.length / TABLE_ROWS));
                const rows = line.x.map((at, i) => [at, i]).filter(([, i]) => i % skip === 0);
                const caption = `${line.label}${skip > 1 ? `, every ${skip}. value` : ""}`;
                return h("div", {class: "scroll", role: "region", tabindex: 0,
                    "aria-label": `${this.options.title}: ${caption}`}, h("table", {}, h("caption", {}, caption),
                    h("thead", {}, h("tr", {}, h("th", {scope: "col", class: "number"},
                        this.options.x.title + unit), h("th", {scope: "col", class: "number"},
                        line.label + (this.options.unit ? ` (${this.options.unit})` : "")),
                    line.low && h("th", {scope: "col", class: "number"}, line.bandTitle?.[0] || "lowest"),
                    line.high && h("th", {scope: "col", class: "number"}, line.bandTitle?.[1] || "highest"))),
                    h("tbody", {}, rows.map(([at, i]) => h("tr", {},
                        h("th", {scope: "row", class: "number"}, free(at)),
                        h("td", {class: "number"}, line.read ? line.read(i) : free(line.y[i])),
                        line.low && h("td", {class: "number"}, free(line.low[i])),
                        line.high && h("td", {class: "number"}, free(line.high[i])))))));
            }));
        this.data.append(this.table);
    }
}

// Colours and dashes as in the figures: 0 is their first line.
export const color = (index) => `var(--line-${index % 9})`;
const DASHES = ["9 4", "3.5 2.5", "9 3 2 3", "6 2", "2 2.5"];
export const dash = (index, solid) => solid ? null : DASHES[index % DASHES.length];
