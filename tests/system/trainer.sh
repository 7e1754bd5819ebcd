#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# rog-trainer data, pretrain and test: their results are kept and found again, damage is noticed, a
# killed process leaves nothing behind, and a checkpoint that cannot be tested does not end the tester.
set -eu

fail()
{
    echo "$*" >&2
    exit 1
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

# ---- data ----
rog-trainer data make >first
[ "$(wc -l <first)" -eq 4 ] || fail "four data sets are expected: $(cat first)"
grep -q '^train  mixed .* 50000 images of 32 x 32 in 100 classes' first || fail "$(cat first)"
grep -q '^test   none .* 5000 images' first || fail "$(cat first)"
rog-trainer data make >second
cmp first second || fail "data sets change when they are read again"

# A damaged cache, in a separate folder: the smallest sets are copied there and one bit is changed.
shared=$XDG_CACHE_HOME
(
    export XDG_CACHE_HOME="$PWD/cache"
    mkdir -p cache/rogctl/data
    for entry in "$shared"/rogctl/data/*.images; do
        [ "$(wc -c <"$entry")" -gt 20000000 ] || cp "$entry" cache/rogctl/data/
    done
    for entry in cache/rogctl/data/*.images; do
        printf '\125' | dd of="$entry" bs=1 seek=1000000 conv=notrunc 2>/dev/null
    done
    for entry in "$shared"/rogctl/data/*.images; do
        [ -e "cache/rogctl/data/${entry##*/}" ] || ln "$entry" cache/rogctl/data/ 2>/dev/null ||
            cp "$entry" cache/rogctl/data/
    done
    rog-trainer data make >third
    cmp first third || fail "a damaged cache entry was used"
)

echo '{"noise": "none"}' >clean.json
expect 0 '500 to 500 images per class' rog-trainer data info --config clean.json
[ "$(grep -c images said)" -eq 4 ] || fail "two data sets with two lines each: $(cat said)"
expect 2 'data must be followed by make or info' rog-trainer data mend
echo '{"data": "cifar100:nowhere"}' >wrong.json
expect 2 'nowhere/train.bin does not exist' rog-trainer data make --config wrong.json
echo '{"noise": "fog"}' >wrong.json
expect 2 'wrong.json: noise must be' rog-trainer data make --config wrong.json
mkdir short
head -c 10000 /dev/zero >short/train.bin
echo '{"data": "cifar100:short"}' >wrong.json
expect 1 'short/train.bin: 10000 bytes long, but 50000 CIFAR-100 records' \
    rog-trainer data make --config wrong.json

# ---- pretrain ----
export XDG_CACHE_HOME="$PWD/models"
echo '{"pretrain_epochs": 0, "test_images": 200}' >random.json
model=$(rog-trainer pretrain --config random.json --events events) || fail "pretrain failed"
[ -s "$model" ] || fail "pretrain prints no path: $model"
tail -n 1 events | grep -q '"event":"end".*"made":true' || fail "$(cat events)"
expect 0 '"made":false' rog-trainer pretrain --config random.json --json
printf 'x' | dd of="$model" bs=1 seek=5000 conv=notrunc 2>/dev/null
expect 0 '"made":true' rog-trainer pretrain --config random.json --json
expect 2 'pretrain_batch must be' sh -c 'echo "{\"pretrain_batch\": 0}" >w.json
    exec rog-trainer pretrain --config w.json'
echo '{"pretrain_learning_rate": 1000, "pretrain_batch": 4}' >wild.json
XDG_CACHE_HOME="$shared" expect 1 'pre-training: the training diverged at step' \
    rog-trainer pretrain --config wild.json --events wild.events
tail -n 1 wild.events | grep -q '"event":"error".*diverged' || fail "$(cat wild.events)"

# Killed during training: there is no model, and the next process does not mistake remains for one.
mkdir -p "$XDG_CACHE_HOME/rogctl"
cp -Rl "$shared/rogctl/data" "$XDG_CACHE_HOME/rogctl/" 2>/dev/null ||
    cp -R "$shared/rogctl/data" "$XDG_CACHE_HOME/rogctl/"
echo '{"pretrain_epochs": 1000}' >long.json
rog-trainer pretrain --config long.json --events long.events 2>/dev/null &
pid=$!
for attempt in $(seq 300); do
    ! grep -q progress long.events 2>/dev/null || break
    sleep 0.2
done
grep -q '"event":"progress".*"message":"pre-training"' long.events || fail "no progress events"
kill -KILL "$pid"
wait "$pid" && fail "it survived SIGKILL"
[ "$(find "$XDG_CACHE_HOME" -name '*.safetensors' | wc -l)" -eq 1 ] || fail "a model of a killed run"

# ---- test ----
expect 0 '"accuracy":' rog-trainer test --config random.json --model "$model"
grep -q '"images":200' said || fail "$(cat said)"
head -c 3000 "$model" >truncated.safetensors
expect 1 'could not be tested' rog-trainer test --config random.json --model truncated.safetensors \
    "$model"
[ "$(grep -c '"event":"accuracy"' said)" -eq 1 ] || fail "the sound one was not tested: $(cat said)"
printf '%s\n' "$model" truncated.safetensors missing.safetensors "$model" |
    rog-trainer test --config random.json --follow >lines
sed 's/.*"event":"\([a-z]*\)".*/\1/' lines | tr '\n' ' ' >kinds
[ "$(cat kinds)" = 'accuracy error error accuracy ' ] || fail "$(cat lines)"
sed -n 2p lines | grep -q '"path":"truncated.safetensors".*truncated.safetensors' ||
    fail "the error does not name the file: $(cat lines)"
expect 2 'missing.json' rog-trainer test --config missing.json --model "$model"
expect 2 'nothing to test' rog-trainer test --config random.json
echo '{"model": "convmlp-s"}' >other.json
expect 1 '"event":"error"' rog-trainer test --config other.json --model "$model"
