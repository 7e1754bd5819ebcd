# SPDX-License-Identifier: Apache-2.0
# A control without limits, on virtual and local clusters: names of runs, their durations, and no
# infinite or NaN values in tables, figures, replays, exports and imports.
. "$ROG_TEST_TOOLS/lib.sh"

cat >x.conf <<CONF
case = "free"; figure = "1"; $quick
matrix = { library = ["BSP", "SSP", "ROG"]; threshold = [4]; control = ["unlimited", "outdoors"]; };
CONF
try 0 rogctl sweep x.conf --json
cp out sweep.json
same "runs" 6 "$(json '.runs | length')"
free() { jq -r ".runs[] | select(.library == \"$1\" and .control == \"unlimited\") | $2" sweep.json; }
# What remains: 0.39 s to compress, 0.61 s to decompress, and the latency in both directions.
for library in BSP SSP ROG; do
    case $(free $library .id) in *-$library-?-unlimited) ;; *) fail "named $(free $library .id)" ;; esac
    same "$library" "1.006 0" "$(free $library '"\(.communication_s * 1000 | round / 1000) \(.stall_s)"')"
    same "no rate" 0 "$(query "SELECT count(*) FROM bandwidth WHERE run_id = '$(free $library .id)'")"
    try 0 rogctl verify "$(free $library .id)"
done
id=$(free ROG .id)
try 0 rogctl report free-case0
! grep -iwE -- '-?(nan|inf|infinite)' out || fail "what is that"
try 0 rogctl show "$id"
prints "unlimited"
! grep -iE 'nan|inf\b' plots/*.dat || fail "no numbers"
try 0 rogctl microevents "$id" 1 20 --span 60
svg=$(ls plots/*microevents-"$id"*.svg)
grep -q "No bandwidth limit" "$svg" || fail "the figure does not say that there is no limit"
! grep -q "Mbit/s" "$svg" || fail "the figure has an axis of bandwidth"
try 0 rogctl replay "$id" --library BSP --json
same "replayed" "$(free BSP '.communication_s * 1000 | round')" "$(json '.communication_s * 1000 | round')"
try 0 rogctl export free-case0 --format csv --to export
! grep -iwE -- "-?(nan|inf)" export/*.csv || fail "what is that"

# Unlimited by the trace only; the control may have another name.
try 0 rogctl run --library BSP trace=unlimited workload=none seconds=50 --json
case $(json .id) in *-BSP-0-unlimited*) ;; *) fail "named $(json .id)" ;; esac
try 0 rogctl run --library BSP --control wired trace=unlimited workload=none seconds=50 --json
case $(json .id) in *-BSP-0-wired) ;; *) fail "named $(json .id)" ;; esac
same "wired" 1006 "$(json '.communication_s * 1000 | round')"

# Contradictory and mistyped settings.
try 2 rogctl run --control unlimited trace=constant:10 workload=none seconds=50
says "control unlimited contradicts trace constant:10, which has a limit"
try 2 rogctl run --control outdoors trace=unlimited workload=none seconds=50
says "control outdoors contradicts trace unlimited, which has no limit"
try 2 rogctl run trace=unlimitd workload=none seconds=50
says "trace (did you mean unlimited?): cannot open"
try 2 rogctl replay
says "RUN is missing; usage: rogctl replay RUN"
try 2 rogctl run --parameters least_budget=1,least_budget=2 workload=none
says "parameters: least_budget is given twice"

# One worker of two.
cat >half.conf <<CONF
kind = "virtual";
workers = ( { profile = "jetson-nx"; trace = "unlimited"; }, { profile = "jetson-nx"; } );
CONF
try 0 rogctl run --library SSP --cluster half.conf trace=constant:1 workload=none seconds=200 --json
same "half" "2" "$(query "SELECT group_concat(DISTINCT rank) FROM bandwidth WHERE run_id = '$(json .id)'")"

# In real time: nothing is paced.
cat >real.conf <<CONF
kind = "local";
workers = ( { profile = "jetson-nx"; step_s = 0.1; compress_s = 0.01; decompress_s = 0.01; count = 2; } );
CONF
try 0 rogctl run --library ROG --threshold 4 --control unlimited --cluster real.conf workload=none seconds=3 --json
cp out real.json
same "not paced" 0 "$(query "SELECT count(*) FROM bandwidth WHERE run_id = '$(json .id)'")"
try 0 rogctl verify "$(jq -r .id real.json)"

try 0 rog-trainer trace info unlimited
prints "no limit"
try 0 rog-trainer trace info unlimited --json
same "info" true "$(json .unlimited)"
try 2 rog-trainer trace info unlimited --blocks 60
try 2 rog-trainer trace synth unlimited t.csv
try 2 rog-trainer shape --iface lo --trace unlimited --seconds 1
says "nothing to shape: the trace has no limit"

# Published runs without a control.
run=art/result/01-02-03-04-ROG-4-
mkdir -p $run/log
printf 'ROG:\nworld_size: 2\nthreshold: 4\nbw control: \nepoch: 2\nnote: free\n' >$run/config
printf 'time,iteration,accuracy\n0.5,0,50.5\n60.5,3,51.25\n' >$run/accuracy.csv
{
    printf '2022-07-01 10:00:00,500 rows number: 1000\n2022-07-01 10:00:10,000 Worker started.\n'
    for i in 1 2 3; do
        printf '2022-07-01 10:0%s:00,250 push transmission rate 0.6\n2022-07-01 10:0%s:01,000 pull transmission rate 0.5\n' $i $i
        printf '2022-07-01 10:0%s:01,000 push 2.5\n2022-07-01 10:0%s:01,000 pull 4.5\n2022-07-01 10:0%s:10,000 Iteration %s worker0\n' $i $i $i $i
        printf '2022-07-01 10:0%s:10,000 communication: 7.0; avg 7.0; sum 7.0 compress: 3.5E-01 decompress: 8.0E-02\n' $i
        printf '2022-07-01 10:0%s:10,000 GPU running time: 1.25; avg: 1; sum 1\n2022-07-01 10:0%s:10,001 loss: 3.5 loss avg: 4\n\n' $i $i
    done
} >$run/log/worker_1.log
for i in 1 2 3; do echo "2022-07-01 10:00:0$i,000 0 stall waiting 0.0"; done >$run/log/worker_0.log
try 0 rogctl import art --db art.db
! grep -q bw_replay err || fail "asks for the log of a replay that there was not"
try 0 rogctl show 01-02-03-04-ROG-4- --json --db art.db
same "imported" unlimited "$(json .control)"
try 0 rogctl replay 01-02-03-04-ROG-4- --library ROG --db art.db --json
same "replayed" 3 "$(json .iterations)"
