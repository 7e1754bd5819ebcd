// SPDX-License-Identifier: Apache-2.0
// The configuration of a run, and its differences from another run; its figures and downloads.

import {h, put, failure, note, rich, debounced, table} from "./dom.js";
import {get, asking, aborted, ofRun} from "./api.js";
import {number, NONE} from "./format.js";
import {link, change, read} from "./route.js";

const TABLES = ["runs", "inputs", "workers", "checkpoints", "iterations", "bandwidth", "energy", "events"];
const ALIKE = 50; // number of runs offered for a comparison

const words = (value) => value === null || value === undefined ? NONE
    : typeof value === "string" ? value : JSON.stringify(value);

export function configuration(root, about) {
    const ask = asking();
    const bar = h("div", {class: "filters"});
    const differs = h("div", {});
    const place = h("div", {});
    root.append(h("h2", {class: "unseen"}, "Configuration"), bar, differs, place);
    const filter = h("input", {type: "search", id: "text", placeholder: "threshold", autocomplete: "off",
        oninput: debounced(120, () => change({text: filter.value}, true))});
    const against = h("input", {id: "against", list: "alike", placeholder: "name of another run", autocomplete: "off",
        value: read().params.get("against") || "", onchange: () => change({against: against.value.trim()})});
    const alike = h("datalist", {id: "alike"});
    get("api/runs", {case: about.cases?.[0], limit: ALIKE}).then((answer) => put(alike, answer.rows
        .filter((run) => run.id !== about.id).map((run) => h("option", {value: run.id}, run.note || "")))).catch(() => {});
    const changed = h("button", {type: "button", id: "changed", class: "chip", onclick: () =>
        change({changed: read().params.get("changed") ? null : "1"})}, "Only values that are not the default");
    put(bar, h("label", {class: "field grow"}, h("span", {}, "Search settings"), filter),
        h("label", {class: "field grow"}, h("span", {}, "Compare with run"), against, alike),
        h("div", {class: "field"}, h("span", {class: "unseen"}, "Show"), changed));

    let asked = "";
    async function compare() {
        const other = read().params.get("against") || "";
        if (document.activeElement !== against) against.value = other;
        if (!other) {
            asked = "";
            put(differs);
            return;
        }
        if (other === asked) return;
        asked = other;
        try {
            const answer = (await ask(ofRun(about.id), {against: other})).against;
            put(differs, h("h3", {}, "What is different"), answer.differs.length
                ? table(`Differences from ${answer.id}`, [
                    {title: "Setting", class: "code", cell: (row) => row.name},
                    {title: "This run", class: "code", cell: (row) => words(row.value)},
                    {title: "The other", class: "code", cell: (row) => words(row.other)},
                ], answer.differs, true)
                : note("Nothing", `Both runs have the same ${number(answer.same)} settings, versions and inputs.`),
            answer.differs.length > 0 && h("p", {class: "faint"}, `${number(answer.same)} are the same. `,
                h("a", {href: link(["compare"], {run: [about.id, answer.id]})}, "Compare the curves of both")));
        } catch (error) {
            if (!aborted(error)) put(differs, failure(error));
        }
    }

    function show() {
        const {params} = read();
        const text = (params.get("text") || "").toLowerCase(), only = params.get("changed") === "1";
        if (document.activeElement !== filter) filter.value = params.get("text") || "";
        changed.setAttribute("aria-pressed", String(only));
        const rows = (about.settings || []).filter((one) => (!only || !one.default) &&
            `${one.name} ${words(one.value)} ${one.help || ""}`.toLowerCase().includes(text));
        const versions = Object.entries(about.versions || {});
        const inputs = about.inputs?.files || [];
        put(place, h("h3", {}, "Settings"), rows.length ? table("Settings", [
            {title: "Setting", class: "code", cell: (row) => row.name},
            {title: "Value", class: "code", cell: (row) => row.default ? words(row.value) : h("b", {}, words(row.value))},
            {title: "Unit", cell: (row) => row.unit || ""},
            {title: "Meaning", class: "text meaning", cell: (row) => row.help || ""},
        ], rows, true) : note("No setting matches", "Fewer words show more."),
        inputs.length > 0 && [h("h3", {}, "Files it read"), table("Files it read", [
            {title: "Setting", class: "code", cell: (row) => row.setting},
            {title: "Path", class: "code", cell: (row) => row.path},
            {title: "SHA-256", class: "code hash", cell: (row) => row.sha256},
        ], inputs, true)],
        (about.hosts || []).length > 0 && [h("h3", {}, "Hosts"), table("Hosts", [
            {title: "Rank", number: true, cell: (row) => String(row.rank)},
            {title: "Host", cell: (row) => row.host || NONE},
            {title: "Facts", class: "code", cell: (row) => facts(row.facts)},
        ], about.hosts, true)],
        versions.length > 0 && [h("h3", {}, "Versions"), table("Versions", [
            {title: "Program", cell: ([name]) => name},
            {title: "Version", class: "code", cell: ([, version]) => words(version)},
        ], versions, true)]);
    }

    show();
    compare();
    return {turn: () => {
        show();
        compare();
    }, refresh: compare, update: (next) => {
        about = next;
    }, destroy: ask.cancel};
}

const facts = (value) => Object.entries(value || {}).map(([name, one]) => `${name} ${words(one)}`).join(", ") || NONE;

export function files(root, about) {
    const id = encodeURIComponent(about.id);
    const own = (about.cases || []).map((name) => h("li", {}, h("a", {href: link(["cases", name])}, name),
        ": its figures, tables and reports"));
    root.append(h("h2", {class: "unseen"}, "Figures and files"), h("div", {class: "halves"},
        h("section", {class: "section"}, h("h3", {}, "Tables of this run, as CSV"), h("ul", {class: "downloads"},
            TABLES.map((name) => h("li", {}, h("a", {href: `download/run/${id}/${name}.csv`, download: true},
                `${name}.csv`))))),
        h("section", {class: "section"}, h("h3", {}, "To run it again"), h("p", {}, h("a", {class: "button",
            href: `download/chosen/experiment.conf?run=${id}`, download: true}, "Experiment file")),
        h("p", {class: "faint"}, rich("`rogctl sweep FILE` repeats this run.")),
        own.length > 0 && [h("h3", {}, "Cases with this run"), h("ul", {}, own)],
        h("h3", {}, "In the terminal"), h("p", {}, h("code", {}, `rogctl show ${about.id}`)))));
    return {};
}
