# SPDX-License-Identifier: Apache-2.0
# Faults on real hosts, one after the other: killed processes, including rogctl, an sshd, a link that is
# down, a disk that is full. Each time the run ends with every event in the database once, or fails with
# the reason, and nothing remains on any host. Nothing secret is in a command line, an environment, a
# log, the database or a file of the run.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/lab.sh"

lab_up 4
host_states >idle-states
{
    # Additional settings of a host; worker 3 has them.
    awk -v there="wrap = \"nice -n 3\"; environment = \"A=1 B=x=y\";" \
        '/{ host = / && ++hosts == 4 { sub(/ }/, " " there " }") } { print }' $lab/cluster.conf
    echo 'stall_limit = 60.0; worker_timeout = 4.0; retries = 1; lease = 60.0;'
} >cluster.conf
# conf SECONDS [MORE]: writes an experiment with a run of that length.
conf() {
    echo "case = \"f\"; seconds = $1; checkpoint_period = 1.0; trace = \"constant:20\";
        workload = \"none\"; wire_model = \"convmlp-nano\"; epochs = 100000;
        runs = ( { library = \"SSP\"; threshold = 4; } );" >f.conf
}

# No secret is visible while it is running.
keyless() {
    while read -r file; do
        od -An -v -tx1 "$file" 2>/dev/null | tr -d ' \n' | grep -q "$key" && fail "the key is in $file"
    done
}
secrets() {
    file=$(ls $caches/host1/rogctl/runs/*/key) || fail "the run has no key"
    same "mode of the key and its folder" "600 700" \
        "$(stat -c %a "$file") $(stat -c %a "${file%/key}")"
    key=$(od -An -v -tx1 "$file" | tr -d ' \n')
    same "length of the key" 64 ${#key}
    ls /proc/[0-9]*/cmdline /proc/[0-9]*/environ | keyless
    find . $caches/host*/rogctl/runs -type f ! -name key | keyless
    same "keys here" "" "$(find . -name key)"
}

fault_worker() {
    conf 14.0
    begin worker
    kill -9 "$(role 2 work)" || fail "nothing to kill"
    secrets
    finish 0 1 done
    rogctl show "$(query 'SELECT id FROM runs' $db)" --db $db >out
    prints "restart"
}

fault_workers() {
    conf 14.0
    begin workers
    for host in 1 2 3 4; do kill -9 "$(role $host work)" || fail "nothing to kill"; done
    finish 0 1 done 200
}

fault_server() {
    conf 14.0
    begin server
    kill -9 "$(role 0 serve)" || fail "nothing to kill"
    finish 0 1 done 200
    same "restarts" 1 "$(query "SELECT count(*) FROM events WHERE kind = 'restart'" $db)"
}

# A supervisor is killed with its processes; the run continues, and the host rejoins it.
fault_supervisor() {
    conf 20.0
    begin supervisor
    same "environment" "A=1 B=x=y" "$(tr '\0' '\n' <"/proc/$(role 3 work)/environ" |
        grep -e '^A=' -e '^B=' | sort | paste -sd' ')"
    same "wrap: nice" "$(($(nice) + 3))" "$(awk '{ print $19 }' "/proc/$(role 3 work)/stat")"
    kill -9 "$(role 3 host)" || fail "nothing to kill"
    finish 0 1 done
    heard "supervisor there is gone"
    heard "being restored there"
    same "workers that came back" 1 \
        "$(query "SELECT count(*) FROM events WHERE kind = 'join' AND rank = 3 AND t > 1" $db)"
}

# rogctl is killed, and then resumes what continued without it.
fault_rogctl() {
    conf 20.0
    begin rogctl
    kill -9 $sweep
    wait $sweep
    sleep 3
    [ -n "$(role 1 work)" ] || fail "the workers died with rogctl"
    rogctl sweep f.conf --cluster cluster.conf --db $db >out 2>said &
    sweep=$!
    finish 0 1 done
}

# rogctl gets SIGHUP, as from a closed terminal: the run continues until it is stopped. Ctrl-C at a
# terminal asks. A run that was stopped resumes from that moment, even without checkpoints.
fault_interrupt() {
    conf 20.0
    begin interrupt
    kill -HUP $sweep
    wait $sweep
    same "exit status" 130 $?
    heard "keeps running on its hosts"
    [ -n "$(role 1 work)" ] || fail "the workers ended with rogctl"
    try 0 rogctl runs --db $db
    prints " on its hosts "
    try 0 rogctl stop "$(query 'SELECT id FROM runs' $db)"
    nothing_is_left
    try 0 rogctl runs --db $db
    prints " planned "
    echo s >answers
    python3 "$ROG_TEST_TOOLS/terminal.py" transcript answers rogctl sweep f.conf --cluster cluster.conf --db $db &
    terminal=$!
    wait_for 240 "SELECT count(*) FROM iterations WHERE t > (SELECT max(t) FROM events WHERE kind = 'resume')" $db
    kill -INT "$(pgrep -P $terminal rogctl)"
    wait $terminal
    same "exit status" 130 $?
    grep -q 'running on its hosts, or stop it? \[L/s\]: .*s' transcript || fail "not asked: $(cat transcript)"
    nothing_is_left
    same "the run" planned "$(query 'SELECT status FROM runs' $db)"
    rogctl sweep f.conf --cluster cluster.conf --db $db >out 2>said &
    sweep=$!
    finish 0 3 done
    same "taken up with little lost" "2 1" "$(query "SELECT count(*) || ' ' || (total(json_extract(data, '\$.lost_s')) < 4)
        FROM events WHERE kind = 'resume' AND json_extract(data, '\$.waits_for') IS NULL" $db)"
    echo "$tried: left, stopped, begun, stopped, done"
}

# No sshd on a host for some time: neither a new connection nor the old one works.
fault_sshd() {
    conf 20.0
    begin sshd
    kill -9 $(programs 2 sshd)
    sleep 6
    start_sshd 2
    finish 0 1 done
    heard "is back after"
}

# A link is down for 12 s.
fault_link() {
    conf 32.0
    begin link
    ip link set roglab-v3 down
    sleep 12
    ip link set roglab-v3 up
    finish 0 1 done
    same "workers that came back" 1 \
        "$(query "SELECT count(DISTINCT rank) FROM iterations WHERE rank = 3 AND t > 28" $db)"
}

# rogctl does not come back: the hosts stop when their leases expire.
fault_lease() {
    conf 200.0
    sed -i 's/lease = 60/lease = 8/' cluster.conf
    begin lease
    kill -9 $sweep
    wait $sweep
    for i in $(seq 120); do
        [ -z "$(for host in $hosts; do programs "$host" rog-trainer; done)" ] && break
        sleep 1
    done
    nothing_is_left
    echo "$tried: the hosts have cleaned up by themselves after $i s"
    sed -i 's/lease = 8/lease = 60/' cluster.conf
}

# The disk of a host is full. A host sees only what was mounted before its sshd started.
fault_disk() {
    mkdir -p $caches/host4/rogctl
    mount -t tmpfs -o size=400m tmpfs $caches/host4/rogctl || {
        echo "no disk can be mounted here, so none was full"
        return
    }
    kill $(programs 4 sshd)
    start_sshd 4
    trap 'umount $caches/host4/rogctl; rogctl lab down >/dev/null 2>&1' EXIT
    sed -i 's/retries = 1/retries = 0/' cluster.conf
    conf 60.0
    begin disk
    dd if=/dev/zero of=$caches/host4/rogctl/filler bs=64k 2>/dev/null
    finish 1 1 failed
    heard "No space left on device"
    grep -h failed said
}

for fault in ${*:-worker workers server supervisor rogctl interrupt sshd link lease disk}; do
    fault_$fault
done
