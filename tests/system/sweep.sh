# SPDX-License-Identifier: Apache-2.0
# A small sweep with real training, from the file to the figures, and its results.
. "$ROG_TEST_TOOLS/lib.sh"

cat >x.conf <<END
case = "small"; figure = "1"; target_accuracy = 0.5; $tiny
runs = ( { library = "BSP"; threshold = 0; note = "BSP"; },
         { library = "ROG"; threshold = 4; note = "ROG 4"; } );
END

try 0 rogctl sweep x.conf --dry-run
prints "small-case0: 2 of 2 runs to do"
[ -e results.db ] && fail "--dry-run made a database"

try 0 rogctl sweep x.conf --json
same "case" small-case0 "$(json .case)"
same "runs done" 2 "$(json '[.runs[] | select(.status == "done")] | length')"
same "pictures" 12 "$(json '.figures | length')"
for picture in $(json '.figures[]'); do [ -s "$picture" ] || fail "no $picture"; done
for panel in average-time-composition statistical-efficiency \
    training-accuracy-against-wall-clock-time energy-consumption-against-training-accuracy; do
    [ -s "plots/small-case0-$panel.gp" ] || fail "no script of $panel"
done

same "schema" 9 "$(query 'PRAGMA user_version')"
same "untested checkpoints" 0 "$(query 'SELECT count(*) FROM checkpoints WHERE accuracy IS NULL')"
# At 0, 60 and 120 s and at the end.
same "checkpoints of each run" "4
4" "$(query 'SELECT count(*) FROM checkpoints GROUP BY run_id')"
for path in $(query 'SELECT path FROM checkpoints'); do [ -s "$path" ] || fail "no $path"; done
same "workers" 8 "$(query 'SELECT count(*) FROM workers')"
same "ends" 2 "$(query "SELECT count(*) FROM events WHERE kind = 'end'")"
same "progress is not kept" 0 "$(query "SELECT count(*) FROM events WHERE kind = 'progress'")"
same "integrity" ok "$(query 'PRAGMA integrity_check')"
same "versions" rog-trainer "$(query "SELECT DISTINCT key FROM runs, json_each(versions)
    WHERE key = 'rog-trainer'")"

# Again: nothing is repeated.
try 0 rogctl sweep x.conf
says "all 2 runs are already done"
same "attempts" 1 "$(query 'SELECT max(attempt) FROM runs')"
same "runs" 2 "$(query 'SELECT count(*) FROM runs')"

# show prints what the tables contain, for any name of the run.
id=$(query "SELECT id FROM runs WHERE library = 'ROG'")
try 0 rogctl show "results.runs/$id/" --json
same "id" "$id" "$(json .id)"
same "accuracy" "$(query "SELECT count(*) FROM checkpoints WHERE run_id = '$id'")" \
    "$(json '.accuracy | length')"
same "stall" "$(query "SELECT round(avg(s), 6) FROM (SELECT avg(stall_s) AS s FROM iterations
    WHERE run_id = '$id' GROUP BY rank)")" "$(json '.stall_s * 1e6 | round / 1e6')"
try 0 rogctl show "$id"
prints "tested checkpoints"
try 3 rogctl show 99-99
try 0 rogctl runs small-case0 --json
same "runs of the case" 2 "$(json length)"
try 0 rogctl cases
prints small-case0
try 3 rogctl runs other-case0
says "there is small-case0"

# A picture is drawn only from the database.
rm -rf plots results.runs
try 0 rogctl redraw small-case0 --format svg
[ -s plots/small-case0-statistical-efficiency.svg ] || fail "not redrawn"

# The same seed gives the same numbers; a fresh case is another one.
try 0 rogctl sweep x.conf --fresh --only BSP --quiet
[ -s err ] && fail "--quiet is not quiet"
same "cases" "small-case0
small-case1" "$(query 'SELECT name FROM cases ORDER BY name')"
same "different outcomes of the same run" 1 "$(query "SELECT count(DISTINCT outcome) FROM
    (SELECT group_concat(t || ' ' || sha256 || ' ' || accuracy) AS outcome FROM checkpoints
     WHERE run_id IN (SELECT id FROM runs WHERE library = 'BSP') GROUP BY run_id)")"
