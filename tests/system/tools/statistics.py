# SPDX-License-Identifier: Apache-2.0
"""Computes the statistics of a report (`rogctl report --json`) from its runs with scipy, and compares them."""
import json
import sys

import numpy as np
from scipy import stats

report = json.load(open(sys.argv[1]))
runs = {run["id"]: run for run in report["runs"] if run["same_as"] is None}
checked = 0


def near(what, found, expected):
    global checked
    checked += 1
    if expected is None or np.isnan(expected):
        assert found is None, f"{what}: {found} where there is nothing"
    else:
        assert found is not None, f"{what}: nothing where there is {expected}"
        off = abs(found - expected)
        assert off <= 1e-9 * max(1, abs(expected)), f"{what}: {found}, scipy has {expected}"


def value(run, measure, at):
    found = run[measure] if at is None else run[measure][at]
    return np.nan if found is None else found


TARGETS = {"seconds_to_target": "seconds", "joules_to_target": "joules"}


def censored(run, measure):
    return (measure in TARGETS
            and run["target_reached"][TARGETS[measure]]["state"] == "not reached")


def outlasted(loser, winner, measure):
    """Whether the loser did not reach the target in the time that the winner needed."""
    return (censored(loser, measure)
            and value(winner, measure, None) <= loser["target_reached"][TARGETS[measure]]["seen_to"])


def interval(what, found, values):
    values = np.array(values)
    near(what + " mean", found["mean"], values.mean() if len(values) else None)
    half = None
    if len(values) >= 3:
        half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    near(what + " interval", found["interval95"], half)
    near(what + " deviation", found["deviation"], values.std(ddof=1) if len(values) > 1 else None)


def holm(p):
    order, adjusted, least = np.argsort(p, kind="stable"), np.empty(len(p)), 0
    for rank, index in enumerate(order):
        least = max(least, min(1, (len(p) - rank) * p[index]))
        adjusted[index] = least
    return adjusted


measures = [("accuracy_at", at) for at in report["series"][0]["accuracy_at"]]
measures += [(name, None) for name in ("seconds_to_target", "joules_to_target", "compute_s",
                                       "communication_s", "stall_s", "iteration_s")]
for series in report["series"]:
    for measure, at in measures:
        own = [runs[run] for run in series["runs"] if run in runs]
        values = [value(run, measure, at) for run in own]
        lost = sum(censored(run, measure) for run in own)
        known = [v for v in values if not np.isnan(v)]
        found = series[measure] if at is None else series[measure][at]
        what = f"{series['label']} {measure} {at}"
        interval(what, found, [] if lost else known)
        assert found["n"] == len(known) and found["not_reached"] == lost, what
        ordered = sorted(known + [np.inf] * lost)
        median = np.median(ordered) if ordered else np.nan
        # The median is unknown if a run that did not reach the target ended before it.
        ended = [run["target_reached"][TARGETS[measure]]["seen_to"] for run in own
                 if censored(run, measure)]
        known_order = not ended or not ordered or ordered[len(ordered) // 2] <= min(ended)
        near(what + " median", found["median"],
             median if np.isfinite(median) and known_order else None)

families = {}
for gain in report["gains"]:
    sides = [next(s for s in report["series"] if s["label"] == gain[side])
             for side in ("series", "against")]
    own, other = [{runs[run]["seed"]: runs[run] for run in s["runs"] if run in runs} for s in sides]
    for found in gain["differences"]:
        measure, at = found["measure"], found.get("at")
        what = f"{gain['series']} over {gain['against']} in {measure} {at}"
        pairs = [(own[seed], other[seed]) for seed in own if seed in other]
        sign = 1 if measure == "accuracy_at" else -1
        differences = np.array([sign * (value(a, measure, at) - value(b, measure, at))
                                for a, b in pairs])
        known = differences[~np.isnan(differences)]
        lost = any(censored(a, measure) or censored(b, measure) for a, b in pairs)
        interval(what, found, [] if lost else known)
        near(what + " d_z", found["d_z"], None if lost else known.mean() / known.std(ddof=1))
        if "test" not in found:
            continue
        test = found["test"]
        families.setdefault((measure, at), []).append((what, test))
        if test["name"] == "permutation":
            assert not lost and test["n"] == len(known), what
            p = stats.permutation_test((known,), np.mean, permutation_type="samples",
                                       n_resamples=np.inf).pvalue
        else:
            assert lost and test["n"] == found["ahead"] + found["behind"], what
            ahead = sum(d > 0 for d in known) + sum(outlasted(b, a, measure) for a, b in pairs)
            behind = sum(d < 0 for d in known) + sum(outlasted(a, b, measure) for a, b in pairs)
            assert (ahead, behind) == (found["ahead"], found["behind"]), what
            p = stats.binomtest(ahead, ahead + behind).pvalue
        near(what + " p", test["p"], p)

for family in families.values():
    for (what, test), p in zip(family, holm([test["p"] for _, test in family])):
        assert test["compared"] == len(family), what
        near(what + " p_holm", test["p_holm"], p)
print(f"{checked} numbers, {len(families)} families of tests")
