#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# rog-trainer serve and work: runs in real time, with processes on this machine over loopback. Real
# gradients reach the server's checkpoints; a cluster paced in user space communicates for as long as a
# virtual one with the same bandwidth; nothing secret is in a command line or a file. Needs the programs
# in PATH; works in the current folder, which must be empty.
set -eu

export XDG_CACHE_HOME="${XDG_CACHE_HOME:-$PWD/cache}"
children=
trap 'kill $children 2>/dev/null || true' EXIT

fail()
{
    echo "$*" >&2
    exit 1
}

# config FILE STEP_S MEMBERS: writes a configuration with two workers
config()
{
    workers=
    for rank in 1 2; do
        workers="$workers${workers:+,}{\"rank\":$rank,\"step_s\":$2,\"compress_s\":0.05,
            \"decompress_s\":0.05,\"watts_compute\":12.7,\"watts_communicate\":4.2,
            \"watts_stall\":3.85}"
    done
    printf '{%s,"workers":[%s]}\n' "$3" "$workers" >"$1"
}

# cluster NAME CONFIG OPTIONS...: executes a whole run; folders NAME-s, NAME-w1, NAME-w2
cluster()
{
    name=$1 settings=$2
    shift 2
    rm -f port
    rog-trainer serve --config "$settings" --key-file key --out "$name-s" --listen 127.0.0.1:0 \
        --port-file port --threads 1 "$@" &
    server=$!
    children="$children $server"
    for _ in $(seq 3000); do
        [ -s port ] && break
        kill -0 "$server" || fail "the server ended before it listened"
        sleep 0.05
    done
    workers=
    for rank in 1 2; do
        rog-trainer work --config "$settings" --rank $rank --server "127.0.0.1:$(cat port)" \
            --key-file key --out "$name-w$rank" --threads 1 "$@" &
        workers="$workers $!"
    done
    children="$children $workers"
    if grep -aqF "$(cat key)" /proc/$server/cmdline /proc/$server/environ; then
        fail "the key is in the server's command line or environment"
    fi
    wait $server || fail "$name: the server failed"
    for worker in $workers; do
        wait "$worker" || fail "$name: a worker failed"
    done
    if grep -rqF "$(cat key)" "$name-s" "$name-w1" "$name-w2"; then
        fail "$name: the key is in a file of the run"
    fi
}

# mean FILE...: of push_s + pull_s over iterations
communication()
{
    cat "$@" | sed -n 's/^{"event":"iteration".*"push_s":\([0-9.]*\),"pull_s":\([0-9.]*\).*/\1 \2/p' |
        awk '{ sum += $1 + $2 } END { if (NR < 5) exit 1; printf "%.4f\n", sum / NR }'
}

od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >key
chmod 600 key

# With gradients.
for strategy in '"BSP","threshold":0' '"ROG","threshold":4'; do
    config train.json 0 "\"library\":$strategy,\"seconds\":8,\"checkpoint_period\":3,\"batch\":8,
        \"noise\":\"none\",\"pretrain_epochs\":0,\"wire_model\":\"same\""
    rm -rf train-*
    cluster train train.json
    events=train-s/events.jsonl
    tail -n 1 $events | grep -q '^{"event":"end".*"model_sha256":"' || fail "no end in $events"
    for checkpoint in $(sed -n 's/.*"path":"\(chkpt[^"]*\)","sha256":"\([0-9a-f]*\)".*/\1:\2/p' \
        $events); do
        [ "$(sha256sum <"train-s/${checkpoint%:*}" | cut -d' ' -f1)" = "${checkpoint#*:}" ] ||
            fail "${checkpoint%:*} is not what its event says"
    done
    [ "$(ls train-s/chkpt | wc -l)" -ge 4 ] || fail "not enough checkpoints"
    cmp -s train-s/chkpt/0000.safetensors train-s/chkpt/0002.safetensors &&
        fail "nothing was trained"
    grep -q '"loss":' train-w1/events.jsonl || fail "no losses"
done

# The same cluster in real and in virtual time.
config same.json 0.2 '"library":"SSP","threshold":2,"workload":"none","seconds":12,
    "trace":"constant:20","epochs":1000'
cluster same same.json --pace
rog-trainer simulate --config same.json --out same-virtual
real=$(communication same-w1/events.jsonl same-w2/events.jsonl) || fail "too few iterations"
virtual=$(communication same-virtual/events.jsonl)
echo "communication: $real s an iteration in real time, $virtual s in virtual time"
awk -v a="$real" -v b="$virtual" 'BEGIN { exit !(a < 1.15 * b && b < 1.15 * a) }' ||
    fail "they differ by more than 15%"

# A key that others can read is rejected, and so is an invalid key.
chmod 644 key
rog-trainer serve --config same.json --key-file key --out none 2>said && fail "a public key file"
grep -q 'chmod 600' said || fail "$(cat said)"
head -c 20 /dev/zero >short
chmod 600 short
rog-trainer serve --config same.json --key-file short --out none 2>said && fail "a short key"
grep -q 'does not contain a key' said || fail "$(cat said)"
