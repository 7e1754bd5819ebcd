# SPDX-License-Identifier: Apache-2.0
# Clusters of real processes on this machine: a sweep up to its figures, real gradients, killed
# processes, a run that makes no progress, rogctl killed and started again; no run remains.
. "$ROG_TEST_TOOLS/lib.sh"

cat >local.conf <<'END'
kind = "local"; stall_limit = 60.0; worker_timeout = 3.0; retries = 1;
workers = ( { step_s = 0.2; compress_s = 0.02; decompress_s = 0.02; trace_offset = 30.0; },
    { step_s = 0.2; compress_s = 0.02; decompress_s = 0.02; trace_offset = 90.0; } );
END
short='workload = "none"; wire_model = "convmlp-nano"; epochs = 100000;'

# Trainers of this folder: recognized by their configuration, because only root can see more of them.
trainers() {
    for process in $(grep -la rog-trainer /proc/[0-9]*/cmdline 2>/dev/null | cut -d / -f 3); do
        config=$(tr '\0' '\n' <"/proc/$process/cmdline" | sed -n '/^--config$/{n;p;}')
        case $config in '' | /*) continue ;; esac
        # Another test's process may have the same name.
        case $(readlink "/proc/$process/cwd") in '' | "$(pwd -P)") ;; *) continue ;; esac
        [ -e "$config" ] && echo "$process"
    done 2>/dev/null
}
# They end by themselves, whatever happened to rogctl.
no_trainer_runs_on() {
    for i in $(seq 1200); do
        [ -n "$(trainers)" ] || return 0
        sleep 0.1
    done
    same "trainers that run on" "" "$(trainers)"
}
nothing_is_left() {
    no_trainer_runs_on
    same "keys" "" "$(find . -name key)"
}
# Prints the process whose command line contains this text.
one_with() {
    for process in $(trainers); do
        tr '\0' ' ' <"/proc/$process/cmdline" | grep -q -e "$1" && echo "$process" && return
    done
}
# wait_for SECONDS SQL: waits until it returns something other than 0 or nothing.
wait_for() {
    for i in $(seq $(($1 * 10))); do
        case $(sqlite3 results.db "$2" 2>/dev/null) in '' | 0) sleep 0.1 ;; *) return ;; esac
    done
    fail "never true: $2"
}
iterations='SELECT count(*) > 5 FROM iterations'
each_iteration_once="SELECT count(*) FROM iterations GROUP BY run_id, rank HAVING count(*) !=
    max(iteration) - min(iteration) + 1"

# From a sweep to its figures; ROG stalls less than BSP.
cat >x.conf <<END
case = "l"; figure = "1"; seconds = 20.0; $short
trace = "trace-{rank}.csv";
runs = ( { library = "BSP"; note = "BSP"; }, { library = "ROG"; threshold = 4; note = "ROG 4"; } );
END
# The links are alternately good and bad.
for rank in 1 2; do
    awk -v rank=$rank 'BEGIN { print "seconds,mbps"; for (t = 0; t < 200; t += 3)
        print t "," (t / 3 % 2 == rank - 1 ? 0.3 : 6) }' >trace-$rank.csv
done
try 0 rogctl sweep x.conf --cluster local.conf --jobs 4
nothing_is_left
same "done" 2 "$(query "SELECT count(*) FROM runs WHERE status = 'done' AND attempt = 1")"
same "streams" 6 "$(query 'SELECT count(*) FROM streams WHERE stored_bytes > 0')"
same "gaps" "" "$(query "$each_iteration_once")"
same "workers" "1,2,1,2" "$(query 'SELECT group_concat(rank) FROM workers')"
ls plots/l-case0-*.pdf >out || fail "no figures"
for id in $(query 'SELECT id FROM runs'); do try 0 rogctl verify "$id"; done
same "iterations that left rows out, and their counts by layer" "$(query "SELECT count(*) || ' ' || count(*) FROM iterations
    WHERE rows_pushed < rows_total OR rows_pulled < rows_total")" \
    "$(query "WITH counts AS (SELECT run_id, rank, json_extract(data, '\$.iteration') AS iteration,
        (SELECT sum(value) FROM json_each(data, '\$.pushed')) AS pushed,
        (SELECT sum(value) FROM json_each(data, '\$.pulled')) AS pulled FROM events WHERE kind = 'rows')
    SELECT count(*) || ' ' || sum(pushed = rows_pushed AND pulled = rows_pulled)
    FROM counts JOIN iterations USING(run_id, rank, iteration)")"
stalls=$(query "SELECT group_concat(stall, ' ') FROM (SELECT round(sum(stall_s) / sum(compute_s +
    push_s + pull_s + stall_s), 3) AS stall FROM iterations JOIN runs ON id = run_id
    GROUP BY run_id ORDER BY library)")
echo "share of stalls: BSP and ROG $stalls"
echo "$stalls" | awk '{ exit !($2 < $1) }' || fail "ROG stalls no less than BSP: $stalls"

# With real gradients; runs with the same settings in virtual time are different runs.
cat >train.conf <<'END'
case = "t"; seconds = 12.0; checkpoint_period = 4.0; pretrain_epochs = 0; test_images = 100;
batch = 4; noise = "none"; epochs = 100; wire_model = "same"; trace = "constant:100";
runs = ( { library = "ROG"; threshold = 4; } );
END
try 0 rogctl sweep train.conf --cluster local.conf --db train.db
nothing_is_left
[ "$(query "SELECT count(*) FROM checkpoints WHERE accuracy IS NOT NULL" train.db)" -ge 4 ] ||
    fail "not enough tested checkpoints"
same "untested" 0 "$(query 'SELECT count(*) FROM checkpoints WHERE accuracy IS NULL' train.db)"

# A killed worker and a killed server are restarted.
rm -f results.db
cat >kill.conf <<END
case = "k"; seconds = 14.0; checkpoint_period = 1.0; trace = "constant:20"; $short
runs = ( { library = "SSP"; threshold = 4; } );
END
# With BSP and one bad link, a worker is stalled most of the time.
cp kill.conf work.conf
sed 's/constant:20/trace-{rank}.csv/; s/"SSP"; threshold = 4;/"BSP";/' kill.conf >serve.conf
for victim in "work .*--rank 2" "serve"; do
    rm -rf results.db*
    rogctl sweep "${victim%% *}.conf" --cluster local.conf >out 2>err &
    pid=$!
    tried="a sweep of which '$victim' is killed"
    wait_for 240 "$iterations"
    # The same sweep cannot run twice at the same time.
    rogctl sweep "${victim%% *}.conf" --cluster local.conf >again 2>&1 && fail "the same sweep goes on twice"
    grep -q "already running, as [^ ]*-1 (process $pid, for [0-9]* [a-z]*)" again || fail "it says: $(cat again)"
    kill -9 "$(one_with "$victim")" || fail "nothing to kill"
    wait $pid
    same "exit status" 0 $?
    says "was killed by signal 9 and is restarted"
    [ "$victim" = serve ] && says "the server was restarted and resumes from its state saved at" &&
        says "s of the run were lost"
    nothing_is_left
    same "done" "done 1" "$(query "SELECT status || ' ' || attempt FROM runs")"
    try 0 rogctl show "$(query 'SELECT id FROM runs')"
    prints "restart: "
    [ "$victim" = serve ] && same "waited for" 2 "$(query "SELECT json_array_length(data, '\$.waits_for')
        FROM events WHERE kind = 'resume'")"
    # Iterations lost with a process are missing or repeated, and the record says so: no finding.
    try 0 rogctl verify "$(query 'SELECT id FROM runs')"
done

# A worker that is not restarted is lost permanently. The run continues with the other one, if that is
# enough.
lose() { # STATUS MIN_WORKERS
    sed "s/retries = 1;/retries = 0; restarts = 0; min_workers = $2;/" local.conf >gone.conf
    sed 's/seconds = 14/seconds = 9/' kill.conf >gone-kill.conf
    rm -rf results.db*
    rogctl sweep gone-kill.conf --cluster gone.conf >out 2>err &
    pid=$!
    tried="a sweep that loses a worker, min_workers = $2"
    wait_for 240 "$iterations"
    kill -9 "$(one_with 'work .*--rank 2')" || fail "nothing to kill"
    wait $pid
    same "exit status" "$1" $?
    nothing_is_left
}
lose 0 0
says "worker 2 was killed by signal 9 and is not restarted (restarts is 0); the run continues without it"
same "done" "done 1" "$(query "SELECT status || ' ' || attempt FROM runs")"
same "away" 2 "$(query "SELECT data->>'$.workers_away[0].rank' FROM events WHERE kind = 'end'")"
try 0 rogctl runs
prints "1 of 2"
try 0 rogctl report k-case0
prints "SSP 4, 1 of 2 workers"
try 0 rogctl show "$(query 'SELECT id FROM runs')"
prints "1 of 2 workers to the end"
grep -Eq '^away +worker 2 since [0-9]+ s$' out || fail "show does not say who is away"
try 0 rogctl verify "$(query 'SELECT id FROM runs')"
lose 1 2
says "worker 2 was killed by signal 9: 1 of 2 workers are left, min_workers is 2"

# A run without progress is retried, and finally fails with the reason.
sed 's/stall_limit = 60.0/stall_limit = 5.0/' local.conf >impatient.conf
cat >still.conf <<END
case = "s"; seconds = 30.0; trace = "constant:0.0001"; $short
runs = ( { library = "BSP"; } );
END
try 1 rogctl sweep still.conf --cluster impatient.conf --db still.db
says "no worker has finished an iteration for 5 s (stall_limit). The run is retried"
same "failed" "failed 2" "$(query "SELECT status || ' ' || attempt FROM runs" still.db)"
same "retries" 1 "$(query "SELECT count(*) FROM events WHERE kind = 'retry'" still.db)"
nothing_is_left

# After Ctrl-C, or if rogctl is killed, the same command continues.
for signal in INT KILL; do
    rm -rf results.db*
    rogctl sweep kill.conf --cluster local.conf >out 2>err &
    pid=$!
    tried="a sweep that gets SIG$signal"
    wait_for 240 'SELECT count(*) > 24 FROM iterations' # the server has saved a checkpoint by then
    kill -$signal $pid
    wait $pid
    no_trainer_runs_on
done
try 0 rogctl sweep kill.conf --cluster local.conf
says ", interrupted)"
says "it resumes from the state saved at "
same "time stands still until a worker is back" 1 "$(query "SELECT min((SELECT min(t) FROM events j WHERE kind = 'join'
    AND j.t >= r.t AND j.rowid > r.rowid) - t < 0.02) FROM events r WHERE kind = 'resume' AND rank = 0")"
same "time goes on" 1 "$(query "SELECT min(t - lag) > 0 AND count(*) > 0 FROM (SELECT t, lag(t, 1, 0)
    OVER (PARTITION BY rank ORDER BY iteration) AS lag FROM iterations)")"
try 0 rogctl verify "$(query 'SELECT id FROM runs')"
nothing_is_left
same "done" "done 2" "$(query "SELECT status || ' ' || attempt FROM runs")"

# Settings of cluster files.
echo 'kind = "virtual"; retries = 1; workers = ( { } );' >bad.conf
try 2 rogctl sweep kill.conf --cluster bad.conf
says "bad.conf, line 1: retries is for clusters of kind local or ssh"
