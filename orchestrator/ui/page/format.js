// SPDX-License-Identifier: Apache-2.0
// Formats numbers, times and sizes. Unknown values are a dash.

export const NONE = "–";

const known = (value) => typeof value === "number" && Number.isFinite(value);
const formats = new Map();

export function number(value, digits = 0) {
    if (!known(value)) return NONE;
    if (!formats.has(digits))
        formats.set(digits, new Intl.NumberFormat("en", {minimumFractionDigits: digits,
            maximumFractionDigits: digits}));
    return formats.get(digits).format(value).replace("-", "−");
}

// Formats a value of unknown scale with enough digits to distinguish it from its neighbours.
export function free(value) {
    if (!known(value)) return NONE;
    const size = Math.abs(value);
    if (size && (size < 1e-3 || size >= 1e9)) return value.toExponential(2).replace("-", "−");
    return number(value, size === Math.round(size) || size >= 1000 ? 0 : size >= 10 ? 2 : size >= 1 ? 3 : 4)
        .replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

export const kilojoules = (joules) => known(joules) ? number(joules / 1000, 2) : NONE;
export const percent = (share, digits = 0) => known(share) ? number(100 * share, digits) + "%" : NONE;

export function bytes(value) {
    if (!known(value)) return NONE;
    const units = ["bytes", "kB", "MB", "GB", "TB"];
    let i = 0;
    while (value >= 1000 && i < units.length - 1) {
        value /= 1000;
        i++;
    }
    return number(value, i ? 1 : 0) + " " + units[i];
}

// h:mm:ss or m:ss, as rogctl prints the time left.
export function clock(seconds) {
    if (!known(seconds)) return NONE;
    const whole = Math.max(0, Math.round(seconds));
    const two = (value) => String(value).padStart(2, "0");
    const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
    return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

export function ago(seconds) {
    if (!known(seconds)) return NONE;
    if (seconds < 2) return "now";
    if (seconds < 120) return `${Math.round(seconds)} s ago`;
    if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
    if (seconds < 172800) return `${Math.round(seconds / 3600)} h ago`;
    return `${Math.round(seconds / 86400)} days ago`;
}

// A moment (ISO 8601) in the reader's time zone.
export function moment(text) {
    const date = text ? new Date(text) : null;
    if (!date || Number.isNaN(date.getTime())) return NONE;
    const two = (value) => String(value).padStart(2, "0");
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
        `${two(date.getHours())}:${two(date.getMinutes())}`;
}

export const plural = (count, one, many) => `${number(count)} ${count === 1 ? one : many || one + "s"}`;

// "Accuracy (%)": a metric's heading.
export function heading(metric) {
    const name = metric?.name || "accuracy";
    const unit = metric?.unit ?? "%";
    return [name[0].toUpperCase() + name.slice(1), unit];
}

export const digits = (metric) => (metric?.unit ?? "%") === "%" ? 2 : 4;
