#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rog-trainer host with a bandwidth replay, on two network namespaces: the trace follows the run's
# clock, the audit is in the event stream, and interfaces are restored, even if everything is killed.
. "$ROG_TEST_TOOLS/lib.sh"

server=rogths$$ worker=rogthw$$
[ "$(id -u)" = 0 ] || skip "namespaces need root"
ip netns add $server 2>said && ip netns add $worker 2>said || skip "no namespaces: $(cat said)"
trap 'for name in s w; do rog-trainer host --folder $name --stop 2>/dev/null; done
    ip netns del $server; ip netns del $worker' EXIT
ip link add name eth0 netns $server type veth peer name eth0 netns $worker
for side in "$server 10.99.8.1" "$worker 10.99.8.2"; do
    ip -n ${side% *} address add "${side#* }/24" dev eth0
    ip -n ${side% *} link set dev eth0 up
done
ip netns exec $worker rog-trainer shape --iface eth0 --probe >said 2>&1
grep -q 'ingress .*yes' said || skip "this kernel cannot shape: $(tr '\n' ' ' <said)"

# folder NAME ROLE RANK ARGUMENTS MEMBERS
folder() {
    mkdir -m 700 "$1"
    echo '{"library":"SSP","threshold":4,"workload":"none","seconds":8,"epochs":100000,
        "wire_model":"convmlp-s","trace":"constant:20","workers":[{"rank":1,"step_s":0.3,
        "compress_s":0,"decompress_s":0,"watts_compute":1,"watts_communicate":1,
        "watts_stall":1}]}' >"$1/config.json"
    (umask 077 && cp key "$1/key")
    : >"$1/lease"
    echo "{\"role\":\"$2\",\"rank\":$3,\"arguments\":[$4],\"lease_s\":60$5}" >"$1/host.json"
}
cluster() {
    folder s serve 0 '"--listen","10.99.8.1:7700"' "$1"
    folder w work 1 '"--server","10.99.8.1:7700"' "$2"
    ip netns exec $server rog-trainer host --folder s >s.said 2>&1 &
    ip netns exec $worker rog-trainer host --folder w >w.said 2>&1 &
}
await() {
    for i in $(seq 2400); do
        grep -q "$2" "$1" 2>/dev/null && return
        sleep 0.05
    done
    fail "no $2 in $1: $(cat s/host.log s/trainer.log w/host.log w/trainer.log)"
}
untouched() {
    for space in $server $worker; do
        same "qdiscs of $space" "" "$(ip netns exec $space tc qdisc show dev eth0 | grep -v noqueue)"
        same "interfaces of $space" "" "$(ip -n $space -o link | grep rogifb)"
    done
}
stop_all() {
    for name in s w; do try 0 rog-trainer host --folder $name --stop; done
    wait
    same "folders" "" "$(ls -d s w 2>/dev/null)"
    untouched
}

od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >key
chmod 600 key
printf 'seconds,mbps\n0,99\n10,2\n13,20\n100,20\n' >trace.csv
shape="\"iface\":\"eth0\",\"trace\":\"$PWD/trace.csv\",\"offset_s\":10"

# A worker with both directions shaped, and a run to its end.
cluster '' ",\"shape\":{$shape}"
await s/state.json '"ended"'
await w/state.json '"ended"'
jq -c 'select(.event == "bandwidth") | [.rank, .t, .mbps]' w/host.jsonl >steps
same "first rate" '[1,0.0,2.0]' "$(sed 's/\[1,0,2\]/[1,0.0,2.0]/' steps | head -n 1)"
# By the run's clock: 3 s after its start.
jq -e -s 'map(select(.event == "bandwidth")) | length == 2 and .[1].mbps == 20 and
    .[1].t > 2.99 and .[1].t < 3.5' w/host.jsonl >/dev/null || fail "steps: $(cat steps)"
jq -c 'select(.event == "replay-end")' w/host.jsonl >end
jq -e '.rank == 1 and .tolerance == 0.05 and .busy_s > 1 and ([.error, -.error] | max) < 0.05' end \
    >/dev/null || fail "the replay's end: $(cat end)"
echo "replay: $(cat end)"
# An exchange of 1.07 MB takes 4.3 s at 2 Mbit/s, a tenth of that at 20, so that none ends before 3 s.
jq -e -s 'map(select(.event == "iteration")) | length > 3 and .[0].t > 3' w/events.jsonl \
    >/dev/null || fail "iterations: $(grep iteration w/events.jsonl | head -n 3)"
[ "$(grep -c replay-audit w/host.jsonl)" -gt 10 ] || fail "no audit"
untouched
stop_all

# The server shapes what it sends to the worker; the worker what it sends. Then everything is killed.
peers="\"peers\":[{\"rank\":1,\"address\":\"10.99.8.2\",\"trace\":\"$PWD/trace.csv\",\"offset_s\":10}]"
cluster ",\"shape\":{\"iface\":\"eth0\",$peers}" ",\"shape\":{$shape,\"direction\":\"egress\"}"
await s/host.jsonl '"replay-audit".*"downlink"'
await w/host.jsonl '"replay-audit".*"egress"'
same "rates that the server tells" 0 "$(grep -c '"event":"bandwidth"' s/host.jsonl)"
grep -q '"event":"bandwidth"' w/host.jsonl || fail "the worker tells no rates"
for name in s w; do kill -9 "$(jq .pid $name/state.json)"; done
for i in $(seq 2400); do
    [ "$(ip netns exec $server tc qdisc show dev eth0; ip netns exec $worker tc qdisc show dev eth0)" \
        = "" ] && break
    ip netns exec $server tc qdisc show dev eth0 | grep -q tbf ||
        ip netns exec $worker tc qdisc show dev eth0 | grep -q tbf || break
    sleep 0.05
done
untouched
stop_all

# The interface does not exist: the host fails with the reason.
folder w work 1 '' ',"shape":{"iface":"eth7","trace":"constant:1"}'
ip netns exec $worker rog-trainer host --folder w >w.said 2>&1 &
await w/state.json '"failed".*no network interface'
# If another process stops the replay, the run fails.
rog-trainer host --folder w --stop
cluster '' ",\"shape\":{$shape}"
await w/host.jsonl 'replay-audit'
ip netns exec $worker rog-trainer shape --iface eth0 --restore >said || fail "$(cat said)"
await w/state.json '"failed".*the bandwidth replay failed: another process stopped it'
stop_all

# Without root, changes are made with sudo, also if the replay is killed. Here sudo is a stand-in, and a
# capability gives the permission.
chmod 711 . && mkdir bin && printf '#!/bin/sh\n[ "$1" = -n ] || exit 1\nshift\nexec "$@"\n' >bin/sudo
chmod 755 bin bin/sudo
user="ip netns exec $worker setpriv --reuid 65534 --regid 65534 --clear-groups"
if $user --inh-caps +net_admin --ambient-caps +net_admin \
    test -x "$(command -v rog-trainer)" 2>said; then
    user="$user --inh-caps +net_admin --ambient-caps +net_admin env PATH=$PWD/bin:$PATH"
    # A step up from 0 wakes the queue without a raw socket.
    printf 'seconds,mbps\n0,0\n0.5,5\n100,5\n' >steps.csv && chmod 644 steps.csv
    try 0 $user rog-trainer shape --iface eth0 --trace "$PWD/steps.csv" --seconds 1
    untouched
    $user rog-trainer shape --iface eth0 --trace constant:5 >said 2>&1 &
    for i in $(seq 2400); do
        ip netns exec $worker tc qdisc show dev eth0 | grep -q ingress && break
        sleep 0.05
    done
    ip netns exec $worker tc qdisc show dev eth0 | grep -q 'tbf.*rate 5Mbit' || fail "$(cat said)"
    kill -9 $!
    for i in $(seq 2400); do
        ip netns exec $worker tc qdisc show dev eth0 | grep -q 'tbf\|ingress' || break
        sleep 0.05
    done
    untouched
    rm bin/sudo && printf '#!/bin/sh\necho "sudo: a password is required" >&2\nexit 1\n' >bin/sudo
    chmod 755 bin/sudo
    try 2 $user rog-trainer shape --iface eth0 --trace constant:5
    says "allow tc and ip in sudo without a password"
else
    echo "without root: not tested: $(cat said) (others must be able to run the programs)"
fi
