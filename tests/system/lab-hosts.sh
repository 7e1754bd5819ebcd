# SPDX-License-Identifier: Apache-2.0
# A sweep on hosts with real sshd and no shared folder, which execute runs of a virtual cluster: results
# are the same to the byte as on this machine, even if agents, connections and the controller are killed
# and a host is cut off; and nothing remains there.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/lab.sh"

lab_up 2
{
    echo 'kind = "hosts"; lease = 60.0; host_defaults = { slots = 1; nice = 5; };'
    grep ssh_config $lab/cluster.conf
    echo "hosts = ( $(sed -n 's/.*host = "\([^"]*\)".*/{ host = "\1"; }/p' $lab/cluster.conf | paste -sd,) );"
} >hosts.conf
rogctl trace synth outdoors 'trace-{rank}.csv' --workers 4 >out 2>err || fail "no traces"
cat >x.conf <<CONF
case = "x"; figure = "1"; trace = "trace-{rank}.csv"; trace_start = "seed";
runs = ( { library = "ROG"; threshold = 4; pretrain_epochs = 0; test_images = 100; seconds = 40.0; },
         { library = "BSP"; workload = "none"; seconds = 3000.0; seed = 1; },
         { library = "BSP"; workload = "none"; seconds = 3000.0; seed = 2; },
         { library = "SSP"; threshold = 4; workload = "none"; seconds = 3000.0; seed = 1; },
         { library = "SSP"; threshold = 4; workload = "none"; seconds = 3000.0; seed = 2; },
         { library = "ROG"; threshold = 4; workload = "none"; seconds = 3000.0; seed = 1; },
         { library = "ROG"; threshold = 4; workload = "none"; seconds = 3000.0; seed = 2; } );
CONF

# Prints the results of a case: all events except the first, which names a file of the program, and test
# results.
outcome() {
    query 'SELECT id FROM runs ORDER BY library, seed, workload' "$1" | while read -r id; do
        tail -n +2 "${1%.db}.runs/$id/events.jsonl" | sha256sum
    done
    query 'SELECT library, seed, status, attempt, (SELECT count(*) FROM iterations WHERE run_id = id),
        (SELECT group_concat(accuracy) FROM checkpoints WHERE run_id = id), config_hash
        FROM runs ORDER BY library, seed, workload' "$1"
}
# begin: starts the sweep in the background.
begin() {
    rogctl sweep x.conf --on hosts:hosts.conf --attach >>said 2>&1 &
    sweep=$!
}
# agents HOST: the process that keeps the agents, which is the first, and the agents.
agents() { programs "$1" rogctl | sort -n; }
await_agents() {
    for i in $(seq 900); do
        [ "$(agents "$1" | wc -l)" -gt 1 ] && return
        sleep 0.2
    done
    fail "no agents on host $1: $(cat said)"
}

try 0 rogctl sweep x.conf --on hosts:hosts.conf -n
prints '7 of 7 runs to do'
prints '1 run at once, nice 5'

begin
await_agents 0
kill -9 $sweep
wait $sweep 2>/dev/null
# A clock that is set days ahead makes the pool look old; it stays, as its keeper is alive.
pool=$(echo $caches/host0/rogctl/pools/*)
touch "$pool/here"
touch -d '3 days ago' "$pool/lease"
begin
await_agents 1
for i in $(seq 900); do
    [ -n "$(find "$pool/lease" -mmin -1000)" ] && break
    sleep 0.2
done
[ -e "$pool/here" ] || fail "a pool with a keeper was removed"
kill -9 "$(agents 1 | tail -n 1)"
for process in $(programs 2 sshd); do # the process of the connection, not the listening one
    [ "$(ps -o ppid= -p "$process" | tr -d ' ')" = 1 ] || kill -9 "$process"
done
ip -n roglab0 link set eth0 down
sleep 2
ip -n roglab0 link set eth0 up
tried='the sweep'
wait $sweep || fail "exit status $?: $(cat said)"
same "runs that are done" 7 "$(query "SELECT count(*) FROM runs WHERE status = 'done'")"
ls plots/*.pdf >pictures || fail "nothing is drawn"
[ ! -e results.pool ] || fail "the pool is left"
for host in $hosts; do
    same "agents on host $host" "" "$(agents "$host")$(programs "$host" rog-trainer)"
    same "pools on host $host" "" "$(ls $caches/host"$host"/rogctl/pools)"
done

try 0 rogctl sweep x.conf --db here.db --plots here
outcome here.db >wanted
outcome results.db >found
cmp wanted found || fail "other results: $(diff wanted found)"
try 0 rogctl verify "$(query 'SELECT id FROM runs LIMIT 1')"
same "runs whose host is known" 7 "$(query "SELECT count(DISTINCT run_id) FROM events WHERE kind = 'executed'")"
