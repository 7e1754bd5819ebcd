#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rog-trainer host: a run whose server and workers each have a supervisor; killed processes, sensors, a
# shaped interface, expired leases; no run remains.
. "$ROG_TEST_TOOLS/lib.sh"

trap 'for name in s w1 w2 bad open/s; do rog-trainer host --folder $name --stop 2>/dev/null; done' EXIT

port=$((20000 + $$ % 20000))
workers=
for rank in 1 2; do
    workers="$workers${workers:+,}{\"rank\":$rank,\"step_s\":0.1,\"compress_s\":0.01,
        \"decompress_s\":0.01,\"watts_compute\":10,
        \"watts_communicate\":10,\"watts_stall\":10}"
done

# folder NAME ROLE RANK ARGUMENTS MEMBERS: makes what a controller puts on a host; the run takes
# $seconds
folder() {
    mkdir -m 700 "$1"
    echo "{\"library\":\"SSP\",\"threshold\":4,\"workload\":\"none\",\"seconds\":$seconds,
        \"wire_model\":\"convmlp-nano\",\"trace\":\"constant:20\",\"epochs\":100000,
        \"checkpoint_period\":1,\"workers\":[$workers]}" >"$1/config.json"
    (umask 077 && cp key "$1/key")
    : >"$1/lease"
    echo "{\"role\":\"$2\",\"rank\":$3,\"arguments\":[$4]$5}" >"$1/host.json"
}
# cluster SERVER WORKER1 WORKER2: with further members of their host.json
cluster() {
    folder s serve 0 "\"--listen\",\"127.0.0.1:$port\"" "$1"
    for rank in 1 2; do
        folder w$rank work $rank "\"--server\",\"127.0.0.1:$port\"" "$2"
        shift
    done
    for name in s w1 w2; do rog-trainer host --folder $name >$name.said 2>&1 & done
}
state() { sed -n "s/.*\"state\":\"\([a-z]*\)\".*/\1/p" "$1/state.json" 2>/dev/null; }
# await NAME STATE: waits until the host is in that state
await() {
    for i in $(seq 2400); do
        now=$(state "$1")
        [ "$now" = "$2" ] && return
        case $now in ended | failed) break ;; esac
        sleep 0.05
    done
    fail "$1 is $now, not $2: $(cat "$1/state.json" "$1/host.log" "$1/trainer.log" 2>&1)"
}
# await_line FILE PATTERN
await_line() {
    for i in $(seq 2400); do
        grep -q "$2" "$1" 2>/dev/null && return
        sleep 0.05
    done
    fail "no $2 in $1"
}
# processes NAME: processes of the role in that folder
processes() {
    grep -la "$PWD/$1/[c]onfig.json" /proc/[0-9]*/cmdline 2>/dev/null | cut -d / -f 3
}
# inside NAME: the process behind a wrapper whose child is the role
inside() {
    pgrep -x -f "[^ ]*rog-trainer inside --folder $PWD/$1 .*"
}
stop_all() {
    for name in s w1 w2; do try 0 rog-trainer host --folder $name --stop; done
    wait
    same "folders" "" "$(ls -d s w1 w2 2>/dev/null)"
    same "processes" "" "$(processes ".*")$(inside ".*")"
}
# number of events of a kind in the workers' streams
count() { cat "$1" | grep -c "\"event\":\"$2\""; }

od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >key
chmod 600 key

# A complete run: a sensor on one host, the profile's power model on the other; the role in a wrapper.
mkdir -p sys/class/powercap/intel-rapl:0
echo package-0 >sys/class/powercap/intel-rapl:0/name
echo 262143328850 >sys/class/powercap/intel-rapl:0/max_energy_range_uj
echo 5000000 >sys/class/powercap/intel-rapl:0/energy_uj
mkdir -p sys/class/power_supply/BAT0 sys/class/thermal/thermal_zone0 sys/class/thermal/cooling_device0 \
    sys/class/net/lo/statistics
echo Battery >sys/class/power_supply/BAT0/type
echo 87 >sys/class/power_supply/BAT0/capacity
echo 61500 >sys/class/thermal/thermal_zone0/temp
echo thermal-cpufreq-0 >sys/class/thermal/cooling_device0/type
echo 0 >sys/class/thermal/cooling_device0/cur_state
echo 1000 >sys/class/net/lo/statistics/tx_bytes
echo 1000 >sys/class/net/lo/statistics/rx_bytes
mkdir empty
seconds=6
cluster ',"power":false' ",\"sysfs\":\"$PWD/sys\"" \
    ",\"sysfs\":\"$PWD/empty\",\"wrap\":[\"env\",\"FROM_WRAP=1\"],\"environment\":{\"FROM_HOST\":\"2\"}"
await_line w1/host.jsonl '"event":"energy"'
await_line w1/host.jsonl '"event":"health".*"battery":0.87,"celsius":61.5,"throttled":false'
echo 1 >sys/class/thermal/cooling_device0/cur_state
echo 1001000 >sys/class/net/lo/statistics/tx_bytes
echo 9000000 >sys/class/powercap/intel-rapl:0/energy_uj
await s ended && await w1 ended && await w2 ended
grep -q '"event":"end"' s/events.jsonl || fail "no end"
same "joules by the sensor" 4.0 "$(grep '"event":"energy"' w1/host.jsonl | tail -n 1 | sed 's/.*"joules":\([0-9.]*\),.*/\1/')"
# The interface towards the server has sent 1 MB since the first poll.
jq -s -e '[.[] | select(.event == "health")] | length >= 2 and (.[0] | has("mbps_up") | not) and
    any(.[1:][]; .mbps_up > 0.5 and .mbps_down == 0 and .throttled)' w1/host.jsonl >/dev/null ||
    fail "health: $(grep health w1/host.jsonl)"
jq -s -e '[.[] | select(.event == "health")] | length >= 2 and all(.[]; has("battery") | not)' \
    w2/host.jsonl >/dev/null || fail "health of a host without sensors: $(grep health w2/host.jsonl)"
grep -q '"source":"rapl:package-0"' w1/host.jsonl || fail "no source"
same "energy by the model where there is a sensor" 0 "$(count w1/events.jsonl energy)"
same "sensors where there are none" 0 "$(count w2/host.jsonl energy)"
# 10 W while it was working.
grep '"event":"energy"' w2/events.jsonl | tail -n 1 | sed 's/.*"joules":\([0-9.]*\),.*/\1/' |
    awk '{ print $1 " J by the model"; exit !($1 > 45 && $1 < 66) }' || fail "10 W for 6 s"
[ "$(count w1/events.jsonl iteration)" -gt 5 ] || fail "no iterations"
same "keys" "key" "$(find . -name key | sed 's,^\./,,')"
stop_all

# A wrapper like the client of a container: what it starts is not its child, has its own process numbers
# if possible, and continues when the client is killed; signals are not passed on.
apart=
unshare --pid --fork --mount-proc true 2>said && apart='unshare --pid --fork --mount-proc'
cat >client <<CLIENT
#!/bin/sh
mkfifo "\$0.\$\$" || exit 125
setsid -f sh -c '"\$@" 2>&1; timeout 20 sh -c "echo \$? >\"\$0\""' "\$0.\$\$" $apart "\$@"
read -r status <"\$0.\$\$"
exit "\$status"
CLIENT
chmod +x client
client="\"wrap\":[\"$PWD/client\"]"

# Killed: a worker, also behind a wrapper, the wrapper, and the server are restarted, unless that is
# disabled.
seconds=11
cluster ',"restarts":1' ",\"restarts\":2,$client,\"sysfs\":\"/none\",\"environment\":{\"FROM_HOST\":\"1\"}" \
    ',"sysfs":"/none"'
await_line w1/events.jsonl '"iteration":2,'
worker=$(processes w1)
tr '\0' '\n' <"/proc/$worker/environ" | grep -qx FROM_HOST=1 || fail "no environment behind the wrapper"
kill -9 "$worker"
await_line w1/host.jsonl '"event":"restart".*the worker was killed by signal 9'
had=$(count w1/events.jsonl iteration)
for i in $(seq 2400); do # it continues where the others are by now
    [ "$(count w1/events.jsonl iteration)" -gt "$had" ] && break
    sleep 0.05
done
worker=$(processes w1)
kill -9 "$(pgrep -f "$PWD/client .*inside --folder $PWD/w1")"
await_line w1/host.jsonl "restart.*the worker's wrapper, $PWD/client, was killed by signal 9"
[ -e "/proc/$worker" ] && fail "what is behind the wrapper goes on"
await_line s/events.jsonl '"path":\|"event":"join".*"rank":1,"iteration"'
kill -9 $(processes s)
await_line s/host.jsonl '"event":"restart".*"message":"the server was killed by signal 9 and is restarted from its last saved state"'
kill -9 $(processes w2)
await w2 failed
grep -q '"status":137,"message":"the worker was killed by signal 9' w2/state.json ||
    fail "$(cat w2/state.json)"
await s ended && await w1 ended
# Energy computed by the power model continues where it was.
jq -s -e '[.[] | select(.event == "energy") | .joules] | length > 2 and . == sort' \
    w1/events.jsonl >/dev/null ||
    fail "energy runs backwards: $(grep energy w1/events.jsonl)"
stop_all

# A user's program: its exit status is reported, and one that has never connected is no worker.
# program COMMAND WORDS [MEMBERS]: checks that a worker that runs it fails with these words
program() {
    folder w1 work 1 "\"--server\",\"127.0.0.1:$port\"" ",\"restarts\":3${3-}"
    sed -i "s/\"workload\":\"none\"/\"workload\":\"program\",\"command\":\"$1\",\"files\":[],\"sources\":[],\"test\":\"true\"/;
        s/\"wire_model\":\"[a-z-]*\"/\"wire_model\":\"same\"/" w1/config.json
    rog-trainer host --folder w1 >w1.said 2>&1 &
    await w1 failed
    grep -qF "$2" w1/state.json || fail "not said: $2: $(cat w1/state.json)"
    grep -q restart w1/host.jsonl && fail "started again: $(cat w1/host.jsonl)"
    try 0 rog-trainer host --folder w1 --stop
    wait
}
program 'exit 137' 'the worker exited with status 137'
program 'exit 137' 'the worker exited with status 137' ",$client"
program "setsid -f sleep 1234.$$; exit 3" 'the worker exited with status 3'
program "setsid -f sleep 1234.$$; exit 3" 'the worker exited with status 3' ",$client"
same "what programs have left" "" "$(pgrep -x -f "sleep 1234.$$")"
# wrapper WORDS TEXT: checks a wrapper that does not work as required
wrapper() {
    folder w1 work 1 "\"--server\",\"127.0.0.1:$port\"" ",\"restarts\":0,\"wrap\":$1"
    rog-trainer host --folder w1 >w1.said 2>&1 &
    await w1 failed
    grep -qF "$2" w1/state.json || fail "not said: $2: $(cat w1/state.json)"
    for i in $(seq 2400); do # it may start late, find no server, and end
        [ -z "$(inside w1)" ] && break
        sleep 0.05
    done
    same "behind $1" "" "$(inside w1)"
    try 0 rog-trainer host --folder w1 --stop
    wait
}
wrapper '["setsid","-f"]' 'setsid, exited before the worker: it must start'
wrapper '["true"]' "the worker's wrapper, true, exited before the worker: it must start"
wrapper '["sh","-c","echo no such container >&2; exit 125"]' \
    "the worker's wrapper, sh, exited with status 125: no such container"
wrapper '["/none/docker"]' 'cannot execute /none/docker: No such file or directory'
program 'echo bye' "the worker's program ended (status 0) without taking part in the run; it said: bye"

# If the supervisor is killed, everything it started is killed too, also behind a wrapper.
seconds=60
cluster '' ",$client" ''
await_line w1/events.jsonl '"iteration":2,'
kill -9 "$(sed 's/.*"pid":\([0-9]*\),.*/\1/' w1/state.json)"
for i in $(seq 2400); do
    [ -z "$(processes w1)$(inside w1)" ] && break
    sleep 0.05
done
same "orphans" "" "$(processes w1)$(inside w1)"
# When its lease is not renewed, it ends and cleans up.
sed -i 's/"role"/"lease_s":1,"role"/' w2/host.json
try 0 rog-trainer host --folder w2 --stop
folder w2 work 2 "\"--server\",\"127.0.0.1:$port\"" ',"lease_s":1'
rog-trainer host --folder w2 >said 2>&1 &
for i in 1 2 3 4 5 6; do touch w2/lease && sleep 0.4; done
same "state" running "$(state w2)"
wait $!
same "exit status" 1 $?
grep -q 'the lease was not renewed for 1 s' said || fail "$(cat said)"
same "folder" "" "$(ls -d w2 2>/dev/null)"
stop_all

# A role that fails, a folder that was used before, a folder of another user.
folder w1 work 1 '"--server","127.0.0.1:1","--server-timeout","0.5"' ''
rog-trainer host --folder w1 >said 2>&1 &
await w1 failed
grep -q '"status":1,"message":"the worker exited with status 1: rog-trainer: .*127.0.0.1:1' \
    w1/state.json || fail "$(cat w1/state.json)"
try 1 rog-trainer host --folder w1
says "another supervisor"
try 0 rog-trainer host --folder w1 --stop
try 0 rog-trainer host --folder w1 --stop
mkdir mine && touch mine/file
try 2 rog-trainer host --folder mine --stop
says "is not a folder of a host"
[ -f mine/file ] || fail "somebody else's file is gone"
for bad in '"rol":1' '"role":"sleep"' '"role":"work"' '"role":"serve","rank":2' \
    '"role":"work","rank":1,"shape":{"iface":"lo"}' '"role":"work","rank":1,"wrap":[1]' '"role":"work","rank":1,"lease_s":0' \
    '"role":"work","rank":1,"environment":{"A":1}' \
    '"role":"work","rank":1,"shape":{"iface":"lo","trace":"t","direction":"up"}' \
    '"role":"work","rank":1,"shape":{"iface":"lo","peers":[{"rank":0}]}'; do
    rm -rf bad && mkdir bad && echo "{$bad}" >bad/host.json
    rog-trainer host --folder bad >said 2>&1 &
    await bad failed
    grep -q 'host.json: ' bad/state.json || fail "$bad: $(cat bad/state.json)"
    try 0 rog-trainer host --folder bad --stop
    wait $!
    same "exit status for $bad" 2 $?
done

# Processes that have the key write no core file, and other processes of the user cannot read their
# memory.
nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
if [ "$(id -u)" = 0 ] && $nobody test -x "$(command -v rog-trainer)" 2>said; then
    chmod 711 . && mkdir -m 755 open && folder open/s serve 0 "\"--listen\",\"127.0.0.1:$port\"" ''
    chown -R 65534 open
    ulimit -c unlimited 2>said || ulimit -c 0
    $nobody sleep 30 &
    for i in $(seq 2400); do
        $nobody cat /proc/$!/maps >out 2>err && break
        sleep 0.05
    done
    [ ! -s err ] || fail "a process of the same user cannot be looked at"
    kill $!
    $nobody rog-trainer host --folder open/s >open.said 2>&1 &
    await open/s running
    for i in $(seq 2400); do # until it has printed what it is
        holder=$(processes open/s | head -n 1)
        $nobody cat "/proc/$holder/maps" >out 2>err || break
        sleep 0.05
    done
    grep -q 'Permission denied' err || fail "the memory of a process that holds the key is open"
    same "core files" "0 0" "$(awk '/Max core file size/ { print $5, $6 }' "/proc/$holder/limits")"
    $nobody rog-trainer host --folder open/s --stop || fail "open/s"
else
    echo "memory of other users: not tested: it needs root, and programs that others may run"
fi
