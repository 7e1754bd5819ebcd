# SPDX-License-Identifier: Apache-2.0
# Robots that come and go, in one run on 4 workers: worker 4 joins after the start, worker 1 fails
# permanently, worker 2 is restarted; the records of worker 3's host are damaged once. The run is done
# at the first attempt, has every event once, and is marked as having 3 of 4 workers. Nothing remains on
# any reachable host.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/lab.sh"

lab_up 4
cp $lab/cluster.conf cluster.conf
echo 'stall_limit = 60.0; worker_timeout = 4.0; retries = 0; lease = 60.0; min_workers = 2;' >>cluster.conf
echo 'case = "f"; seconds = 40.0; checkpoint_period = 10.0; trace = "constant:20";
    workload = "none"; wire_model = "convmlp-nano"; epochs = 100000;
    runs = ( { library = "SSP"; threshold = 4; } );' >f.conf

# gone HOST: kills every process there.
gone() {
    for process in $(ip netns pids "roglab$1"); do kill -9 "$process" 2>/dev/null; done
}
joined() {
    echo "SELECT count(*) FROM events WHERE kind = 'join' AND rank = $1"
}

gone 4
begin away
run=$(query 'SELECT id FROM runs' $db)
rogctl show "$run" --db $db >out
prints "without worker 4 ("
same "joins of worker 4" 0 "$(query "$(joined 4)" $db)"
start_sshd 4
wait_for 120 "$(joined 4)" $db

echo rubbish >>"$(ls $caches/host3/rogctl/runs/*/host.jsonl)"
ip link set roglab-v1 down
gone 1
gone 2
start_sshd 2
wait_for 120 "$(joined 2) AND t > 1" $db
wait $sweep
status=$?
[ $status = 0 ] || fail "exit status $status: $(grep -v running said)"
same "the run" "done 1" "$(query 'SELECT status || " " || attempt FROM runs' $db)"
heard "the run is being restored there"
heard "a record of worker 3's host is damaged and was skipped"
heard "worker 1 ("
same "away at the end" 1 "$(query "SELECT group_concat(json_extract(value, '$.rank')) FROM events,
    json_each(data, '$.workers_away') WHERE kind = 'end'" $db)"
try 0 rogctl verify "$run" --db $db
prints "3 of 4 workers to the end"
try 0 rogctl runs --db $db
prints "3 of 4"
each_event_once $db 60
hosts="0 2 3 4"
host_states >idle-states
rm -r $caches/host1/rogctl/runs
nothing_is_left
