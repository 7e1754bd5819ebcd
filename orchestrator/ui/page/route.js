// SPDX-License-Identifier: Apache-2.0
// The state of a view is kept in the URL's fragment, "#/runs?status=done", so that a link shows the same
// view and the browser's Back button works.

export function read() {
    const [path, query] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
    const parts = path.split("/").filter(Boolean).map((part) => {
        try {
            return decodeURIComponent(part);
        } catch {
            return part;
        }
    });
    return {parts, params: new URLSearchParams(query || "")};
}

// link(["runs", id], {from: 3}): values that are null, "" or undefined are left out; arrays repeat.
export function link(parts, params) {
    const query = new URLSearchParams();
    for (const [name, value] of params instanceof URLSearchParams ? params : Object.entries(params || {}))
        for (const one of Array.isArray(value) ? value : [value])
            if (one !== null && one !== undefined && one !== "") query.append(name, one);
    const text = query.toString();
    return "#/" + parts.map(encodeURIComponent).join("/") + (text ? "?" + text : "");
}

// Changes some parameters of the current view. `replace`: without a history entry for the Back button,
// for a slider or while the user types.
export function change(changes, replace) {
    const {parts, params} = read();
    for (const [name, value] of Object.entries(changes)) {
        params.delete(name);
        for (const one of Array.isArray(value) ? value : [value])
            if (one !== null && one !== undefined && one !== "" && one !== false) params.append(name, one);
    }
    const to = link(parts, params);
    if (to === location.hash) return;
    if (replace) {
        history.replaceState(null, "", to);
        dispatchEvent(new HashChangeEvent("hashchange"));
    } else {
        location.hash = to;
    }
}
