# SPDX-License-Identifier: Apache-2.0
# Figures as published: their numbers are compared with the rules of the published scripts, computed
# here from tables or logs; files have names of their own.
. "$ROG_TEST_TOOLS/lib.sh"
composition=average-time-composition
efficiency=statistical-efficiency
time=training-accuracy-against-wall-clock-time
energy=energy-consumption-against-training-accuracy

cat >x.conf <<END
case = "c"; figure = "1"; $quick
runs = ( { library = "BSP"; threshold = 0; note = "BSP"; }, { threshold = 4; note = "ROG 4"; } );
END
echo 'kind = "virtual"; workers = ( { count = 2; } );' >two.conf
try 0 rogctl sweep x.conf
try 0 rogctl run --case c-case0 --cluster two.conf --threshold 4 --note small workload=none seconds=300
# 40 checkpoints of one run, 20 of the other; accuracy rises from 50%, with a dip.
query "INSERT INTO checkpoints(run_id, t, iteration, path, accuracy)
    SELECT runs.id, 7 * value, value / 2, 'made up', 50 + value * iif(library = 'ROG', 0.5, 0.4) - (value % 7 = 3)
    FROM runs, json_each((SELECT json_group_array(n) FROM (WITH RECURSIVE c(n) AS
        (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 39) SELECT n FROM c)))
    WHERE library = 'BSP' OR value < 20" >out
try 0 rogctl redraw c-case0 --format svg --plots plain
cp -r plain before
try 0 rogctl redraw c-case0 --format svg --as-published --plots plain --json
says "small is not in $composition: the published numbers are those of rank 3"
says "small is not in $energy: the published numbers are those of rank 3"
says "has 20 tested checkpoints; the published scripts need 25"
same "files" "plain/c-case0-$composition-as-published.svg plain/c-case0-$efficiency-as-published.svg \
plain/c-case0-$time-as-published.svg plain/c-case0-$energy-as-published.svg" "$(json '.files | join(" ")')"
for file in before/*; do
    cmp "$file" "plain/${file#before/}" || fail "a figure that was not drawn as published has changed"
done
mv plain plots.new && rm -rf plots && mv plots.new plots
for panel in $composition $efficiency $time $energy; do
    grep -qi '"\(drawn \)\?as published' plots/c-case0-$panel-as-published.gp || fail "$panel does not say how it is drawn"
    head -n 1 plots/c-case0-$panel-as-published.dat | grep -q "as published" || fail "the data of $panel do not say it"
done

# near WHAT WANTED FOUND: compares numbers line by line, with a relative tolerance of 1e-6 (or
# TOLERANCE).
near() {
    echo "$2" | tr ' |' '\n\n' >wanted
    echo "$3" | tr ' |' '\n\n' >found
    [ "$(wc -l <wanted)" -eq "$(wc -l <found)" ] && paste wanted found | awk -v t="${4:-1e-6}" '
        { d = $1 - $2; s = 1 + ($1 < 0 ? -$1 : $1); if (d > t * s || -d > t * s || NF != 2) exit 1 }' ||
        fail "$1: wanted \"$2\", found \"$3\""
}

# Bars: only host 3, except for the stall; BSP without compressing.
for library in BSP ROG; do
    run=$(query "SELECT id FROM runs WHERE library = '$library' AND note <> 'small'")
    pack=$(query "SELECT iif(library = 'ROG', 0, coalesce(json_extract(config, '\$.workers[2].compress_s'), 0) +
        coalesce(json_extract(config, '\$.workers[2].decompress_s'), 0)) FROM runs WHERE id = '$run'")
    wanted=$(query "SELECT rank, compute_s, push_s + pull_s + stall_s, stall_s FROM iterations
        WHERE run_id = '$run' AND rank > 0" | awk -F'|' -v pack="$pack" '
        $1 == 3 { n++; compute += $2; exchange += $3 } { all++; stall += $4 }
        END { printf "%.9g %.9g %.9g", compute / n, exchange / n - pack - stall / all, stall / all }')
    near "bar of $library" "$wanted" \
        "$(awk -v l="$library" '$0 ~ "# " l {print $2, $3, $4}' plots/c-case0-$composition-as-published.dat)"
    # Energy: the mean power of host 3 times the time; the figure not as published differs.
    watts=$(query "SELECT joules / t FROM energy WHERE run_id = '$run' AND rank = 3 ORDER BY t DESC LIMIT 1")
    query "SELECT printf('%.9g', $watts * t) FROM checkpoints WHERE run_id = '$run' AND accuracy IS NOT NULL
        ORDER BY t" >wanted.joules
    awk -v run="$run" '/^# run/ { on = index($0, run) } /^$/ { on = 0 } on && !/^#/ { print $1 }' \
        plots/c-case0-$energy-as-published.dat >found.joules
    near "joules of $library" "$(cat wanted.joules)" "$(cat found.joules)"
    awk -v run="$run" '/^# run/ { on = index($0, run) } /^$/ { on = 0 } on && !/^#/ { print $1 }' \
        plots/c-case0-$energy.dat >plain.joules
    [ "$(wc -l <plain.joules)" -eq "$(wc -l <found.joules)" ] && cmp -s plain.joules found.joules &&
        fail "the plain joules of $library are those of host 3"
done

# The report takes its numbers from the same lines and bars.
try 0 rogctl report c-case0 --as-published --json
for i in 0 1; do
    near "the report's bar" "$(awk -v i=$i '$1 == i { print $2, $3, $4 }' plots/c-case0-$composition-as-published.dat)" \
        "$(json ".runs[$i] | [.compute_s, .communication_s, .stall_s] | join(\" \")")"
done
same "no host of rank 3" "null null" "$(json '.runs[2] | [.compute_s, .joules_to_target] | map(tojson) | join(" ")')"
query "UPDATE case_settings SET target_accuracy = 56" >out
try 0 rogctl redraw c-case0 --format svg --as-published
try 0 rogctl report c-case0 --as-published --json
near "joules to the target" "$(sed -n 's/^# It reaches 56% at \([0-9.]*\) .*/\1/p' plots/c-case0-$energy-as-published.dat)" \
    "$(json '[.runs[] | select(.note != "small").joules_to_target] | join(" ")')"
try 0 rogctl report c-case0 --as-published
prints "as published: energy is the mean power of host rank 3 times time"
try 0 rogctl report c-case0 --as-published --html
prints "against energy consumption, as published"

# Axes: up to the end of the shortest line, but at least a minimum; as in the published figures; or all
# data.
range() { # PANEL
    sed -n "s/^set $2range \[\(.*\)\]/\1/p" plots/c-case0-$1-as-published.gp
}
same "time" "0:5400" "$(range $time x)"
same "energy" "0:50000" "$(range $energy x)"
same "iterations" "0:1000" "$(range $efficiency x)"
same "accuracy, up to 70%" 70 "$(range $time y | cut -d: -f2)"
query "UPDATE checkpoints SET t = 100 * t, iteration = 500 * iteration" >out
try 0 rogctl redraw c-case0 --format svg --as-published
last=$(awk '/^$/ { block++ } !/^#/ && NF { if (block % 6 == 0) x[block / 6] = $1 }
    END { m = x[0]; for (i in x) if (x[i] < m) m = x[i]; print m }' plots/c-case0-$time-as-published.dat)
near "the shortest line" "0 $last" "$(range $time x | tr : ' ')" 1e-3
[ "${last%.*}" -gt 12000 ] || fail "the lines end at $last"
try 0 rogctl redraw c-case0 --format svg --as-published --axes published
same "as the published figure" "0:5400" "$(range $time x)"
query "UPDATE cases SET figure = 10" >out
try 0 rogctl redraw c-case0 --format svg --as-published --axes published
same "as the published figure 10" "0:10000 0:2080" "$(range $time x) $(range $efficiency x)"
try 0 rogctl redraw c-case0 --format svg --as-published --axes all --size 4x3
range $time x | awk -F: '{ exit !($2 > 27000) }' || fail "--axes all cuts at $(range $time x)"
query "UPDATE cases SET figure = 1; UPDATE checkpoints SET accuracy = accuracy + 20" >out
try 0 rogctl redraw c-case0 --format svg --as-published
range $time y | awk -F: '{ exit !($1 == 52 && $2 > 85 && $2 < 87) }' || fail "accuracy goes over $(range $time y)"

# Another smoothing is named in the picture and its data.
try 0 rogctl redraw c-case0 --format svg --as-published --smooth mean:3
grep -q '"as published but for smoothing"' plots/c-case0-$time-as-published.gp || fail "not all is as published"
grep -q '"smoothed: mean:3"' plots/c-case0-$time-as-published.gp || fail "the smoothing is not named"
head -n 1 plots/c-case0-$time-as-published.dat | grep -q "as published but for smoothing" || fail "nor in the data"
try 0 rogctl redraw c-case0 --format svg --as-published --smooth none
grep -q '"as published but not smoothed"' plots/c-case0-$time-as-published.gp || fail "it is not smoothed"
same "of a report" "true none" "$(rogctl report c-case0 --as-published --smooth none --json | jq -r '"\(.as_published) \(.curves.smooth)"')"
sed 's/^case/smooth = "none"; case/' x.conf >y.conf
try 0 rogctl sweep y.conf
try 0 rogctl case add c-case0 "$(query "SELECT id FROM runs WHERE note = 'small'")"
try 0 rogctl redraw c-case0 --format svg --as-published
grep -q "^# Lines are smoothed: savgol" plots/c-case0-$time-as-published.dat || fail "the case smooths what is published"

# Microevents: the script's axes; staleness at the ends of iterations of the third worker.
rog=$(query "SELECT id FROM runs WHERE note = 'ROG 4'")
try 0 rogctl microevents "$rog" 1 60 --span 100 --format svg --as-published
events=plots/c-case0-microevents-$rog-1-60-as-published
grep -q '"drawn as published"' "$events.gp" || fail "microevents do not say how they are drawn"
for line in "set xrange \[60:160\]" "set yrange \[0:130\]" "set y2range \[0:120\]" "staleness_low = -0.5; staleness_top = 4"; do
    grep -q "^$line" "$events.gp" || fail "no $line"
done
wanted=$(query "SELECT e.t, (SELECT max(iteration) FROM iterations WHERE run_id = e.run_id AND rank > 0 AND t <= e.t)
    - coalesce((SELECT max(iteration) FROM iterations WHERE run_id = e.run_id AND rank = 1 AND t <= e.t), 0)
    FROM iterations AS e WHERE run_id = '$rog' AND rank = 3
        AND t >= (SELECT max(t) FROM iterations WHERE run_id = '$rog' AND rank = 3 AND t < 60)
        AND t <= (SELECT min(t) FROM iterations WHERE run_id = '$rog' AND rank = 3 AND t > 160) ORDER BY e.t")
near "staleness" "$wanted" "$(awk '/^# 4:/ { on = 1 } on && !/^#/ { print $1, $2 }' "$events.dat")"
wanted=$(query "SELECT t, 100.0 * rows_pulled / rows_total FROM iterations WHERE run_id = '$rog' AND rank = 1
    AND t >= (SELECT max(t) FROM iterations WHERE run_id = '$rog' AND rank = 1 AND t < 60)
    AND t <= (SELECT min(t) FROM iterations WHERE run_id = '$rog' AND rank = 1 AND t > 160) ORDER BY t")
near "pulls" "$wanted" "$(awk '/^# 2:/ { on = 1 } /^$/ { on = 0 } on && !/^#/ { print $1, $2 }' "$events.dat")"
before=$(query "SELECT max(t) FROM bandwidth WHERE run_id = '$rog' AND rank = 1 AND t < 60")
after=$(query "SELECT min(t) FROM bandwidth WHERE run_id = '$rog' AND rank = 1 AND t > 160")
near "bandwidth" "$before $after" \
    "$(awk '/^$/ { exit } !/^#/ { if (!n++) print $1; last = $1 } END { print last }' "$events.dat")"
try 2 rogctl microevents "$rog" 1 60 --as-published --rows
says "no shares of layers"
try 2 rogctl microevents "$(query "SELECT id FROM runs WHERE note = 'BSP'")" 1 60 --as-published
says "only runs of ROG"
try 2 rogctl microevents "$(query "SELECT id FROM runs WHERE note = 'small'")" 1 60 --as-published
says "has 2 workers"

# The published runs: energy from the logs by the script's rule, lines as in the published pictures.
art=$ROG_SHARED_DATA/rog-artifact
[ -d "$art" ] || { echo "no $art: made-up runs only"; exit 0; }
rm -rf results.db* plots
try 0 rogctl import "$art"
try 0 rogctl redraw outdoors-case0 --format svg --as-published
says ": BSP is not in $energy"
for id in 06-23-08-35-SSP-4-outdoors 06-24-02-20-ROG-4-outdoors; do
    log=$art/result/$id/log
    watts=$(cat "$log/worker_3.log" "$log/energy-3.txt" | awk '
        function seconds() { split($2, c, "[:,]"); split($1, d, "-"); return ((d[3] * 24 + c[1]) * 60 + c[2]) * 60 + c[3] + c[4] / 1000 }
        NF == 4 && $3 " " $4 ~ /^Worker started/ && !start { start = seconds() }
        $3 == "energy" && $5 == "TOTAL" { t = seconds() - start; if (t < 0) first = $6; else { last = $6; at = t } }
        END { printf "%.9g", (last - first) / at }')
    awk -F, -v w="$watts" 'NR > 1 { printf "%.9g\n", w * $1 }' "$art/result/$id/accuracy.csv" >wanted.joules
    awk -v run="$id" '/^# run/ { on = index($0, run) } /^$/ { on = 0 } on && !/^#/ { print $1 }' \
        plots/outdoors-case0-$energy-as-published.dat >found.joules
    near "joules of $id" "$(cat wanted.joules)" "$(cat found.joules)" 5e-5
done
at() { # PANEL LINE X: prints the value on a line
    awk -v line="$2" -v x="$3" '/^# [0-9]+: .*the run.s line/ { on = index($0, ": " line) } /^$/ { on = 0 }
        on && !/^#/ { if (seen && before <= x && x <= $1) { print y + ($2 - y) * (x - before) / ($1 - before); exit }
            before = $1; y = $2; seen = 1 }' plots/outdoors-case0-$1-as-published.dat
}
read_off() { # PANEL LINE X WANTED
    at "$1" "$2" "$3" | awk -v wanted="$4" '{ d = $1 - wanted; ok = d < 0.08 && d > -0.08 } END { exit !ok }' ||
        fail "$1, $2 at $3: $(at "$1" "$2" "$3") instead of $4"
}
read_off $time BSP 1700 55.97; read_off $time BSP 3500 60.65; read_off $time BSP 5300 63.51
read_off $time SSP 1700 57.65; read_off $time SSP 3500 61.56; read_off $time SSP 5300 64.50
read_off $time ROG 1700 61.14; read_off $time ROG 3500 65.28; read_off $time ROG 5300 67.48
read_off $efficiency ROG 200 60.85; read_off $efficiency ROG 400 64.80; read_off $efficiency ROG 800 67.95
read_off $energy SSP 25000 64.41; read_off $energy SSP 40000 66.21
read_off $energy ROG 10000 61.02; read_off $energy ROG 40000 68.13
try 0 rogctl microevents 06-24 1 300 --format svg --as-published
