# SPDX-License-Identifier: Apache-2.0
# From a host of a lab to a virtual run with its link and profile: rogctl trace record over a link of a known rate,
# also interrupted; rogctl profile measure; and nothing remains on the hosts.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/lab.sh"

lab_up 1
ip netns exec roglab1 rog-trainer shape --iface eth0 --trace constant:20 >shape.log 2>&1 &
for i in $(seq 1200); do
    ip netns exec roglab1 tc qdisc show dev eth0 | grep -q tbf && break
    sleep 0.1
done

# nothing WHEN: checks that there is no process of ours and no folder on either host
nothing() {
    for host in $hosts; do
        same "folders on host $host $1" '' "$(ls "$caches/host$host/rogctl/runs")"
        for process in $(programs "$host" rog-trainer); do
            tr '\0' ' ' <"/proc/$process/cmdline" | grep ' probe ' && fail "a probe on host $host $1"
        done
    done
}

# A frame of 1,414 bytes, as counted by the shaper, carries 1,372: 19.4 Mbit/s.
try 0 rogctl trace record --cluster lab --seconds 4 --to yard --json
json '.workers[0] | [.looks, .down, .up_mbps, .down_mbps] | @tsv' |
    awk '{ exit !($1 >= 2 && $2 == 0 && $3 > 17 && $3 < 20.5 && $4 > 17 && $4 < 20.5) }' || fail "rates: $(cat out)"
json '.probe_s / .seconds' | awk '{ exit !($1 < 0.2) }' || fail "the probe took too much: $(cat out)"
nothing 'after a recording'
try 0 rog-trainer trace info yard-1.csv
try 0 rog-trainer trace info yard-1-down.csv
try 2 rogctl trace record --cluster lab --seconds 4 --to yard
says 'cannot create yard.samples.csv: File exists'

rogctl trace record --cluster lab --to stopped >out 2>err &
pid=$!
for i in $(seq 1200); do
    [ "$(grep -c ',1,' stopped.samples.csv 2>/dev/null)" -ge 2 ] 2>/dev/null && break
    sleep 0.1
done
kill -INT $pid
wait $pid || fail "status $? after Ctrl-C"
prints 'trace = "stopped-{rank}.csv"'
[ -s stopped-1-up.csv ] || fail 'what was recorded before Ctrl-C is no trace'
nothing 'after Ctrl-C'

try 2 rogctl trace record --cluster virtual4
says 'has no hosts to measure'

try 0 rogctl profile measure --cluster lab --seconds 1 --model convmlp-nano --image 32 --batch 8
prints 'profiles = "profiles.conf"'
nothing 'after a profile was measured'
try 2 rogctl profile measure --cluster lab --seconds 1
says 'already has a profile robot-1'

cat >yard.conf <<'CONF'
kind = "virtual";
profiles = "profiles.conf";
workers = ( { profile = "robot-1"; trace = "yard-{rank}.csv"; count = 1; } );
CONF
echo "case = \"yard\"; figure = \"1\"; $quick runs = ( { library = \"ROG\"; threshold = 4; epochs = 99; } );" >x.conf
try 0 rogctl sweep x.conf --cluster yard.conf
try 0 rogctl runs yard-case0 --json
run=$(json '.[0].id')
try 0 rogctl show "$run" --json
same 'seconds of a step' "$(sed -n 's/ *step_s = \(.*\);/\1/p' profiles.conf)" "$(json '.config.workers[0].step_s')"
json '.iterations' | awk '{ exit !($1 > 10) }' || fail "a run on the recorded link: $(json .iterations)"
ip netns exec roglab1 rog-trainer shape --iface eth0 --restore >/dev/null
