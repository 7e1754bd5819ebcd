# SPDX-License-Identifier: Apache-2.0
# A virtual run resumes from its snapshot, whatever was killed, and ends with the same bytes; if its
# snapshot is unusable it starts again and says so.
. "$ROG_TEST_TOOLS/lib.sh"

cat >x.conf <<END
case = "r"; workload = "none"; seconds = 5000.0; snapshot_period = 0.02;
matrix = { library = ["ROG"]; threshold = [4, 20]; };
END
device='"step_s": 1.11, "compress_s": 0.39, "decompress_s": 0.61, "watts_compute": 12.7,
    "watts_communicate": 4.2, "watts_stall": 3.85'
bytes="SELECT sum(stored_bytes) FROM streams WHERE name = 'events.jsonl'"
outcome="SELECT threshold, status, attempt, (SELECT count(*) FROM iterations WHERE run_id = id),
    (SELECT sum(t) FROM iterations WHERE run_id = id), (SELECT count(*) FROM bandwidth WHERE
    run_id = id), (SELECT count(*) FROM events WHERE run_id = id AND kind != 'resume'), (SELECT
    sum(joules) FROM energy WHERE run_id = id) FROM runs ORDER BY threshold"

try 0 rogctl sweep x.conf --db whole.db --plots whole
query "$outcome" whole.db >wanted
sum_of() { # checksum of both runs' events except the first, which names a path
    for run in "$1".runs/*/; do tail -n +2 "$run/events.jsonl"; done | sha256sum
}
whole=$(sum_of whole)
[ -z "$(find whole.runs -name snapshot)" ] || fail "a snapshot is left of a run that is done"

# Lists the trainers of a sweep.
trainers() {
    for process in /proc/[0-9]*; do
        [ "$(awk '/^PPid:/ { print $2 }' "$process/status" 2>/dev/null)" = "$1" ] || continue
        case $(readlink "$process/exe") in */rog-trainer) echo "${process#/proc/}" ;; esac
    done
}
# Returns whether there is a new snapshot.
new_snapshot() {
    [ -n "$(find results.runs -path '*/snapshot/state' -newer mark 2>/dev/null)" ]
}
start() {
    touch mark
    rogctl sweep x.conf --jobs 2 >out 2>err &
    pid=$!
    tried="rogctl sweep, and kill of $1"
    for i in $(seq 12000); do
        new_snapshot && break
        kill -0 $pid 2>/dev/null || break
        sleep 0.01
    done
    sleep "$2"
}

kills=0
for who in rogctl trainer both INT; do
    start $who "0.0$((kills * 3 % 10))"
    kill -0 $pid 2>/dev/null || break
    of=$(trainers $pid)
    [ -n "$of" ] || break
    case $who in
    rogctl) kill -9 $pid ;;
    trainer) kill -9 $of 2>/dev/null ;;
    both) kill -9 $pid $of 2>/dev/null ;;
    INT) kill -INT $pid ;;
    esac
    wait $pid 2>/dev/null
    kills=$((kills + 1))
done
sleep 0.2 # a trainer ends by itself if its rogctl does not exist any more
[ $kills -gt 1 ] || skip "too fast to be caught half-way"
# The period of snapshots may be changed, and applies from then on.
left=$(find results.runs -path '*/snapshot/state' | wc -l)
sed -i 's/snapshot_period = 0.02/snapshot_period = 0.03/' x.conf
try 0 rogctl sweep x.conf --jobs 2
[ "$left" -eq 0 ] || says "it resumes from its snapshot"
[ "$left" -ne 2 ] || same "periods" "0.03 0.03" "$(jq .snapshot_period results.runs/*/config.json | xargs)"
query "$outcome" >found
diff wanted found || fail "the outcome is another one"
same "events" "$whole" "$(sum_of results)"
same "bytes" "$(query "$bytes" whole.db)" "$(query "$bytes")"
# One of the killed trainers may have been about to end.
[ "$(query "SELECT count(*) FROM events WHERE kind = 'resume'")" -ge $((kills - 1)) ] ||
    fail "it did not go on $kills times"
[ -z "$(find results.runs -name snapshot)" ] || fail "a snapshot is left of a run that is done"
# Its time is still virtual.
try 0 rogctl microevents "$(query "SELECT run_id FROM events WHERE kind = 'resume'" | head -n 1)" 1 0
grep -q 'Virtual time' plots/*-microevents-*.gp || fail "no virtual time"

# A damaged snapshot, in its state or in its header: the run starts again.
sed 's/r"/d"/; s/5000.0/2000.0/; s/, 20//' x.conf >d.conf
try 0 rogctl sweep d.conf --db sound.db --plots sound
damage() { # changes a byte in the middle
    at=$(($(wc -c <"$1") / 2))
    printf 'X' | dd of="$1" bs=1 seek=$at conv=notrunc 2>/dev/null
    printf 'YX' | dd of="$1" bs=1 seek=$((at + 1)) conv=notrunc 2>/dev/null
}
of_earlier() { # events: the stream would be cut at the end of another line
    was=$(head -n 1 "$1" | sed 's/.*"events_bytes": *\([0-9]*\).*/\1/')
    bytes=$(head -n 1 "${1%/snapshot/state}/events.jsonl" | wc -c)
    sed -i "1s/\"events_bytes\": *$was/\"events_bytes\":$(printf '%*d' ${#was} "$bytes")/" "$1"
}
for how in damage of_earlier; do
    rm -rf results.db* results.runs
    touch mark
    rogctl sweep d.conf >out 2>err &
    pid=$!
    for i in $(seq 12000); do
        new_snapshot && break
        sleep 0.01
    done
    kill -9 $pid
    wait $pid 2>/dev/null
    sleep 0.2
    state=$(find results.runs -path '*/snapshot/state')
    [ -n "$state" ] || skip "too fast to be caught half-way"
    $how "$state"
    try 0 rogctl sweep d.conf
    case $how in
    damage) says "is retried" && says "its hash does not match" ;;
    of_earlier) says "has no snapshot to resume from" ;;
    esac
    same "events" "$(sum_of sound)" "$(sum_of results)"
    same "attempts" 2 "$(query 'SELECT attempt FROM runs')"
done

# Killed after its last event, before its snapshot was removed: the run need not be resumed, only
# stored.
rm -rf results.db* results.runs
cat >ending <<END
#!/bin/sh
$ROG_BUILD/bin/rog-trainer "\$@" || exit
[ \$1 = simulate ] || exit 0
cd $PWD/results.runs/*/ && mkdir snapshot && touch snapshot/state && kill -9 \$PPID
END
chmod +x ending
ROG_TRAINER=$PWD/ending try 137 rogctl sweep d.conf
same "snapshots of a run that was killed at its end" 1 "$(find results.runs -name state | wc -l)"
try 0 rogctl sweep d.conf
same "events" "$(sum_of sound)" "$(sum_of results)"
same "attempts" 1 "$(query 'SELECT attempt FROM runs')"
[ -z "$(find results.runs -name snapshot)" ] || fail "a snapshot is left of a run that was killed at its end"

# Real gradients, with only the trainer killed, and with incomplete writes.
cat >t.json <<END
{"library": "ROG", "threshold": 4, "seconds": 1500, "checkpoint_period": 250, "batch": 4,
 "pretrain_epochs": 0, "snapshot_period": 0.001,
 "workers": [{"rank": 1, $device}, {"rank": 2, $device}]}
END
try 0 rog-trainer simulate --config t.json --out t-whole --threads 1
go_on=
for kill in 1 2 3; do
    touch mark
    rog-trainer simulate --config t.json --out t --threads 1 $go_on >out 2>err &
    pid=$!
    for i in $(seq 12000); do
        [ -n "$(find t/snapshot/state -newer mark 2>/dev/null)" ] && break
        kill -0 $pid 2>/dev/null || break
        sleep 0.01
    done
    sleep 0.$kill
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    [ -e t/snapshot/state ] || break
    go_on=--resume
done
[ -n "$go_on" ] && [ -e t/snapshot/state ] || skip "too fast to be caught half-way"

# It does not resume with a plugin that differs in any byte, on another processor, or with another
# header.
cp -r t t-other
cp -r t t-processor
cp -r t t-earlier
mkdir plugins
cp "$(head -n 1 t/events.jsonl | jq -r .strategy.path)" plugins
echo >>plugins/rog.so
ROG_PLUGIN_PATH=plugins try 1 rog-trainer simulate --config t.json --out t-other --resume
says "the strategy's plugin has changed"
if [ "$(uname -m)" = x86_64 ]; then
    ONEDNN_MAX_CPU_ISA=SSE41 try 1 rog-trainer simulate --config t.json --out t-processor --resume
    says "the processor or oneDNN has changed"
fi
of_earlier t-earlier/snapshot/state
try 1 rog-trainer simulate --config t.json --out t-earlier --resume
says "the hash of its header does not match"
[ -z "$(find t-other t-earlier -name snapshot)" ] || fail "a snapshot of no use is left"

touch t/chkpt/0001.safetensors.rogpart-aB3dE6 t/snapshot/state.aB3dE6
try 0 rog-trainer simulate --config t.json --out t --threads 1 --resume
diff -r t-whole t || fail "the outcome is another one"

# There is no snapshot to resume from.
try 3 rog-trainer simulate --config t.json --out t --threads 1 --resume
says "snapshot/state"
