# SPDX-License-Identifier: Apache-2.0
# The published artifact is imported as its logs describe it, with all their peculiarities.
. "$ROG_TEST_TOOLS/lib.sh"

# A small artifact, made here. Host 1's clock is a day ahead; the server numbers workers in reverse
# order; host 2 has no sensor; lines are cut off, empty, or in another encoding or line-end format.
run=art/result/01-02-03-04-ROG-4-outdoors
mkdir -p $run/log "art/result/not a run"
printf 'ROG:\nworld_size: 3\nthreshold: 4\nbw control: outdoors\nepoch: 2\nnote: it'\''s "ROG"' >$run/config
printf '#outdoors-case0\n01-02-03-04-ROG-4-outdoors\n05-05-05-05-BSP-0-outdoors\n' >art/experiment_records.txt
printf 'time,iteration,accuracy/result/09-09-09-09-ROG-4-outdoors\n0.01,0,50.5\n60.5,3,51.25\n60.5,3,99\n120.0,6,5' \
    >$run/accuracy.csv
worker() { # RANK DATE SERVER-RANK
    printf 'numba_avail\n\377\376 no text \300\n%s 10:00:00,500 rows number: 1000\n%s 10:00:10,000 Worker started.\n' "$2" "$2"
    for i in 1 2 3; do
        printf '%s 10:0%s:00,150 start push update\n' "$2" $i
        printf '%s 10:0%s:00,250 push transmission rate 0.6%s4\n' "$2" $i $i
        printf '%s Sending with timeout Finally transmitted 12%s least 5\n' "$3" $i
        printf '%s 10:0%s:01,000 pull transmission rate 0.5\n' "$2" $i
        printf '%s 10:0%s:01,000 push 2.5\r\n%s 10:0%s:01,000 pull 4.5\n' "$2" $i "$2" $i
        printf '%s 10:0%s:0%s,500 ask complete 4.4\n' "$2" $i $((4 + i / 2 * 5))
        printf '%s 10:0%s:10,000 Iteration %s worker%s\n' "$2" $i $i "$3"
        printf '%s 10:0%s:10,000 communication: 7.0; avg 7.0; sum 7.0 compress: 3.5E-01 decompress: 8.0E-02\n' "$2" $i
        printf '%s 10:0%s:10,000 computation: 1.25; avg 1; sum 1; sleep:%s.51 total compute+compress+sleep: 6.0\n' "$2" $i $((5 - i))
        printf '%s 10:0%s:10,000 GPU running time: 1.25; avg: 1; sum 1\n%s 10:0%s:10,001 loss: 3.5 loss avg: 4\n\n' "$2" $i "$2" $i
    done
    printf '%s 10:04:10,000 Iteration 4 worker%s\n%s 10:04:10,000 communic' "$2" "$3" "$2"
}
worker 1 2022-07-01 1 >$run/log/worker_1.log
worker 2 2022-06-30 0 >$run/log/worker_2.log
{
    for i in 1 2 3; do
        echo "2022-06-30 09:00:0$i,000 0 stall waiting 0.0"
        echo "2022-06-30 09:00:0$i,000 1 stall waiting 1.5"
        echo "2022-06-30 09:00:0$i,000 IMPORTANT stall time avg:, [0.0, 1.5], 0.75; sum:, [0, 3]"
    done
    printf '2022-06-30 09:00:09,000 1 stall wai'
} >$run/log/worker_0.log
echo "2022-07-01 09:59:00,000 failed to initialize power api" >$run/log/energy-2.txt
for t in 00:05 00:15 00:35 02:35; do
    echo "2022-07-01 10:$t,000 energy (J): TOTAL $(echo "$t" | tr -d :).0 CPU 1 SOC 2"
done >$run/log/energy-1.txt
printf 'wnic_name wlan0\n2022-07-01 10:00:00,000 7.5\n2022-07-01 10:00:09,000 8.5\nStop for 9 seconds\n2022-07-01 10:01:00,000 0\n2022-07-01 10:01:30,0' \
    >$run/log/bw_replay-1.txt

try 0 rogctl import art
says "energy-2.txt has no readings"
says "bw_replay-2.txt is missing"
says "accuracy.csv names another folder: 09-09-09-09-ROG-4-outdoors"
says "05-05-05-05-BSP-0-outdoors, which does not exist"
prints 01-02-03-04-ROG-4-outdoors
same "run" "ROG|4|outdoors|2|it's \"ROG\"|done|imported" "$(query 'SELECT library, threshold, control,
    epochs, note, status, workload FROM runs')"
same "case" "outdoors-case0|1|1" "$(query 'SELECT name, figure, count(*) FROM cases, case_runs')"
same "whole iterations" "1|3
2|3" "$(query 'SELECT rank, count(*) FROM iterations GROUP BY rank')"
same "an iteration" "60.0|1.25|2.5|3.0|1.5|614|500|1000|121|3.5|" "$(query 'SELECT t, compute_s, push_s,
    pull_s, stall_s, rows_pushed, rows_pulled, rows_total, bytes_pushed, loss, staleness FROM iterations
    WHERE rank = 1 AND iteration = 1')"
# Sleep is counted immediately if there is time between the pull and the end, and otherwise before the
# next push.
same "padding" "4.51
0.0
3.51" "$(query 'SELECT padding_s FROM iterations WHERE rank = 2')"
same "stall of the other" 0.0 "$(query 'SELECT avg(stall_s) FROM iterations WHERE rank = 2')"
# 10:00:10 is half-way between the readings of 5 and 15 J.
same "energy" "0.0|0.0
5.0|5.0
25.0|25.0
145.0|225.0" "$(query 'SELECT t, joules FROM energy')"
same "bandwidth" "0.0|8.5
50.0|0.0" "$(query 'SELECT t, mbps FROM bandwidth')"
same "checkpoints" "0.01|0|50.5
60.5|3|51.25
120.0|6|5.0" "$(query 'SELECT t, iteration, accuracy FROM checkpoints')"

# Importing twice changes nothing; a separate case; a run's folder; nothing to import.
before=$(query "SELECT count(*) FROM iterations, energy, bandwidth, case_runs")
try 0 rogctl import art/ --json
same "imported again" "0 1" "$(json '"\(.imported | length) \(.present | length)"')"
same "rows" "$before" "$(query "SELECT count(*) FROM iterations, energy, bandwidth, case_runs")"
try 0 rogctl import art/result --case "mine; DROP TABLE runs"
same "cases" 2 "$(query 'SELECT count(*) FROM cases')"
try 0 rogctl import $run --db other.db
same "run alone" "1 0" "$(query "SELECT count(*) || ' ' || (SELECT count(*) FROM cases) FROM runs" other.db)"
mkdir empty
try 3 rogctl import empty
try 3 rogctl import nowhere
query "UPDATE runs SET workload = 'train'" other.db >out
try 2 rogctl import $run --db other.db
says "not imported"
cp $run/log/worker_1.log whole.log
sed -i 's/Iteration 3 /Iteration 2 /' $run/log/worker_1.log
try 0 rogctl import $run --db fourth.db
says "worker_1.log: 4 iterations in 45 lines, 2 stored; 1 rejected: cut off (line 44); 1 rejected: an iteration that was already logged (line 38)"
mv whole.log $run/log/worker_1.log
printf 'ROG:\nworld_size: 99999999999\n' >$run/config
try 1 rogctl import $run --db third.db
says "world_size"
printf 'ROG:\nworld_size: 3\nthreshold: 4\nbw control: x/../../up\n' >$run/config
try 1 rogctl import $run --db third.db
says "x/../../up"
same "nothing half" 0 "$(query 'SELECT count(*) FROM runs' third.db)"

# The published runs: the published table to its last digit, accuracies, figures, microevents.
[ -d "$ROG_SHARED_DATA/rog-artifact" ] || { echo "no $ROG_SHARED_DATA/rog-artifact: made-up logs only"; exit 0; }
rm -f results.db*
try 0 rogctl import "$ROG_SHARED_DATA/rog-artifact"
try 0 rogctl report outdoors-case0 --as-published --json
same "published table" "1.11 5.14 7.41
1.11 5.11 5.74
1.14 4.26 2.63" "$(json '.runs[] | [.compute_s, .communication_s, .stall_s] | map(. * 100 | round / 100) | join(" ")')"
for id in $(json '.runs[].id'); do
    tail -n +2 "$ROG_SHARED_DATA/rog-artifact/result/$id/accuracy.csv" | awk -F, '{printf "%.2f|%d|%.2f\n", $1, $2, $3}' >csv
    query "SELECT printf('%.2f|%d|%.2f', t, iteration, accuracy) FROM checkpoints WHERE run_id = '$id' ORDER BY t" >stored
    cmp csv stored || fail "accuracies of $id are not those of accuracy.csv"
    try 0 rogctl verify "$id"
done
# Roughness, compared with sums computed by awk: the published runs have less than 1.1 points.
same "roughness" "$(for id in $(query "SELECT id FROM runs ORDER BY id"); do
    sort -t, -n "$ROG_SHARED_DATA/rog-artifact/result/$id/accuracy.csv" | awk -F, -v id="$id" '$1 + 0 >= 600 {
        if (n++) { d = $3 - last; sum += d; squares += d * d; if (d < worst) { worst = d; at = $1 } }
        last = $3
    } END { n--; printf "%s %.3f %.2f %.0f\n", id, sqrt((squares - sum * sum / n) / (n - 1)), -worst, at }'
done)" "$(for id in $(query "SELECT id FROM runs ORDER BY id"); do
    rogctl show "$id" --json | jq -r '"\(.id) \(.roughness) \(.worst_drop) \(.worst_drop_s)"'
done | awk '{printf "%s %.3f %.2f %.0f\n", $1, $2, $3, $4}')"
try 0 rogctl show 06-23-01-50
prints "0.77 points from checkpoint to checkpoint at 600 s or later"
prints "2.18 points at 1620 s"
try 0 rogctl report outdoors-case0
prints "1.96 at 840 s"
try 0 rogctl redraw outdoors-case0 --axes published
says ": BSP is not in energy-consumption-against-training-accuracy"
try 0 rogctl microevents 06-24 3 1200

# If readings of energy end before the target is reached, it is left out, with the reason.
sqlite3 results.db "VACUUM INTO 'short.db'; ATTACH 'short.db' AS short; DELETE FROM short.energy WHERE t > 2000 AND run_id LIKE '06-24%'"
try 0 rogctl report outdoors-case0 --db short.db
prints "06-24-02-20-ROG-4-outdoors: its readings of energy end at 2000 s, too early for energy to 64%, which is left out"
try 0 rogctl report outdoors-case0 --db short.db --json
same "energy to the target" "null 2000" "$(json '.runs[2] | "\(.joules_to_target) \(.energy_until_s | round)"')"
try 2 rogctl microevents 06-24 0 1200
