# SPDX-License-Identifier: Apache-2.0
# verify has no findings for recorded runs, and names the event if something was changed afterwards.
. "$ROG_TEST_TOOLS/lib.sh"
cat >x.conf <<END
case = "c"; $quick
runs = ( { library = "BSP"; threshold = 0; }, { library = "SSP"; threshold = 4; },
         { library = "SSP"; threshold = 2147483647; note = "ASP"; }, { threshold = 4; },
         { threshold = 20; }, { library = "FLOWN"; threshold = 4; } );
END
try 0 rogctl sweep x.conf
for run in $(query 'SELECT id FROM runs'); do
    try 0 rogctl verify "$run" --json
    same "findings of $run" "true 0" "$(json '"\(.passed) \([.checks[].failed] | add)"')"
    same "checks without anything to check" "saved" "$(json '.checks[] | select(.checked == 0) | .check')"
done
bsp=$(query "SELECT id FROM runs WHERE library = 'BSP'")
rog=$(query "SELECT id FROM runs WHERE library = 'ROG' AND threshold = 4")
try 0 rogctl verify "$rog"
prints "bound"
try 3 rogctl verify 99-99

# A worker that has not finished its first push is waited for, and counts.
printf 'case = "short"; workload = "none"; trace = "synth:outdoors"; seconds = 90.0;
compression = "int8"; runs = ( { library = "SSP"; threshold = 3; } );\n' >short.conf
try 0 rogctl sweep short.conf --db short.db
same "workers that finished an iteration" 3 "$(query 'SELECT count(DISTINCT rank) FROM iterations' short.db)"
try 0 rogctl verify "$(query 'SELECT id FROM runs' short.db)" --db short.db

# The run's end may fall between a push that lets other workers continue and the answer to its own
# worker.
printf '[{"name": "fc.weight", "shape": [8, 64]}, {"name": "fc.bias", "shape": [64]}]' >layout.json
printf 'kind = "virtual"; workers = ( { count = 2; }, { step_s = 2.0; } );
' >slow.conf
printf 'case = "cut"; workload = "none"; trace = "constant:0.002"; seconds = 120.0;
layout = "layout.json"; runs = ( { library = "BSP"; } );
' >cut.conf
try 0 rogctl sweep cut.conf --cluster slow.conf --db cut.db
run=$(query 'SELECT id FROM runs' cut.db)
same "admissions without an iteration" "29 29 28" "$(query "SELECT group_concat(n, ' ') FROM (SELECT max(
    json_extract(data, '\$.iteration')) AS n FROM events WHERE kind = 'admit' GROUP BY rank)" cut.db)"
try 0 rogctl verify "$run" --db cut.db

# The same in real time, where workers report that they join.
printf 'kind = "local"; workers = ( { count = 2; step_s = 0.1; compress_s = 0.01; decompress_s = 0.01; },
    { step_s = 60.0; compress_s = 0.01; decompress_s = 0.01; } );\n' >real.conf
printf 'case = "real"; workload = "none"; trace = "constant:50"; seconds = 2.0; epochs = 1000;
wire_model = "convmlp-nano"; runs = ( { library = "SSP"; threshold = 3; } );\n' >idle.conf
try 0 rogctl sweep idle.conf --cluster real.conf --db real.db
same "workers that finished an iteration" 2 "$(query 'SELECT count(DISTINCT rank) FROM iterations' real.db)"
try 0 rogctl verify "$(query 'SELECT id FROM runs' real.db)" --db real.db

# A server that is killed may not have written an admission, if the worker resumes after that iteration.
cp real.db lost.db
step="SELECT max(iteration) FROM iterations WHERE rank = 1"
query "DELETE FROM events WHERE kind = 'admit' AND rank = 1 AND json_extract(data, '\$.iteration') = ($step)" lost.db >out
run=$(query 'SELECT id FROM runs' lost.db)
try 1 rogctl verify "$run" --db lost.db
prints "it has no admission"
query "INSERT INTO events (run_id, t, rank, kind, data)
    SELECT run_id, t, 0, 'resume', '{\"lost_s\": 0.1}' FROM iterations WHERE rank = 1 AND iteration = ($step)
    UNION ALL SELECT run_id, t, 1, 'join', '{\"iteration\": ' || iteration || '}'
    FROM iterations WHERE rank = 1 AND iteration = ($step)" lost.db >out
try 0 rogctl verify "$run" --db lost.db

# tampered CHECK TEXT RUN SQL: checks the finding for a changed copy of the database.
tampered() {
    rm -rf t.db* && cp results.db t.db
    [ -d t.runs ] || cp -r results.runs t.runs
    query "$4" t.db >out
    try 1 rogctl verify "$3" --db t.db --json
    same "$1 after: $4" true "$(json ".checks[] | select(.check == \"$1\") | .failed > 0")"
    prints "$2"
    says "findings"
}
admit="kind = 'admit' AND json_extract(data, '\$.iteration') = 9 AND rank = 2"
query 'PRAGMA wal_checkpoint(TRUNCATE)' >checkpointed
# Every change that tampered.py contains, in four runs.
cat >w.conf <<END
case = "w"; $quick
runs = ( { library = "BSP"; note = "bsp"; }, { threshold = 4; note = "rog"; },
         { library = "FLOWN"; threshold = 4; note = "flown"; } );
END
printf 'case = "trained"; %s runs = ( { library = "BSP"; note = "trained"; } );\n' "$tiny" >trained.conf
mkdir changed && cd changed || exit 1
try 0 rogctl sweep ../w.conf
try 0 rogctl sweep ../trained.conf
python3 "$ROG_TEST_TOOLS/tampered.py" || fail "a change was not found"
cd .. || exit 1

# From here on without streams, which would contradict any change.
cp -r results.runs t.runs
rm t.runs/*/events.jsonl

# A run in progress has no end yet, which is no finding.
rm -rf t.db* && cp results.db t.db
query "UPDATE runs SET status = 'running' WHERE id = '$bsp';
    DELETE FROM events WHERE run_id = '$bsp' AND kind = 'end'" t.db >out
try 0 rogctl verify "$bsp" --db t.db
prints "the end of the run: it is still in progress"

# An iteration that was lost with its process, and a meter that was restarted, are findings unless an
# event says that the worker came back. Its joules from before then count.
died="DELETE FROM iterations WHERE run_id = '$bsp' AND rank = 2 AND iteration = 10"
at="(SELECT t FROM iterations WHERE run_id = '$bsp' AND rank = 2 AND iteration = 10)"
again="UPDATE energy SET joules = joules - (SELECT max(joules) FROM energy WHERE run_id = '$bsp'
    AND rank = 2 AND t <= $at) WHERE run_id = '$bsp' AND rank = 2 AND t > $at"
back="INSERT INTO events(run_id, rank, t, kind, data) SELECT '$bsp', 2, $at, 'join',
    json_object('iteration', 10)"
tampered complete "iteration 10 is missing" "$bsp" "$again; $died"
tampered meters "energy falls" "$bsp" "$again; $died"
tampered admissions "rank 2 has no iteration 10" "$bsp" "$again; $died"
used=$(rogctl show "$bsp" --json | jq '.energy_j * 1e3 | round')
rm -rf t.db* && cp results.db t.db
query "$back; $again; $died" t.db >out
try 0 rogctl verify "$bsp" --db t.db
same "energy" "$used" "$(rogctl show "$bsp" --json --db t.db | jq '.energy_j * 1e3 | round')"
query "UPDATE events SET rank = 3 WHERE run_id = '$bsp' AND kind = 'join' AND data LIKE '%10%'" t.db >out
try 1 rogctl verify "$bsp" --db t.db

# A server that resumes from a checkpoint takes all workers back, here to iteration 10, when the run is
# nearly over: 11 and 12 are repeated, later ones are not.
ago=$(query "SELECT 300 - min(t) FROM iterations WHERE run_id = '$bsp' AND iteration = 10")
query "SELECT count(*) > 4 FROM iterations WHERE run_id = '$bsp' AND iteration > 12" >out
same "more iterations than that" 1 "$(cat out)"
taken_back() { # [SQL]: that is done besides
    rm -rf t.db* && cp results.db t.db
    query "INSERT INTO events(run_id, rank, t, kind, data) VALUES('$bsp', 0, 299, 'restart', '{}');
        INSERT INTO events(run_id, rank, t, kind, data) SELECT run_id, rank, t + $ago, 'join',
        json_object('iteration', 10) FROM iterations WHERE run_id = '$bsp' AND iteration = 10;
        INSERT INTO events(run_id, rank, t, kind, data) SELECT run_id, rank, t + $ago, kind, data
        FROM events WHERE run_id = '$bsp' AND kind = 'admit'
        AND json_extract(data, '\$.iteration') IN (11, 12);
        UPDATE iterations SET t = t + $ago WHERE run_id = '$bsp' AND iteration IN (11, 12);
        UPDATE events SET data = json_set(data, '\$.seconds', 400) WHERE kind = 'end';
        $1" t.db >out
}
taken_back ""
try 0 rogctl verify "$bsp" --db t.db
taken_back "DELETE FROM events WHERE kind = 'join' AND t > 0 AND rank = 3"
try 1 rogctl verify "$bsp" --db t.db
prints "rank 3"
taken_back "UPDATE events SET data = json_set(data, '\$.oldest', 12) WHERE kind = 'admit' AND t > 300
    AND json_extract(data, '\$.iteration') = 11"
try 1 rogctl verify "$bsp" --db t.db
prints "records version 12 for all rows"

# A stream that is too short or contains a line that is not an event.
rm -rf t.db* && cp results.db t.db && cp results.runs/"$rog"/events.jsonl t.runs/"$rog"/
sed -i '100s/./x/' t.runs/"$rog"/events.jsonl
try 1 rogctl verify "$rog" --db t.db
prints "stream"
head -n 99 results.runs/"$rog"/events.jsonl >t.runs/"$rog"/events.jsonl
try 1 rogctl verify "$rog" --db t.db
prints "are recorded as stored"
# verify changes nothing.
same "runs" 6 "$(query 'SELECT count(*) FROM runs' t.db)"

# Promises about complete pushes.
export ROG_PLUGIN_PATH="$(dirname "$(command -v rogctl)")/../tests/plugins"
cat >z.conf <<END
case = "e"; $quick
runs = ( { library = "TENTH"; threshold = 2; }, { library = "TENTH"; threshold = 0; } );
END
try 0 rogctl sweep z.conf
tenth=$(query "SELECT id FROM runs WHERE library = 'TENTH' AND threshold = 2")
patient=$(query "SELECT id FROM runs WHERE library = 'TENTH' AND threshold = 0")
for run in $tenth $patient; do
    try 0 rogctl verify "$run" --json
    same "findings of $run" "true 0" "$(json '"\(.passed) \([.checks[] | .failed] | add)"')"
    same "unchecked of $run" "" "$(json '.checks[] | select(.unchecked) | .check')"
done
same "rows that were demanded" 0 "$(query "SELECT count(*) FROM events WHERE kind = 'must_update' AND run_id = '$tenth'")"
tampered bound "it was 3 iterations ahead of the last push of the slowest worker, TENTH 2 allows 2" "$tenth" \
    "UPDATE events SET data = json_set(data, '\$.slowest', 6) WHERE run_id = '$tenth' AND $admit"
tampered bound "all workers had pushed iteration 12" "$tenth" \
    "UPDATE events SET data = json_set(data, '\$.slowest', 12) WHERE run_id = '$tenth' AND $admit"
tampered bound "1 of 4 workers had pushed that iteration, TENTH waits for 3" "$patient" \
    "UPDATE events SET data = json_set(data, '\$.reached', 1) WHERE run_id = '$patient' AND $admit"
tampered bound "does not record the progress of the other workers" "$tenth" \
    "UPDATE events SET data = json_remove(data, '\$.active') WHERE run_id = '$tenth' AND $admit"

# A strategy without promises is checked against its description, and verify reports what it left out.
mkdir folder
cp "$(dirname "$(command -v rogctl)")/../tests/plugins/version_1.so" folder/
export ROG_PLUGIN_PATH="$PWD/folder"
cat >y.conf <<END
case = "d"; $quick
runs = ( { library = "VERSION_1"; } );
END
try 0 rogctl sweep y.conf
run=$(query "SELECT id FROM runs WHERE library = 'VERSION_1'")
try 0 rogctl verify "$run"
prints "bound: not checked: what an admission waits for: VERSION_1 states no staleness bound"
prints "rows: not checked: the minimum number of rows: VERSION_1 states no minimum share"
# The same for a strategy whose plugin no longer exists.
rm folder/version_1.so
try 0 rogctl verify "$run" --json
same "left out" "bound rows" "$(json '[.checks[] | select(.unchecked) | .check] | join(" ")')"
prints "no plugin provides"
# A path in the database is never loaded, because it may come from anyone.
mkdir elsewhere
cp "$(dirname "$(command -v rogctl)")/../tests/plugins/version_1.so" elsewhere/
sqlite3 results.db "UPDATE runs SET config = json_set(config, '$.library', '$PWD/elsewhere/version_1.so')
    WHERE id = '$run'"
try 1 rogctl verify "$run"
prints "bound: not checked: what an admission waits for: its plugin was given by a path, which is not opened"
prints "settings: library is"
sqlite3 results.db "UPDATE runs SET library = './elsewhere/version_1.so' WHERE id = '$run'"
try 1 rogctl verify "$run"
prints "its plugin was given by a path"
sqlite3 results.db "UPDATE runs SET library = 'VERSION_1' WHERE id = '$run'"
# Nor is a plugin of the same name in a folder used instead.
ROG_PLUGIN_PATH="$PWD/elsewhere" try 1 rogctl verify "$run"
prints "its plugin was given by a path"
