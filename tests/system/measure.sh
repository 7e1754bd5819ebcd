# SPDX-License-Identifier: Apache-2.0
# Steps of programs are measured once for all workers that compute the same, kept, and shared by
# simultaneous measurements; the time is in the record and in `show`; failures are reported.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/descent.sh"

XDG_CACHE_HOME=$PWD/cache
export XDG_CACHE_HOME
descent_make
device='"compress_s": 0.1, "decompress_s": 0.1, "watts_compute": 12, "watts_communicate": 4, "watts_stall": 3'
# config FILE COMMAND WORKERS
config() {
    printf '{"library": "BSP", "workload": "program", "command": "%s", "files": [], "sources": [], "test": "true",
        "seconds": 5, "workers": [%s]}\n' "$2" "$3" >"$1"
}
worker() { printf '{"rank": %s, "step_s": "measured", %s%s}' "$1" "$2" "$device"; }
kept() { find cache/rogctl/steps -name '*.json' 2>/dev/null | wc -l; }

config one.json "PAUSE=20000 $PWD/descent" "$(worker 1 ''), $(worker 2 '"speed": 0.5, ')"
rog-trainer measure --config one.json >first &
rog-trainer measure --config one.json >second || fail "not measured"
wait $! || fail "not measured"
cmp first second || fail "two that measure at once have two results"
grep -q "a local step of worker 1's program takes 0.0[2-9]" first || fail "20 ms and more: $(cat first)"
same "lines" 1 "$(wc -l <first)"
same "times that are kept" 1 "$(kept)"
begun=$(date +%s)
try 0 rog-trainer measure --config one.json
cmp first out || fail "another one when it is known"
[ "$(($(date +%s) - begun))" -lt 20 ] || fail "measured again"

# A worker that computes something else is measured separately.
config one.json "PAUSE=20000 $PWD/descent" "$(worker 1 ''), $(worker 2 '"batch": 7, ')"
try 0 rog-trainer measure --config one.json
same "times that are kept" 2 "$(kept)"
config one.json "PAUSE=20001 $PWD/descent" "$(worker 1 '')"
try 0 rog-trainer measure --config one.json
same "times that are kept" 3 "$(kept)"

# A damaged measurement is repeated.
for damage in '{"step_s": -1}' '{"step_s": 0}' '{"step_s": 1e300}' '{'; do
    for entry in cache/rogctl/steps/*.json; do echo "$damage" >"$entry"; done
    try 0 rog-trainer measure --config one.json
    grep -q "takes 0.[0-9]* s here" out || fail "after $damage: $(cat out)"
done
same "folders of programs that are done" 0 "$(find cache -name '*.programs' | wc -l)"

# If the program fails, its output is reported.
config one.json "$PWD/descent exit 5" "{\"rank\": 1, \"step_s\": 1, $device}, $(worker 2 '')"
try 1 rog-trainer measure --config one.json
says "step_s = \"measured\": worker 2's program exited with status 3"
says "oh dear"
log=$(sed 's/.*(\(.*program.log\)).*/\1/' err)
grep -q "oh dear" "$log" || fail "no log: $(cat err)"
config one.json "true" "$(worker 1 '')"
try 1 rog-trainer measure --config one.json
says "step_s = \"measured\": worker 1's program"
same "programs that are left" "" "$(pgrep -f "$PWD/descent" || true)"
same "folders that are left" "" "$(ls -A "$TMPDIR")"
try 2 rog-trainer measure
