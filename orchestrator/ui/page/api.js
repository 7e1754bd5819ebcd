// SPDX-License-Identifier: Apache-2.0
// Requests to the server. Every failure becomes an Error with a message for the user.

// Redrawing waits while a link or a button is pressed, because a click is lost if its element is replaced
// between press and release.
let pressed = null, release = () => {};

document.addEventListener("pointerdown", (event) => {
    if (event.target.closest?.("a, button, summary, label, select, input:not([type=range])"))
        pressed ||= new Promise((resolve) => release = resolve);
}, true);
for (const name of ["click", "pointercancel", "dragend", "blur", "pointerup"])
    addEventListener(name, () => setTimeout(() => {
        pressed = null;
        release();
    }, 50), true);

export async function get(path, params, signal) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(params || {}))
        for (const one of Array.isArray(value) ? value : [value])
            if (one !== null && one !== undefined && one !== "") query.append(name, one);
    const text = query.toString();
    let answer;
    try {
        answer = await fetch(path + (text ? "?" + text : ""), {signal});
    } catch (error) {
        if (error.name === "AbortError") throw error;
        throw Object.assign(new Error("`rogctl ui` does not answer. It may have ended, or the connection " +
            "to its host is interrupted."), {title: "No connection", code: "unreachable"});
    }
    let body = null;
    try {
        body = await answer.json();
    } catch (error) {
        if (error.name === "AbortError") throw error;
    }
    if (pressed) await pressed;
    if (answer.ok && body) return body;
    const about = body?.error || {};
    throw Object.assign(new Error(about.message || `The server answered with status ${answer.status}.`),
        {status: answer.status, code: about.code, title: answer.status === 404 ? "Not found" : null});
}

export const ofRun = (id, rest) => "api/runs/" + encodeURIComponent(id) + (rest ? "/" + rest : "");

// A request that is repeated: only the answer to the latest one is used.
export function asking() {
    let controller = null;
    const ask = async (path, params) => {
        controller?.abort();
        const mine = controller = new AbortController();
        return get(path, params, mine.signal);
    };
    ask.cancel = () => controller?.abort();
    return ask;
}

export const aborted = (error) => error?.name === "AbortError";
