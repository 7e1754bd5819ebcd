// SPDX-License-Identifier: Apache-2.0
// Server-sent events: one connection, which is opened again when it is lost, and closed while the page is
// hidden. Reports whether the page is up to date.

const EVENTS = ["hello", "change", "progress", "measured", "points", "end"];
const REST_MS = 60000; // the connection is closed when the page has been hidden for this long

let source = null, run = null, listener = () => {}, tell = () => {};
let retry = 0, rest = 0, ended = false, was = "";

function state(now) {
    if (now === was) return;
    const before = was;
    was = now;
    tell(now, before);
}

function close() {
    clearTimeout(retry);
    source?.close();
    source = null;
}

function open() {
    close();
    ended = false;
    const mine = source = new EventSource("events" + (run ? "?run=" + encodeURIComponent(run) : ""));
    mine.onopen = () => state("live");
    mine.onerror = () => {
        if (mine !== source) return;
        state(ended ? "ended" : "lost");
        // The browser reconnects by itself, unless the server refused the request.
        if (mine.readyState === EventSource.CLOSED) retry = setTimeout(open, 3000);
    };
    for (const name of EVENTS)
        mine.addEventListener(name, (event) => {
            if (mine !== source) return;
            if (name === "end") {
                ended = true;
                state("ended");
                return;
            }
            ended = false;
            state("live");
            let data = null;
            try {
                data = JSON.parse(event.data);
            } catch {
                return;
            }
            listener(name, data);
        });
}

// Subscribes to what happens in all runs, and to the rows of one run if `id` is given.
export function watch(id) {
    const wanted = id || null;
    if (source && wanted === run) return;
    run = wanted;
    open();
}

export function start(onEvent, onState) {
    listener = onEvent;
    tell = onState;
    document.addEventListener("visibilitychange", () => {
        clearTimeout(rest);
        if (document.hidden) {
            rest = setTimeout(() => {
                close();
                state("resting");
            }, REST_MS);
        } else if (!source) {
            open();
        }
    });
    addEventListener("pagehide", close);
    addEventListener("pageshow", (event) => event.persisted && open());
}

// Connects immediately, at the user's request.
export const again = () => open();
