// SPDX-License-Identifier: Apache-2.0
// Elements from descriptions. Texts become text nodes, never markup, because they may contain anything.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
        if (value === null || value === undefined || value === false) continue;
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (name === "style") Object.assign(element.style, value);
        else if (name in {value: 1, checked: 1, disabled: 1, hidden: 1, selected: 1, open: 1})
            element[name] = value;
        else element.setAttribute(name, value === true ? "" : value);
    }
    add(element, children);
    return element;
}

function add(element, children) {
    for (const child of children.flat(Infinity))
        if (child !== null && child !== undefined && child !== false) element.append(child);
}

export const h = (tag, attributes, ...children) =>
    fill(document.createElement(tag), attributes, children);

export const s = (tag, attributes, ...children) => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes || {}))
        if (value !== null && value !== undefined) element.setAttribute(name, value);
    add(element, children);
    return element;
};

// Replaces the children of `element`. If an element with an id had the focus, the new element with the
// same id gets it (which may be the same element, removed and inserted again).
export function put(element, ...children) {
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    const id = focused && focused !== element ? focused.id : "";
    element.replaceChildren();
    add(element, children);
    if (id && document.activeElement !== focused) document.getElementById(id)?.focus({preventScroll: true});
}

export function announce(text) {
    document.getElementById("announcer").textContent = text;
}

// Calls `action` when there have been no calls for `ms`.
export function debounced(ms, action) {
    let timer = 0;
    const call = (...values) => {
        clearTimeout(timer);
        timer = setTimeout(() => action(...values), ms);
    };
    call.cancel = () => clearTimeout(timer);
    return call;
}

// Calls `action` (which may be asynchronous) at most every `ms`, always once more after the last call,
// and never while it is running.
export function throttled(ms, action) {
    let timer = 0, busy = false, again = false, last = -Infinity, over = false;
    const run = async () => {
        timer = 0;
        if (busy) {
            again = true;
            return;
        }
        busy = true;
        last = performance.now();
        try {
            await action();
        } finally {
            busy = false;
            if (again && !over) {
                again = false;
                call();
            }
        }
    };
    const call = () => {
        if (!timer && !over) timer = setTimeout(run, Math.max(0, last + ms - performance.now()));
    };
    call.cancel = () => {
        over = true;
        clearTimeout(timer);
    };
    return call;
}

// ---- elements used by all views ----

const SHAPES = { // a shape for each status, so that colour is not needed to tell them apart
    done: "M3 8.5 L6.5 12 L13 4.5",
    failed: "M4 4 L12 12 M12 4 L4 12",
    planned: "M8 3 A5 5 0 1 1 7.99 3",
    waiting: "M8 3 A5 5 0 1 1 7.99 3 M8 5 L8 8.2 L10.5 9.5",
    interrupted: "M6 4 L6 12 M10 4 L10 12",
    stopped: "M4.5 4.5 H11.5 V11.5 H4.5 Z",
    left: "M5 11 L11 5 M6 5 H11 V10",
    testing: "M4 4 H12 M4 8 H12 M4 12 H9",
};

export const statusName = (name) => name === "left" ? "on its hosts" : name; // as printed by `rogctl runs`

export function status(name) {
    const shape = name === "running"
        ? s("circle", {cx: 8, cy: 8, r: 4.5, fill: "currentColor", stroke: "none"})
        : s("path", {d: SHAPES[name] || SHAPES.planned});
    return h("span", {class: "status status-" + name},
        s("svg", {viewBox: "0 0 16 16", "aria-hidden": "true"}, shape), statusName(name));
}

export function bar(share, label) {
    const percent = Math.round(1000 * Math.min(1, Math.max(0, share || 0))) / 10;
    const inner = h("span", {style: {width: percent + "%"}});
    return h("span", {class: "bar", role: "progressbar", "aria-label": label, "aria-valuemin": 0,
        "aria-valuemax": 100, "aria-valuenow": percent}, inner);
}

// Converts a text with `commands` in backquotes.
export const rich = (text) => typeof text !== "string" ? text
    : text.split("`").map((part, i) => i % 2 ? h("code", {}, part) : part);

export const note = (title, ...text) =>
    h("div", {class: "note"}, h("p", {class: "note-title"}, title), h("p", {}, text.map(rich)));

export const failure = (error, again) =>
    h("div", {class: "note note-failed", role: "alert"},
        h("p", {class: "note-title"}, error.title || "This cannot be shown"),
        h("p", {}, rich(error.message)),
        again && h("button", {type: "button", onclick: again}, "Try again"));

export const choice = (label, options, value, onchange, id) =>
    h("label", {class: "field"}, h("span", {}, label),
        h("select", {id, onchange: (e) => onchange(e.target.value)},
            options.map(([key, text]) =>
                h("option", {value: key, selected: String(key) === String(value)}, text))));

// A table that scrolls if it is too wide, also by keyboard.
export function scrolling(label, table) {
    return h("div", {class: "scroll", role: "region", "aria-label": label, tabindex: 0}, table);
}

// columns: {title, unit, number, cell(row)}; the first column heads its row.
export function table(caption, columns, rows, hideCaption) {
    return scrolling(caption, h("table", {},
        h("caption", {class: hideCaption ? "unseen" : null}, caption),
        h("thead", {}, h("tr", {}, columns.map((column) =>
            h("th", {scope: "col", class: column.number ? "number" : null}, column.title,
                column.unit && h("span", {class: "unit"}, " " + column.unit))))),
        h("tbody", {}, rows.map((row) => h("tr", {}, columns.map((column, i) =>
            h(i ? "td" : "th", {scope: i ? null : "row",
                class: [column.number ? "number" : "", column.class || ""].join(" ").trim() || null},
            column.cell(row))))))));
}
