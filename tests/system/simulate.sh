#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# rog-trainer simulate and trace as executed by users or rogctl: the same configuration gives the same
# bytes, with and without training; an end by signal, a full disk and a wrong configuration are handled.
# Needs the programs in PATH; works in the current folder, which must be empty.
set -eu

export XDG_CACHE_HOME="${XDG_CACHE_HOME:-$PWD/cache}"

fail()
{
    echo "$*" >&2
    exit 1
}

# config FILE WORKERS MEMBERS: writes a configuration with this number of workers with the default
# device
config()
{
    workers=
    for rank in $(seq "$2"); do
        workers="$workers${workers:+,}{\"rank\":$rank,\"step_s\":1.11,\"compress_s\":0.39,
            \"decompress_s\":0.61,\"watts_compute\":12.7,\"watts_communicate\":4.2,
            \"watts_stall\":3.85}"
    done
    printf '{%s,"workers":[%s]}\n' "$3" "$workers" >"$1"
}

# expect STATUS TEXT COMMAND...: checks the command's exit status and message
expect()
{
    wanted=$1 text=$2
    shift 2
    status=0
    "$@" >said 2>&1 || status=$?
    [ "$status" -eq "$wanted" ] || fail "$*: exit status $status, expected $wanted: $(cat said)"
    grep -qF -- "$text" said || fail "$*: does not say \"$text\": $(cat said)"
}

last_event()
{
    tail -n 1 "$1" | sed 's/^{"event":"\([^"]*\)".*/\1/'
}

# Without gradients.
config none.json 20 '"library":"ROG","threshold":4,"workload":"none","seconds":900,"epochs":1000'
rog-trainer simulate --config none.json --out none1
rog-trainer simulate --config none.json --out none2 --events - >none.events
cmp none1/events.jsonl none.events
[ ! -e none2/events.jsonl ] || fail "events in spite of --events -"
[ "$(last_event none1/events.jsonl)" = end ]

# With gradients: the same weights for any number of threads, checkpoints on schedule and one at the
# end, each with the hash in the events.
config train.json 2 '"library":"ROG","threshold":3,"seconds":40,"checkpoint_period":15,
    "batch":8,"noise":"none","pretrain_epochs":0'
rog-trainer simulate --config train.json --out train1 --threads 1
rog-trainer simulate --config train.json --out train2 --threads 2
cmp train1/events.jsonl train2/events.jsonl
[ "$(ls train1/chkpt | tr '\n' ' ')" = "0000.safetensors 0001.safetensors 0002.safetensors \
0003.safetensors " ] || fail "checkpoints: $(ls train1/chkpt)"
for file in train1/chkpt/*; do
    cmp "$file" "train2/chkpt/${file##*/}"
    hash=$(sha256sum "$file" | cut -d' ' -f1)
    grep -q "\"path\":\"chkpt/${file##*/}\",\"sha256\":\"$hash\"" train1/events.jsonl
done
first=$(sed -n 's/.*"event":"start".*"model_sha256":"\([^"]*\)".*/\1/p' train1/events.jsonl)
last=$(sed -n 's/.*"event":"end".*"model_sha256":"\([^"]*\)".*/\1/p' train1/events.jsonl)
[ -n "$first" ] && [ -n "$last" ] && [ "$first" != "$last" ] || fail "the model was not trained"

# On a signal it stops immediately and reports it; there is no "end" event.
config long.json 8 '"library":"SSP","threshold":4,"workload":"none","epochs":100000'
rog-trainer simulate --config long.json --out long 2>said &
pid=$!
until grep -q '"event":"iteration"' long/events.jsonl 2>/dev/null; do
    kill -0 "$pid" || fail "ended by itself: $(cat said)"
    sleep 0.1
done
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
[ "$status" -eq 130 ] || fail "after SIGTERM: exit status $status"
[ "$(last_event long/events.jsonl)" = error ] || fail "after SIGTERM: $(tail -n 1 long/events.jsonl)"

# A full disk: for events, and for checkpoints.
if [ -e /dev/full ]; then
    expect 1 "No space left on device" \
        rog-trainer simulate --config none.json --out full --events /dev/full
fi
(
    trap '' XFSZ
    ulimit -f 200
    expect 1 "0000.safetensors" rog-trainer simulate --config train.json --out limited
)
[ "$(last_event limited/events.jsonl)" = error ] || fail "no error event without room"

# Wrong configurations.
config wrong.json 2 '"library":"BSP","threshold":4,"workload":"none"'
expect 2 threshold rog-trainer simulate --config wrong.json --out wrong
config wrong.json 2 '"library":"NOSUCH","workload":"none"'
expect 2 NOSUCH rog-trainer simulate --config wrong.json --out wrong
config wrong.json 2 '"trace":"no/such/{rank}.csv","workload":"none"'
expect 3 no/such/1.csv rog-trainer simulate --config wrong.json --out wrong
config wrong.json 2 '"trace":"synth:underwater","workload":"none"'
expect 2 synth:indoors rog-trainer simulate --config wrong.json --out wrong
printf '{"workload":"none"}' >wrong.json
expect 2 workers rog-trainer simulate --config wrong.json --out wrong
expect 2 "simulate needs" rog-trainer simulate --config wrong.json

# Traces: `trace synth` writes the same values as synth: in a run: means, up to the digits of the file.
rog-trainer trace synth outdoors 'w{rank}.csv' --workers 2 --seed 7 >/dev/null
rog-trainer trace info w2.csv --json | cut -d, -f6 >of-file
rog-trainer trace info synth:outdoors --rank 2 --seed 7 --json | cut -d, -f6 >of-source
grep -q sd_mbps of-file
[ "$(cut -c1-20 of-file)" = "$(cut -c1-20 of-source)" ] || fail "$(cat of-file of-source)"
printf 'seconds,mbps\n0,1\n0,2\n' >bad.csv
expect 1 "bad.csv:3:" rog-trainer trace info bad.csv
expect 2 "info, synth or convert" rog-trainer trace list
echo "simulations are as they should be"
