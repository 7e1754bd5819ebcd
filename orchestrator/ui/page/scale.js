// SPDX-License-Identifier: Apache-2.0
// Arithmetic of axes: round ticks, positions, nearest points.

// At most about `count` round values within [low, high].
export function ticks(low, high, count) {
    const span = high - low;
    if (!(span > 0) || !Number.isFinite(span)) return [low];
    const raw = span / Math.max(1, count);
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = power * [1, 2, 5, 10].find((factor) => raw <= factor * power * 1.0001);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const found = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
        found.push(Number((i * step).toFixed(Math.min(digits, 20))));
    return found;
}

// [low, high], slightly widened, including 0 if `zero`; never empty.
export function range(values, zero) {
    let low = Infinity, high = -Infinity;
    for (const value of values) {
        if (value === null || !Number.isFinite(value)) continue;
        if (value < low) low = value;
        if (value > high) high = value;
    }
    if (low > high) return [0, 1];
    if (zero) low = Math.min(0, low);
    if (high === low) {
        const pad = Math.abs(high) * 0.1 || 1;
        return [zero && low === 0 ? 0 : low - pad, high + pad];
    }
    const pad = (high - low) * 0.06;
    return [zero && low === 0 ? 0 : low - pad, high + pad];
}

// The index of the value in the ascending `x` that is nearest to `at`; -1 if `x` is empty.
export function nearest(x, at) {
    let low = 0, high = x.length - 1;
    if (high < 0) return -1;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (x[middle] < at) low = middle + 1;
        else high = middle;
    }
    return low > 0 && at - x[low - 1] <= x[low] - at ? low - 1 : low;
}

// The index of the last value that is not greater than `at`; -1 if all are.
export function last(x, at) {
    let low = 0, high = x.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (x[middle] <= at) low = middle + 1;
        else high = middle;
    }
    return low - 1;
}
