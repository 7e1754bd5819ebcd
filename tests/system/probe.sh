# SPDX-License-Identifier: Apache-2.0
# rog-trainer probe: a server that measures the link of a connected worker, of one that never connects
# and of one with another token; its end by time, by signal and by its lease; and the measurements as
# traces.
. "$ROG_TEST_TOOLS/lib.sh"

port=$((20000 + $$ % 20000))
server="--listen 127.0.0.1:$port"
worker="--server 127.0.0.1:$port"
# folder NAME: makes it with a new token, or with that of $2
folder() {
    mkdir -m 700 "$1"
    if [ $# = 2 ]; then cp "$2/key" "$1/key"; else od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$1/key"; fi
}
state() { sed -n "s/.*\"state\":\"\([a-z]*\)\".*/\1/p" "$1/state.json" 2>/dev/null; }
# await COMMAND...: waits until it succeeds
await() {
    for i in $(seq 2400); do
        "$@" && return
        sleep 0.05
    done
    fail "never: $*"
}
is() { [ "$(state "$1")" = "$2" ]; }
gone() { [ ! -e "$1" ]; }

folder s
folder w1 s
folder w3 s
folder w2
rog-trainer probe --folder s $server --workers 4 --seconds 5 --period 0.2 >said 2>&1 &
# A worker of another recording with the same rank.
rog-trainer probe --folder w2 $worker --rank 2 --lease 4 >said2 2>&1 &
rog-trainer probe --folder w3 $worker --rank 3 >said3 2>&1 &
rog-trainer probe --folder w1 $worker --rank 1 >said1 2>&1 || fail "$(cat said1)"
await is s ended
# A worker that was told that the recording has ended removes its folder; one that no longer hears
# anything does so when its lease expires.
await gone w1
await gone w3
await gone w2
grep -q 'the lease was not renewed' said2 || fail "$(cat said2)"
awk -F, 'NR == 1 { head = $0; next }
    $2 == 1 || $2 == 3 { good += $3 > 0 && $4 > 0; looks++ }
    $2 == 2 || $2 == 4 { down += $3 == 0 && $4 == 0 && $6 == 0; strangers++ }
    $2 == 0 { ends++; end = $1 }
    $1 < last { backwards = 1 } { last = $1 }
    END { exit !(head ~ /^seconds,rank,up_mbps,down_mbps/ && looks > 6 && good > looks / 2 &&
        down == strangers && strangers > 3 && ends == 1 && end >= 5 && !backwards) }' s/samples.csv ||
    fail "$(cat s/samples.csv)"

try 0 rog-trainer trace convert --from probe --rank 1 s/samples.csv one.csv
try 0 rog-trainer trace info --json one.csv
json '.seconds' | awk '{ exit !($1 >= 5 && $1 < 20) }' || fail "it does not last as long as the recording"
try 1 rog-trainer trace convert --from probe --rank 2 s/samples.csv two.csv
says 's/samples.csv'
try 2 rog-trainer trace convert --from mahimahi --direction up s/samples.csv two.csv
says '--direction applies only to --from iperf3 or probe'

# A folder cannot be used twice; a key must be valid.
try 2 rog-trainer probe --folder s $server
says 'is already in use'
mkdir -m 700 bad && echo secret >bad/key
try 1 rog-trainer probe --folder bad $server
says '32 hexadecimal digits'
try 2 rog-trainer probe --folder s $server $worker
says 'probe needs --folder DIR'

# Stopped from outside: by `doctor --clean`, by a signal, and when the lease is not renewed.
folder s2
rog-trainer probe --folder s2 $server &
pid=$!
await is s2 running
folder s3
try 1 rog-trainer probe --folder s3 $server
says 'cannot listen on UDP'
try 0 rog-trainer host --folder s2 --stop
wait $pid || fail "status $? after it was told to end"
gone s2 || fail "its folder was left"
folder s4
rog-trainer probe --folder s4 $server --lease 1 >said 2>&1 && fail "it did not end"
grep -q 'the lease was not renewed for 1 s' said || fail "$(cat said)"
gone s4 || fail "its folder was left"
