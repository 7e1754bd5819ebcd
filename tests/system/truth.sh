# SPDX-License-Identifier: Apache-2.0
# The published system's delays besides the network: each works as described on its own; and all of them
# together, with the recorded traces, give what the published runs measured.
. "$ROG_TEST_TOOLS/lib.sh"

simulate() { # FOLDER LIBRARY WORKERS WORKER-SETTINGS RUN-SETTINGS
    workers=
    for rank in $(seq "$3"); do
        workers="$workers${workers:+,}{\"rank\":$rank,\"step_s\":1,\"compress_s\":0,\"decompress_s\":0.25,
            \"watts_compute\":1,\"watts_communicate\":1,\"watts_stall\":1$4}"
    done
    printf '{"library":"%s","workload":"none","latency":0,"wire_model":"same",%s,"workers":[%s]}' \
        "$2" "$5" "$workers" >config.json
    try 0 rog-trainer simulate --config config.json --out "$1"
}
mean() { # FOLDER FIELD
    jq -s "map(select(.event == \"iteration\") | .$2) | add / length * 1e5 | round / 1e5" "$1/events.jsonl"
}
more() { # WHAT FOLDER FIELD BY: checks that it is more than in the folder `plain`
    same "$1" "$(jq -n "($(mean plain "$3") + $4) * 1e4 | round")" "$(jq -n "$(mean "$2" "$3") * 1e4 | round")"
}

line='"trace":"constant:80","seconds":200,"epochs":100'
simulate plain BSP 4 "" "$line"
simulate made BSP 4 ',"server_compress_s":0.1,"server_rank_s":7,"rank_s":7,"unpack_rows_s":7' "$line"
more "four pulls made at once" made pull_s 0.4
more "nothing to choose in a push" made push_s 0
simulate unpacked BSP 4 ',"server_unpack_s":0.1' "$line"
jq -n "$(mean unpacked stall_s) + $(mean unpacked push_s) - $(mean plain push_s) - $(mean plain stall_s) |
    if . < 0.1 or . > 0.4 then error else . end" >/dev/null || fail "four pushes unpacked at once"
simulate plain BSP 1 "" "$line"
simulate made BSP 1 ',"server_compress_s":0.1,"server_unpack_s":0.2' "$line"
more "one pull made alone" made pull_s 0.1
more "one push unpacked alone" made push_s 0.2
simulate headers BSP 1 ',"packet_headers":1' "$line"
more "twice the bytes" headers push_s "$(mean plain push_s)"

# Padded to one pace: 1 s of computation, 0.25 s of decompression.
simulate padded BSP 1 ',"pace_s":1.75,"pace_rows_s":9' "$line"
same "computing and sleeping" 1.5 "$(mean padded compute_s)"
simulate padded ROG 1 ',"pace_s":9,"pace_rows_s":1.75' "$line,\"threshold\":4"
same "computing and sleeping under ROG" 1.75 "$(mean padded compute_s)"

# ROG selects rows, and decompresses them in its own time.
simulate plain ROG 1 "" "$line,\"threshold\":4"
simulate rows ROG 1 ',"rank_s":0.5,"unpack_rows_s":0.75,"server_compress_s":0.125,"server_rank_s":0.5' \
    "$line,\"threshold\":4"
more "rows chosen" rows push_s 0.5
more "rows chosen by the server, and unpacked" rows pull_s 1.125

# A trace that is 0 at first.
printf 'seconds,mbps\n0,0\n50,80\n100,80\n' >zero.csv
zero="\"trace\":\"$PWD/zero.csv\",\"seconds\":99,\"epochs\":100"
simulate dead BSP 1 "" "$zero"
simulate lifted BSP 1 ',"zero_mbps":80' "$zero"
first() { jq -s 'map(select(.event == "iteration"))[0].t | floor' "$1/events.jsonl"; }
same "nothing gets through a 0" 50 "$(first dead)"
same "or as much as is said" 1 "$(first lifted)"

# A fast and a slow worker. A kernel's send buffer makes nothing arrive earlier: under BSP, which has no
# time budgets, all iterations are the same. Under ROG it changes the apparent duration of
# transmissions, and a single thread, which receives requests later, sends fewer rows.
printf 'seconds,mbps\n0,40\n10,40\n' >line1.csv
printf 'seconds,mbps\n0,0.05\n10,0.2\n20,0.1\n' >line2.csv
uneven="\"threshold\":0,\"trace\":\"$PWD/line{rank}.csv\",\"seconds\":1000,\"epochs\":100"
simulate plain BSP 2 "" "$uneven"
simulate buffer BSP 2 ',"send_buffer":1e6' "$uneven"
for folder in plain buffer; do grep '"event":"iteration"' $folder/events.jsonl >$folder.iterations; done
cmp plain.iterations buffer.iterations || fail "a buffer makes BSP another"
uneven="\"threshold\":4,\"trace\":\"$PWD/line{rank}.csv\",\"seconds\":1000,\"epochs\":100"
simulate plain ROG 2 "" "$uneven"
simulate buffer ROG 2 ',"send_buffer":1e6' "$uneven"
simulate waiting ROG 2 ',"answers":"waiting"' "$uneven"
same "rows pushed with a buffer" other "$(jq -nr "if $(mean buffer rows_pushed) == $(mean plain rows_pushed) then \"same\" else \"other\" end")"
jq -en "$(mean waiting bytes_pushed) < $(mean plain bytes_pushed) - 1" >/dev/null ||
    fail "a single thread answers as much: $(mean waiting bytes_pushed), $(mean plain bytes_pushed)"
for folder in buffer waiting; do
    jq -se 'map(select(.event == "admit")) | length > 10 and all(.oldest >= .needed)' $folder/events.jsonl >/dev/null ||
        fail "$folder: the bound of staleness is broken"
    cp $folder/events.jsonl first
    [ $folder = buffer ] && extra=',"send_buffer":1e6' || extra=',"answers":"waiting"'
    simulate $folder ROG 2 "$extra" "$uneven"
    cmp first $folder/events.jsonl || fail "$folder: not the same bytes again"
done

# A worker that is only asked while it stalls itself: the slow one never stalls, and answers nothing.
simulate stalled ROG 2 ',"answers":"stalled"' "$uneven"
asked() { jq -s 'map(select(.event == "must_update")) | length' "$1/events.jsonl"; }
jq -en "$(mean stalled bytes_pushed) < $(mean plain bytes_pushed) - 1" >/dev/null ||
    fail "who never stalls answers as much: $(mean stalled bytes_pushed), $(mean plain bytes_pushed)"
same "the bound of staleness holds" true "$(jq -s 'map(select(.event == "admit")) | length > 10 and all(.oldest >= .needed)' stalled/events.jsonl)"

# Rows in batches: every push and pull is whole batches, or the whole model.
simulate batches ROG 2 ',"batch_rows":100' "$uneven"
same "pulls of whole batches" true "$(jq -s 'map(select(.event == "iteration")) | length > 10 and
    all((.rows_pulled % 100 == 0) or .rows_pulled == .rows_total)' batches/events.jsonl)"
same "and some are not without" false "$(jq -s 'map(select(.event == "iteration")) |
    all((.rows_pulled % 100 == 0) or .rows_pulled == .rows_total)' plain/events.jsonl)"

# Budgets rounded down to hours are zero: workers send only mandatory rows.
simulate hours ROG 2 ',"budget_step_s":600,"answers":"stalled"' "$uneven"
same "pulls without budgets" 1 "$(jq -s 'map(select(.event == "iteration").rows_pulled) | unique | length' hours/events.jsonl)"

# Data that drain after a budget ends take part of the link.
short='"threshold":4,"trace":"constant:0.01","seconds":900,"epochs":100,"parameters":{"least_budget":0.01}'
simulate drains ROG 2 ',"send_buffer":1e7,"drains":true' "$short"
simulate kept ROG 2 ',"send_buffer":1e7' "$short"
jq -en "$(mean drains push_s) > 1.2 * $(mean kept push_s)" >/dev/null || fail "what drains takes no time"

# Pushes processed as a whole: a worker that waits for rows of a push waits for its end and for its
# decompression.
unpack=',"server_unpack_s":0.5'
two="\"trace\":\"$PWD/line{rank}.csv\",\"seconds\":1000,\"epochs\":100"
simulate early BSP 2 "$unpack" "$two"
simulate late BSP 2 "$unpack,\"server_takes\":\"pushes\"" "$two"
fifth() { jq -s 'map(select(.event == "iteration" and .rank == 1))[4].t' "$1/events.jsonl"; }
jq -en "$(fifth late) > $(fifth early) + 0.4" >/dev/null ||
    fail "rows of a push are heard of early: $(fifth early), $(fifth late)"

# Recorded sleep is repeated, and distinguished from computation.
printf 'step_s,padding_s\n1,0.5\n2,0.25\n' >times.csv
simulate slept BSP 1 ",\"step_times\":\"$PWD/times.csv\"" '"trace":"constant:80","epochs":100'
same "computed and slept" "1 0.5 2 0.25" "$(jq -r 'select(.event == "iteration") | "\(.compute_s) \(.padding_s)"' slept/events.jsonl | xargs)"
printf 'step_s,padding_s\n1\n' >times.csv
cp config.json bad.json
try 1 rog-trainer simulate --config bad.json --out refused
says "times.csv:2"

# Magnitudes: measured with gradients, drawn without. Large rows are sent first.
printf '{"library":"ROG","threshold":4,"pretrain_epochs":0,"batch":4,"seconds":30,"test_images":10,"workers":[%s]}' \
    '{"rank":1,"step_s":1,"compress_s":0,"decompress_s":0,"watts_compute":1,"watts_communicate":1,"watts_stall":1}' >config.json
try 0 rog-trainer simulate --config config.json --out measured --magnitudes own.csv
same "what is written" "tensor,push_scale,push_spread,pull_scale,pull_spread" "$(head -1 own.csv)"
simulate alike ROG 2 "" "$uneven"
simulate drawn ROG 2 "" "$uneven,\"magnitudes\":\"$PWD/own.csv\""
same "other rows are sent" other "$(jq -nr "if $(mean alike bytes_pulled) == $(mean drawn bytes_pulled) then \"same\" else \"other\" end")"
cp drawn/events.jsonl first
simulate drawn ROG 2 "" "$uneven,\"magnitudes\":\"$PWD/own.csv\""
cmp first drawn/events.jsonl || fail "not the same magnitudes again"
simulate important ROG 2 "" "$uneven,\"magnitudes\":\"$PWD/own.csv\",\"parameters\":{\"pulls\":\"importance\"}"
same "pulls by importance are others" other "$(jq -nr "if $(mean important bytes_pulled) == $(mean drawn bytes_pulled) then \"same\" else \"other\" end")"
cp config.json trains.json
jq '.workload = "none"' trains.json >config.json
try 2 rog-trainer simulate --config config.json --out refused --magnitudes own.csv
says "runs that train"
head -5 own.csv >short.csv
jq ".workload = \"none\" | .magnitudes = \"$PWD/short.csv\"" config.json >bad.json
try 1 rog-trainer simulate --config bad.json --out refused
says "short.csv has 3 tensors"

try 2 rog-trainer simulate --config /dev/stdin --out refused <<'JSON'
{"workload":"none","workers":[{"rank":1,"step_s":1,"compress_s":0,"decompress_s":0,"watts_compute":1,
"watts_communicate":1,"watts_stall":1,"answers":"sometimes"}]}
JSON
says "answers"

[ -d "$ROG_SHARED_DATA/rog-artifact" ] || { echo "no $ROG_SHARED_DATA/rog-artifact: nothing to compare with"; exit 0; }
cat >truth.conf <<CONF
case = "truth"; figure = "1"; workload = "none"; model = "convmlp-m";
magnitudes = "$ROG_SOURCE/experiments/magnitudes/convmlp-m.csv";
trace = "$ROG_SHARED_DATA/traces/outdoors-worker{rank}.csv";
runs = ( { library = "BSP"; epochs = 3; }, { library = "SSP"; epochs = 3; }, { library = "ROG"; epochs = 2; parameters = { importance = "tensor"; pulls = "importance"; start_budget = 5; }; } );
CONF
try 0 rogctl sweep truth.conf --cluster artifact4
try 0 rogctl import "$ROG_SHARED_DATA/rog-artifact"
# The means over workers are within 10% of those of the published runs, every one of them.
try 0 rogctl report truth-case0 --json
json '.runs[] | [.communication_s, .stall_s] | @tsv' >here
try 0 rogctl report outdoors-case0 --json
json '.runs[] | [.communication_s, .stall_s] | @tsv' >published
paste here published | awk '{ for (i = 1; i <= 2; i++) if ($i < 0.9 * $(i + 2) || $i > 1.1 * $(i + 2)) exit 1 }' ||
    fail "here (communication, stall) and published: $(paste here published)"
# The same holds for the published table's own computation, which uses one host.
try 0 rogctl report truth-case0 --as-published --json
json '.runs[] | [.communication_s, .stall_s] | @tsv' >here
printf '5.14 7.41\n5.11 5.74\n4.26 2.63\n' >published
paste here published | awk '{ for (i = 1; i <= 2; i++) if ($i < 0.9 * $(i + 2) || $i > 1.1 * $(i + 2)) exit 1 }' ||
    fail "as published, here and there: $(paste here published)"
