# SPDX-License-Identifier: Apache-2.0
# The rows sent of each layer: recorded and drawn; without a record, an error lists runs that have one.
. "$ROG_TEST_TOOLS/lib.sh"
sums="WITH counts AS (SELECT run_id, rank, json_extract(data, '\$.iteration') AS iteration,
        (SELECT sum(value) FROM json_each(data, '\$.pushed')) AS pushed,
        (SELECT sum(value) FROM json_each(data, '\$.pulled')) AS pulled FROM events WHERE kind = 'rows')"
cat >x.conf <<END
case = "c"; workload = "none"; seconds = 900.0; trace = "constant:3";
runs = ( { threshold = 4; }, { threshold = 20; record_rows = false; }, { library = "BSP"; threshold = 0; } );
END
try 0 rogctl sweep x.conf -q
with=$(query "SELECT id FROM runs WHERE threshold = 4")
without=$(query "SELECT id FROM runs WHERE threshold = 20")
all=$(query "SELECT id FROM runs WHERE library = 'BSP'")

# Each iteration that left rows out has counts, and they add up.
left_out=$(query "SELECT count(*) FROM iterations WHERE run_id = '$with' AND (rows_pushed < rows_total OR rows_pulled < rows_total)")
[ "$left_out" -gt 20 ] || fail "only $left_out iterations left rows out"
same "iterations whose counts add up" "$left_out" \
    "$(query "$sums SELECT count(*) FROM counts JOIN iterations USING(run_id, rank, iteration)
        WHERE run_id = '$with' AND pushed = rows_pushed AND pulled = rows_pulled")"
same "events" "$left_out" "$(query "SELECT count(*) FROM events WHERE kind = 'rows'")"
same "rows of all layers" "$(query "SELECT rows_total FROM iterations WHERE run_id = '$with' LIMIT 1")" \
    "$(query "SELECT sum(json_extract(value, '\$[1]')) FROM events, json_each(data, '\$.layers')
        WHERE run_id = '$with' AND kind = 'start'")"

if command -v gnuplot >/dev/null; then
    try 0 rogctl microevents "$with" 2 300 --rows --format png,svg
    for picture in "plots/c-case0-microevents-$with-2-300.png" "plots/c-case0-microevents-$with-2-300-rows.svg"; do
        prints "$picture"
        [ -s "$picture" ] || fail "no $picture"
    done
    # A strategy that sends everything can be drawn too: all dark.
    try 0 rogctl microevents "$all" 1 0 --rows --format png
    same "shares of BSP" 100 "$(awk '/^[0-9]/ { print $7 }' "plots/c-case0-microevents-$all-1-0-rows.dat" | sort -u)"
fi
try 3 rogctl microevents "$without" 1 0 --rows
says "record_rows = false"
says "$with"

# Recording rows does not make another run.
sed 's/ record_rows = false;//' x.conf >y.conf
try 0 rogctl sweep y.conf -q
same "runs" 3 "$(query 'SELECT count(*) FROM runs')"
