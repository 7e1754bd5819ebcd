# SPDX-License-Identifier: Apache-2.0
# For tests on the lab: . "$ROG_TEST_TOOLS/lab.sh" after lib.sh, then lab_up WORKERS. The lab is removed
# when the script ends, in any way.

lab=/run/rogctl-lab
caches=/var/cache/rogctl-lab

# lab_up WORKERS: starts the lab, or skips the test if that is not possible.
lab_up() {
    [ "$(id -u)" = 0 ] || skip "the lab needs root"
    [ -x /usr/sbin/sshd ] || skip "openssh-server is not installed"
    ip netns add roglabtry 2>cause || skip "no network namespaces here: $(cat cause)"
    ip -n roglabtry link add name roglabtry-br type bridge >cause 2>&1 &&
        ip netns exec roglabtry rog-trainer shape --iface roglabtry-br --probe >cause 2>&1
    ip netns del roglabtry
    grep -q 'ingress .*yes' cause || skip "nothing can be shaped in a namespace here: $(cat cause)"
    [ -z "$(ip netns list | grep '^roglab[0-9]')" ] || skip "a lab is up on this machine already"
    hosts=$(seq 0 "$1")
    trap 'rogctl lab down >/dev/null 2>&1' EXIT
    try 0 rogctl lab up --workers "$1"
}

# programs HOST NAME: prints the processes of that program on a host.
programs() {
    for process in $(ip netns pids "roglab$1"); do
        [ "$(cat "/proc/$process/comm" 2>/dev/null)" = "$2" ] && echo "$process"
    done
}

# role HOST serve|work: prints the process of the run on a host, not its supervisor.
role() {
    for process in $(programs "$1" rog-trainer); do
        tr '\0' '\n' <"/proc/$process/cmdline" 2>/dev/null | grep -qx "$2" && echo "$process"
    done
}

# Prints the state of idle hosts: qdiscs and interfaces.
host_states() {
    for host in $hosts; do
        echo "host $host"
        tc -n "roglab$host" qdisc show
        ip -n "roglab$host" -o link show | sed 's/ state [A-Z]*//; s/[0-9]*: //'
    done
}

nothing_is_left() {
    for host in $hosts; do
        same "trainers on host $host" "" "$(programs "$host" rog-trainer)"
        same "tc on host $host" "" "$(programs "$host" tc)"
        claims=
        for i in 1 2 3 4 5 6 7 8 9 10; do
            claims=$(programs "$host" rog-claim)
            [ -n "$claims" ] || break
            sleep 0.2
        done
        same "places on host $host" "" "$claims"
        same "runs on host $host" "" "$(ls $caches/host"$host"/rogctl/runs 2>/dev/null)"
    done
    host_states >states
    cmp -s idle-states states || fail "interfaces are not as before: $(diff idle-states states)"
    same "keys" "" "$(find . $caches/host*/rogctl -name key)"
}

# wait_for SECONDS SQL [DATABASE]: waits until it returns something other than 0 or nothing.
wait_for() {
    for i in $(seq $(($1 * 5))); do
        case $(sqlite3 "${3:-results.db}" "$2" 2>/dev/null) in '' | 0) sleep 0.2 ;; *) return ;; esac
    done
    fail "never true: $2; $(grep -sv running said | tail -n 20)"
}

# Checks that every event of the streams is in the tables once.
each_event_once() {
    for id in $(query 'SELECT id FROM runs' "$1"); do
        rogctl verify "$id" --db "$1" >out 2>err
        grep -q '^stream .* passed' out || fail "the tables are not the streams"
        lines=$(find "${1%.db}.runs/$id" -name '*.jsonl' ! -name tested.jsonl -exec cat {} + | grep -vc '"event":"\(progress\|health\)"')
        rows=$(query "SELECT (SELECT count(*) FROM iterations WHERE run_id = '$id')
            + (SELECT count(*) FROM bandwidth WHERE run_id = '$id')
            + (SELECT count(*) FROM energy WHERE run_id = '$id')
            + (SELECT count(*) FROM checkpoints WHERE run_id = '$id')
            + (SELECT count(*) FROM events WHERE run_id = '$id' AND kind != 'health')" "$1")
        [ "$lines" -ge "$rows" ] && [ "$rows" -gt $((lines - ${2:-1})) ] ||
            fail "$lines lines of events, $rows rows"
    done
}

# ---- a run with faults ----

# begin NAME: starts a sweep of f.conf on cluster.conf in the background, and waits until its workers
# are running.
begin() {
    db=$1.db
    tried="the sweep '$1'"
    rogctl sweep f.conf --cluster cluster.conf --db "$db" >out 2>said &
    sweep=$!
    wait_for 240 'SELECT count(*) > 8 FROM iterations' "$db"
}
# heard TEXT: returns whether the sweep has printed it.
heard() {
    grep -qF -- "$1" said || fail "the sweep did not say: $1; it said: $(grep -v running said)"
}
# finish STATUS ATTEMPT RESULT [LOST]: checks how the sweep ends, and that nothing remains.
finish() {
    wait $sweep
    status=$?
    [ "$status" = "$1" ] || fail "exit status $status: $(grep -v running said)"
    same "the run" "$3 $2" "$(query 'SELECT status || " " || attempt FROM runs' "$db")"
    nothing_is_left
    each_event_once "$db" "${4:-60}"
    echo "$tried: $3, attempt $2, $(query 'SELECT count(*) FROM iterations' "$db") iterations"
}

# start_sshd HOST: starts it again.
start_sshd() {
    ip netns exec "roglab$1" /usr/sbin/sshd -f "$lab/host$1/sshd_config" -E "$lab/host$1/sshd.log"
}
