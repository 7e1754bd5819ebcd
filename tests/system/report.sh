# SPDX-License-Identifier: Apache-2.0
# redraw, microevents and report from the command line, with accuracies made up here.
. "$ROG_TEST_TOOLS/lib.sh"
cat >x.conf <<END
case = "c"; figure = "1"; target_accuracy = 60.0; $quick
runs = ( { library = "BSP"; threshold = 0; note = "BSP"; }, { threshold = 4; note = "ROG 4"; } );
END
try 0 rogctl sweep x.conf
query "INSERT INTO checkpoints(run_id, t, iteration, path, accuracy) SELECT runs.id, value, value / 10,
    'made up', 50 + value * iif(library = 'ROG', 0.05, 0.04) FROM runs, json_each('[0, 100, 200, 290]')" >out

try 0 rogctl redraw c-case0 --json
same "pictures" 12 "$(json '.files | length')"
for picture in $(json '.files[]'); do [ -s "$picture" ] || fail "no $picture"; done
try 0 rogctl redraw c-case0 --format png,svg --axes published --plots elsewhere
same "lines" 8 "$(wc -l <out)"
[ -s elsewhere/c-case0-statistical-efficiency.png ] || fail "not where --plots says"
[ -e elsewhere/c-case0-statistical-efficiency.pdf ] && fail "a format that was not asked for"
before=$(query 'SELECT count(*) FROM runs, events, cases')
try 3 rogctl redraw d-case0
says "there is c-case0"
try 2 rogctl redraw c-case0 --format jpg
try 2 rogctl redraw c-case0 --axes narrow
same "what is recorded" "$before" "$(query 'SELECT count(*) FROM runs, events, cases')"

# A script can be edited and run by hand.
(cd plots && rm -f *.pdf && sed -i 's/^small = .*/small = 7/' c-case0-statistical-efficiency.gp &&
    gnuplot c-case0-statistical-efficiency.gp) || fail "the script does not run by hand"
[ -s plots/c-case0-statistical-efficiency.pdf ] || fail "nothing drawn by hand"

# How curves are drawn is named in the legend, set by the case or by a command.
energy=plots/c-case0-energy-consumption-against-training-accuracy
try 0 rogctl redraw c-case0 --format svg --smooth mean:3 --points
grep -q "smoothed: mean:3" $energy.gp || fail "the legend does not name the smoothing"
grep -q "show_measured = 1" $energy.gp || fail "no measured points"
try 0 rogctl redraw c-case0 --format svg --smooth none
grep -q "smoothed:" $energy.gp && fail "nothing is smoothed, but the legend says so"
grep -q "It reaches 60% at 250" plots/c-case0-training-accuracy-against-wall-clock-time.dat ||
    fail "the figure's data do not say when it reaches 60%"
try 2 rogctl redraw c-case0 --smooth savgol:4:1
says 'smooth must be none, savgol:WINDOW:ORDER (an odd window'
sed 's/^case/smooth = "mean:4"; case/' x.conf >y.conf
try 2 rogctl sweep y.conf
says 'y.conf, line 1: smooth must be'
sed 's/^case/smooth = "ema:0.25"; sustain = 2; case/' x.conf >y.conf
try 0 rogctl sweep y.conf
grep -q "smoothed: ema:0.25" $energy.gp || fail "the case does not say how its curves are smoothed"
try 0 rogctl sweep x.conf
grep -q "smoothed: ema" $energy.gp && fail "a smoothing that is taken back is still there"
run=$(query "SELECT id FROM runs WHERE library = 'BSP'")
try 0 rogctl show "$run"
prints "60% (target of c-case0): after 250 s"
query "UPDATE case_settings SET target_accuracy = 99" >out
try 0 rogctl show "$run"
prints "99% (target of c-case0): not up to"
query "UPDATE case_settings SET target_accuracy = 60" >out

try 0 rogctl report c-case0 --json
same "seconds to 60%" "250 200" "$(json '[.runs[].seconds_to_target | round] | join(" ")')"
same "at the end" "61.6 64.5" "$(json '[.runs[].accuracy_at.end] | join(" ")')"
same "gain" "20" "$(json '.gains[0].seconds_percent_less | round')"
stall=$(query "SELECT round(avg(s), 4) FROM (SELECT avg(stall_s) AS s FROM iterations JOIN runs
    ON id = run_id WHERE library = 'ROG' GROUP BY rank)")
same "stall" "$stall" "$(json '.runs[1].stall_s * 1e4 | round / 1e4')"
try 0 rogctl report c-case0 --as-published --json
compute=$(query "SELECT round(avg(compute_s), 4) FROM iterations JOIN runs ON id = run_id
    WHERE library = 'ROG' AND rank = 3")
same "computation as published" "$compute" "$(json '.runs[1].compute_s * 1e4 | round / 1e4')"
try 0 rogctl report c-case0
prints "*200"
prints "interpolated between checkpoints"
prints "to 60%: where the drawn line (not smoothed) reaches it and keeps it for 5 checkpoints"
# A run that ended before a time has no value at that time; a time that no run has reached has no
# column.
query "UPDATE iterations SET t = t * 0.8 WHERE run_id IN (SELECT id FROM runs WHERE library = 'ROG')" >out
query "UPDATE events SET t = 255 WHERE kind = 'end' AND run_id IN (SELECT id FROM runs WHERE library = 'ROG')" >out
query "DELETE FROM checkpoints WHERE t > 250 AND run_id IN (SELECT id FROM runs WHERE library = 'ROG')" >out
try 0 rogctl report c-case0 --at 150,280,5000
prints "ended: the run ended before that time"
prints "no run has a result at 5000 s"
try 0 rogctl report c-case0 --at 150,280,5000 --json
same "not run that long" '["5000"] ["280","5000"]' "$(json '[.runs[].not_run_that_long | tojson] | join(" ")')"
same "by checkpoints before" "54 55" "$(rogctl report c-case0 --at 150 --accuracy last --json | jq -r '[.runs[].accuracy_at["150"]] | join(" ")')"
same "mean of checkpoints" "52 52.5" "$(rogctl report c-case0 --at 150 --accuracy mean:2 --json | jq -r '[.runs[].accuracy_at["150"]] | join(" ")')"
try 2 rogctl report c-case0 --at 60 --at 70
says '--at is given twice ("60" and "70")'
try 2 rogctl report c-case0 --accuracy mean
says "accuracy_at must be interpolated, last, smoothed or mean:CHECKPOINTS"
try 0 rogctl report c-case0 --smooth ema:0.5 --sustain 0 --json
same "the rule as set" published "$(rogctl report c-case0 --smooth published --json | jq -r .curves.smooth)"
same "the rule" 'ema:0.5 0' "$(json '.curves | "\(.smooth) \(.sustain)"')"
# The later over the earlier series, unless the case or the user says what is compared.
same "compared" "ROG 4 BSP" "$(rogctl report c-case0 --json | jq -r '.gains[] | "\(.series) \(.against)"')"
same "compared" "BSP ROG 4" "$(rogctl report c-case0 --baseline rog --json | jq -r '.gains[] | "\(.series) \(.against)"')"
try 2 rogctl report c-case0 --baseline SSP
says "c-case0 has no finished run with that note or library (found \"SSP\"); it has: BSP, ROG 4"
sqlite3 results.db ".backup same.db"
sqlite3 same.db "UPDATE runs SET library = 'ROG'"
try 2 rogctl report c-case0 --baseline ROG --db same.db
says "none is left to compare"
sed 's/^case/contender = "BSP"; case/' x.conf >y.conf
try 0 rogctl sweep y.conf
same "compared" "BSP ROG 4" "$(rogctl report c-case0 --json | jq -r '.gains[] | "\(.series) \(.against)"')"
try 0 rogctl cases --json
same "contender" BSP "$(json '.[0].contender')"
sed 's/^case/baseline = "ROG 5"; case/' x.conf >y.conf
try 2 rogctl sweep y.conf
says 'y.conf, line 1: baseline must be the library or the note of one of the runs (found "ROG 5") (did you mean ROG 4?)'
try 0 rogctl report c-case0 --html
prints "</html>"
try 2 rogctl report c-case0 --html --json
try 3 rogctl report d-case0

rog=$(query "SELECT id FROM runs WHERE library = 'ROG'")
try 0 rogctl microevents "$rog" 2 60 --span 100 --format png
[ -s "plots/c-case0-microevents-$rog-2-60.png" ] || fail "no microevents"
try 2 rogctl microevents "$rog" 0 60
says "the server"
try 2 rogctl microevents "$rog" 2 9999
says "ends at"
try 2 rogctl microevents "$rog" two 60
says "RANK"
query "DELETE FROM bandwidth" >out
try 3 rogctl microevents "$rog" 2 60
says "no bandwidth"

# A run whose replayed bandwidth differs from its trace is marked; the host that is furthest off,
# relative to its tolerance, counts.
try 0 rogctl show "$rog" --json
same "replays" null "$(json .replay_off)"
query "INSERT INTO events VALUES ('$rog', 1, 60, 'replay-end', '{\"error\":null,\"tolerance\":0.1}')" >out
try 0 rogctl show "$rog"
prints "unknown: on no host"
try 0 rogctl show "$rog" --json
same "what is not known" false "$(json .replay_off)"
query "INSERT INTO events VALUES ('$rog', 1, 60, 'replay-end', '{\"error\":0.08,\"tolerance\":0.1}'),
    ('$rog', 2, 60, 'replay-end', '{\"error\":-0.04,\"tolerance\":0.05}')" >out
try 0 rogctl show "$rog"
prints "off by +8.0% on worker 1, within the tolerance of 10%"
query "INSERT INTO events VALUES ('$rog', 3, 60, 'replay-end',
    '{\"error\":-0.07,\"tolerance\":0.05}')" >out
try 0 rogctl show "$rog" --json
same "the run is marked" true "$(json .replay_off)"
try 0 rogctl show "$rog"
prints "REPLAY"
prints "off by -7.0% on worker 3, more than the tolerance of 5%"
try 0 rogctl report c-case0
prints "REPLAY of $rog: off by -7.0% on worker 3"
try 0 rogctl report c-case0 --json
same "the report's mark" true "$(json ".runs[] | select(.id == \"$rog\").replay_off")"
