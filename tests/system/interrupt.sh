# SPDX-License-Identifier: Apache-2.0
# Ctrl-C: the children stop, nothing half-done stays, the exit status says so, and the same command
# goes on.
. "$ROG_TEST_TOOLS/lib.sh"

cat >x.conf <<END
case = "c"; workload = "none"; seconds = 300.0;
runs = ( { threshold = 4; }, { threshold = 20; }, { threshold = 30; } );
END

# A trainer that would never end.
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
    for i in $(seq 100); do
        [ -e results.db ] && [ "$(query 'SELECT count(*) FROM iterations' 2>/dev/null)" = 2 ] && break
        sleep 0.1
    done
    same "runs at once" 2 "$(query "SELECT count(*) FROM runs WHERE status = 'running'")"
    # setsid may have forked: the signal goes to rogctl itself.
    kill -$signal "$(pgrep -s "$pid" rogctl 2>/dev/null || echo $pid)"
    wait $pid
    same "exit status" 130 $?
    says "interrupted; the same command continues"
    for child in $(cat pids); do kill -0 "$child" 2>/dev/null && fail "process $child runs on"; done
    same "running" 0 "$(query "SELECT count(*) FROM runs WHERE status != 'planned'")"
    same "half-done rows" 0 "$(query 'SELECT count(*) FROM iterations')"
done
try 0 rogctl sweep x.conf
same "done" 3 "$(query "SELECT count(*) FROM runs WHERE status = 'done'")"
