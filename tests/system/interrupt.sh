# SPDX-License-Identifier: Apache-2.0
# Ctrl-C: child processes stop, nothing incomplete remains, the exit status is that of an interrupt, and
# the same command resumes the sweep.
. "$ROG_TEST_TOOLS/lib.sh"

cat >x.conf <<END
case = "c"; workload = "none"; seconds = 300.0;
runs = ( { threshold = 4; }, { threshold = 20; }, { threshold = 30; } );
END

# A trainer that never ends.
cat >slow <<'END'
#!/bin/sh
while [ $# -gt 1 ]; do [ "$1" = --out ] && folder=$2; shift; done
echo '{"event":"start","t":0}' >"$folder/events.jsonl"
echo '{"event":"iteration","t":1,"rank":1,"iteration":1,"compute_s":1,"push_s":1,"pull_s":1,"stall_s":1}' \
    >>"$folder/events.jsonl"
echo $$ >>pids
exec sleep 600
END
chmod +x slow

for signal in INT TERM HUP; do
    rm -f pids
    ROG_TRAINER=$PWD/slow setsid rogctl sweep x.conf --jobs 2 >out 2>err &
    pid=$!
    tried="rogctl sweep and SIG$signal"
    for i in $(seq 1200); do
        [ -e results.db ] && [ "$(query 'SELECT count(*) FROM iterations' 2>/dev/null)" = 2 ] && break
        sleep 0.1
    done
    same "runs at once" 2 "$(query "SELECT count(*) FROM runs WHERE status = 'running'")"
    for i in $(seq 1200); do
        [ "$(query 'SELECT count(*) FROM progress WHERE iteration = 1')" = 2 ] && break
        sleep 0.1
    done
    rogctl runs >table
    same "shown as running" 2 "$(grep -c ' running ' table)"
    # setsid may have forked: the signal goes to rogctl itself.
    kill -$signal "$(pgrep -s "$pid" rogctl 2>/dev/null || echo $pid)"
    kill -$signal "$pid" 2>/dev/null # like a shell whose terminal is closed, and timeout(1)
    wait $pid
    same "exit status" 130 $?
    says "interrupted; the same command continues"
    for child in $(cat pids); do kill -0 "$child" 2>/dev/null && fail "process $child runs on"; done
    same "running" 0 "$(query "SELECT count(*) FROM runs WHERE status != 'planned'")"
    same "half-done rows" 0 "$(query 'SELECT count(*) FROM iterations')"
    same "progress" 0 "$(query 'SELECT count(*) FROM progress')"
done

# A second signal kills rogctl immediately, and with it what it has started. Here it waits for a trainer
# that ignores SIGTERM.
sed 's/^exec sleep 600/trap "" TERM; while :; do sleep 600; done/' slow >stubborn
chmod +x stubborn
rm -f pids
ROG_TRAINER=$PWD/stubborn rogctl sweep x.conf --jobs 1 >out 2>err &
pid=$!
for i in $(seq 1200); do
    [ -s pids ] && break
    sleep 0.1
done
kill -INT $pid
kill -TERM $pid
wait $pid
same "exit status" 143 $?
for i in $(seq 1200); do
    kill -0 "$(cat pids)" 2>/dev/null || break
    sleep 0.1
done
kill -0 "$(cat pids)" 2>/dev/null && fail "the trainer runs on"

# A run that no process executes is not reported as running, whatever the table of runs contains.
rm -f pids
ROG_TRAINER=$PWD/slow rogctl sweep x.conf --jobs 1 >out 2>err &
pid=$!
for i in $(seq 1200); do
    [ "$(query 'SELECT count(*) FROM progress')" = 1 ] && break
    sleep 0.1
done
same "progress" 1 "$(query 'SELECT count(*) FROM progress')"
kill -KILL $pid
wait $pid
same "status" 1 "$(query "SELECT count(*) FROM runs WHERE status = 'running'")"
try 0 rogctl runs
prints interrupted
grep -q ' running ' out && fail "shown as running"

# A run is stopped by a request in the database; the sweep continues with the next one.
ROG_TRAINER=$PWD/slow rogctl sweep x.conf --jobs 1 >out 2>err &
pid=$!
first=$(query "SELECT id FROM runs WHERE threshold = 4")
for i in $(seq 1200); do
    sqlite3 -cmd '.timeout 9000' results.db \
        "UPDATE progress SET wanted = 'stop' WHERE run_id = '$first'" || fail "not asked"
    [ "$(query "SELECT count(*) FROM progress WHERE run_id != '$first'")" = 1 ] && break
    sleep 0.1
done
same "next run" 1 "$(query "SELECT count(*) FROM progress WHERE run_id != '$first'")"
kill -TERM $pid
wait $pid
says "$first (ROG 4) was stopped"
try 0 rogctl sweep x.conf
same "done" 3 "$(query "SELECT count(*) FROM runs WHERE status = 'done'")"
