# SPDX-License-Identifier: Apache-2.0
#
# A user's program, in C, on a virtual cluster: swept with four strategies, tested, drawn, verified,
# replayed; the same bytes each time, however many compute at the same time; resumed after an
# interruption; with local steps; and the same program on a local cluster.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/descent.sh"

descent_make
cat >cluster.conf <<'END'
kind = "virtual"; workers = ( { profile = "jetson-nx"; count = 2; }, { step_s = 2.0; } );
END
workload="{ command = \"$PWD/descent\"; files = []; test = \"$PWD/descent --test\";
    metric = { name = \"distance\"; better = \"lower\"; }; }"
conf() { # NAME SETTINGS RUNS
    cat >"$1.conf" <<END
case = "$1"; figure = "1"; seconds = 120.0; trace = "constant:0.002"; checkpoint_period = 20.0;
workload = $workload; $2
runs = ( $3 );
END
}
conf four '' '{ library = "BSP"; }, { library = "SSP"; threshold = 3; }, { library = "ROG"; threshold = 4; },
    { library = "FLOWN"; threshold = 4; }'
try 0 rogctl sweep four.conf --cluster cluster.conf --dry-run
prints "4 of 4 runs to do"
try 0 rogctl sweep four.conf --cluster cluster.conf --jobs 1
same "done" "4" "$(query "SELECT count(*) FROM runs WHERE status = 'done' AND workload = 'program'")"
same "workers with losses" "12" "$(query "SELECT count(*) FROM (SELECT DISTINCT run_id, rank FROM iterations
    WHERE loss > 0)")"
same "untested checkpoints" 0 "$(query "SELECT count(*) FROM checkpoints WHERE accuracy IS NULL")"
for run in $(query 'SELECT id FROM runs'); do
    try 0 rogctl verify "$run"
    first=$(query "SELECT accuracy FROM checkpoints WHERE run_id = '$run' ORDER BY t LIMIT 1")
    last=$(query "SELECT accuracy FROM checkpoints WHERE run_id = '$run' ORDER BY t DESC LIMIT 1")
    awk -v a="$first" -v b="$last" 'BEGIN { exit !(a > 0.99 && b < 0.5 * a) }' || fail "$run: from $first to $last"
done
ls plots/four-case0-*.svg >list || fail "no figures"
same "what is left of it" "" "$(pgrep -f "$PWD/descent" || true)"
bsp=$(query "SELECT id FROM runs WHERE library = 'BSP'")
try 0 rogctl show "$bsp"
prints "distance"
figures='[.iterations, (.seconds * 1000 | round), (.stall_s * 1000 | round), .bytes_pushed] | @tsv'
try 0 rogctl show "$bsp" --json
json "$figures" >recorded
try 0 rogctl replay "$bsp" --library BSP --threshold 0 --json
json "$figures" >replayed
cmp recorded replayed || fail "replayed as it was: $(cat recorded), $(cat replayed)"
try 0 rogctl report four-case0
try 0 rogctl export four-case0 --to exported
try 0 rogctl redraw four-case0
try 0 rogctl sweep four.conf --cluster cluster.conf --dry-run
prints "0 of 4 runs to do"

# events DATABASE: prints those of all runs except the first of each, which names the plugin's file
events() {
    for run in "$1".runs/*/; do tail -n +2 "$run/events.jsonl"; done | sha256sum
}
models() {
    sqlite3 "$1.db" "SELECT group_concat(sha256, ' ') FROM (SELECT sha256 FROM checkpoints JOIN runs ON id = run_id
        ORDER BY library, t)"
}
bytes=$(events results) models=$(models results)
try 0 rogctl sweep four.conf --cluster cluster.conf --jobs 8 --db again.db --plots again
same "events of a repeat" "$bytes" "$(events again)"
same "models of a repeat" "$models" "$(models again)"

# Interrupted, with SIGTERM and with SIGKILL: the same result.
conf cut 'snapshot_period = 0.05;' '{ library = "ROG"; threshold = 4; }'
try 0 rogctl sweep cut.conf --cluster cluster.conf --db whole.db --plots whole
cuts=0
for signal in INT KILL INT; do
    PAUSE=20000 rogctl sweep cut.conf --cluster cluster.conf --db cut.db --plots cut >out 2>err &
    pid=$!
    touch mark
    for _ in $(seq 6000); do
        [ -n "$(find cut.runs -path '*/snapshot/state' -newer mark 2>/dev/null)" ] && break
        kill -0 $pid 2>/dev/null || break
        sleep 0.02
    done
    kill -$signal $pid 2>/dev/null && cuts=$((cuts + 1))
    wait $pid 2>/dev/null
    for _ in $(seq 100); do
        pgrep -f "$PWD/descent" >left || break
        sleep 0.05
    done
    same "programs that are left after SIG$signal" "" "$(pgrep -f "$PWD/descent" || true)"
done
[ $cuts -gt 0 ] || fail "not caught half-way"
try 0 rogctl sweep cut.conf --cluster cluster.conf --db cut.db --plots cut
says "it resumes from its snapshot"
same "events after interruptions" "$(events whole)" "$(events cut)"
same "models after interruptions" "$(models whole)" "$(models cut)"
same "attempts" 1 "$(query 'SELECT attempt FROM runs' cut.db)"

# Methods with local steps, and the number of these.
conf local 'batchsize = 5;' '{ method = "diloco"; }'
try 0 rogctl sweep local.conf --cluster cluster.conf --db local.db --plots local
same "local steps" '5|5' "$(query 'SELECT min(local_steps), max(local_steps) FROM iterations' local.db)"

# The same program, unchanged, in real time.
cat >real.conf <<'END'
kind = "local"; stall_limit = 100.0; retries = 0;
workers = ( { step_s = 0.02; compress_s = 0.0; decompress_s = 0.0; count = 3; } );
END
conf same 'program_threads = 2;' '{ library = "BSP"; seconds = 3.0; }'
sed -i "s|command = \"|command = \"env \| grep ^OMP_NUM; exec |" same.conf
try 0 rogctl sweep same.conf --cluster real.conf --db real.db --plots real
same "in real time" "done 3" "$(query "SELECT status || ' ' || (SELECT count(DISTINCT rank) FROM iterations)
    FROM runs" real.db)"

threads() { grep -h ^OMP_NUM "$1".runs/*/worker1/*.log; }
same "threads in real time" "OMP_NUM_THREADS=2" "$(threads real)"

# The number of programs that compute at the same time: a run's share of the processors, by their
# threads.
cat >trainer <<END
#!/bin/sh
[ "\$1" != simulate ] || echo "\$@" >>"$PWD/arguments"
exec "$ROG_BUILD/bin/rog-trainer" "\$@"
END
chmod +x trainer
at_once() { # WANTED JOBS SETTINGS RUNS
    rm -rf arguments share.db* share.runs
    conf share "$3 seconds = 5.0;" "$4"
    sed -i "s/seconds = 120.0; //; s|command = \"|command = \"env \| grep ^OMP_NUM; exec |" share.conf
    ROG_TRAINER=$PWD/trainer try 0 rogctl sweep share.conf --cluster cluster.conf --db share.db --plots share --jobs "$2"
    same "programs at once" "$1" "$(sed -n 's/.*--jobs \([0-9]*\).*/\1/p' arguments | xargs)"
}
two='{ library = "BSP"; }, { library = "ROG"; threshold = 4; }'
at_once "7" 7 "" '{ library = "BSP"; }'
same "threads" "OMP_NUM_THREADS=1" "$(threads share)"
at_once "3" 7 "program_threads = 2;" '{ library = "BSP"; }'
same "threads" "OMP_NUM_THREADS=2" "$(threads share)"
at_once "3 3" 7 "" "$two"
at_once "1 1" 1 "" "$two"

# Measured steps: measured once, before the runs, for all of them.
cat >measured.conf <<'END'
kind = "virtual"; workers = ( { step_s = "measured"; speed = 0.1; count = 2; }, { step_s = "measured"; } );
END
export XDG_CACHE_HOME="$PWD/cache"
conf timed 'seconds = 3.0;' "$two"
sed -i "s/seconds = 120.0; //; s|command = \"|command = \"PAUSE=10000 |" timed.conf
try 0 rogctl sweep timed.conf --cluster measured.conf --db timed.db --plots timed
same "what is said of it" 1 "$(grep -c "a local step of worker 1's program takes 0.0[1-9]" err)"
for run in $(query 'SELECT id FROM runs' timed.db); do
    try 0 rogctl show "$run" --db timed.db
    grep -q '^local step  *0.0[0-9]* to 0.[0-9]* s, measured$' out || fail "nothing is said of it"
    try 0 rogctl verify "$run" --db timed.db
done
same "of how many times" "2" "$(query "SELECT count(DISTINCT json_extract(facts, '\$.step_s')) FROM workers
    WHERE json_extract(facts, '\$.measured')" timed.db)"
same "by speed" 1 "$(query "SELECT max(abs(compute_s / 10 - (SELECT min(json_extract(facts, '\$.step_s')) FROM workers))
    < 1e-6) FROM iterations WHERE rank = 1" timed.db)"
cp timed.db known.db
try 0 rogctl sweep timed.conf --cluster measured.conf --db later.db --plots later
same "a repeat" "$(query 'SELECT sum(t) FROM iterations' timed.db)" "$(query 'SELECT sum(t) FROM iterations' later.db)"

# Errors name the worker and the cause, and no process remains.
wrong() { # FAULT WORDS [SETTINGS]
    conf wrong "${3:-}" '{ library = "BSP"; }'
    sed -i "s|descent\"; files|descent $1 4\"; files|" wrong.conf
    rm -rf wrong.db* wrong.runs
    try 1 timeout 60 rogctl sweep wrong.conf --cluster cluster.conf --db wrong.db --plots wrong
    says "(BSP) failed: "
    grep "(BSP) failed: " err | grep -qF "$2" || fail "does not say: $2"
    grep "(BSP) failed: " err | grep -qF "worker 2" || fail "does not name the worker"
    same "programs that are left" "" "$(pgrep -f "$PWD/descent" || true)"
    same "status" failed "$(query 'SELECT status FROM runs' wrong.db)"
}
wrong exit 'oh dear'
wrong leave 'status 0'
wrong abort 'signal 6'
wrong nan 'fc.bias'
wrong hang 'step_limit' 'step_limit = 2.0;'
