# SPDX-License-Identifier: Apache-2.0
# Killed or interrupted when only checkpoints were left to test: training is not repeated.
. "$ROG_TEST_TOOLS/lib.sh"
cat >x.conf <<END
case = "t"; $tiny
runs = ( { threshold = 4; } );
END
# The real trainer, but tests do not end while a file `slow` exists.
cat >trainer <<END
#!/bin/sh
echo "\$1" >>$PWD/calls
[ "\$1" = test ] && [ -e $PWD/slow ] && exec sleep 600
exec $ROG_BUILD/bin/rog-trainer "\$@"
END
chmod +x trainer
ROG_TRAINER=$PWD/trainer
export ROG_TRAINER
ended="SELECT count(*) FROM events WHERE kind = 'end'"

for signal in KILL TERM; do
    rm -f results.db* calls
    rm -rf results.runs
    touch slow
    rogctl sweep x.conf >out 2>err &
    pid=$!
    tried="rogctl sweep and SIG$signal"
    for i in $(seq 600); do
        [ "$(sqlite3 results.db "$ended" 2>/dev/null)" = 1 ] && break
        sleep 0.1
    done
    same "ends" 1 "$(query "$ended")"
    sleep 0.5
    kill -$signal $pid
    wait $pid
    rm slow
    same "done" 0 "$(query "SELECT count(*) FROM runs WHERE status = 'done'")"
    before=$(query 'SELECT group_concat(sha256) FROM checkpoints')
    try 0 rogctl sweep x.conf
    same "training" 1 "$(grep -c simulate calls)"
    same "attempts" "1 done" "$(query "SELECT attempt || ' ' || status FROM runs")"
    same "checkpoints" "$before" "$(query 'SELECT group_concat(sha256) FROM checkpoints')"
    same "untested" 0 "$(query 'SELECT count(*) FROM checkpoints WHERE accuracy IS NULL')"
done

# A run in real time that its server had ended when one of its workers failed. When it is resumed there is nothing
# left to do, and a worker that connects after the server has exited is not waited for as if in an iteration.
rm -f results.db* calls
rm -rf results.runs
cat >l.conf <<END
kind = "local"; retries = 0; stall_limit = 3.0; workers = ( { step_s = 0.02; compress_s = 0.0; decompress_s = 0.0; } );
END
cat >y.conf <<END
case = "y"; workload = "none"; wire_model = "convmlp-nano"; seconds = 0.5; library = "BSP"; trace = "unlimited";
runs = ( { threshold = 0; } );
END
cat >trainer <<END
#!/bin/sh
[ "\$1" = work ] && [ -e $PWD/late ] && sleep 2
exec $ROG_BUILD/bin/rog-trainer "\$@"
END
try 0 rogctl sweep y.conf --cluster l.conf
iterations="SELECT count(*) || ' ' || max(iteration) FROM iterations"
before=$(query "$iterations")
rm results.runs/*/whole
query "UPDATE runs SET status = 'failed', error = 'worker 1: out of memory'"
touch late
try 0 rogctl sweep y.conf --cluster l.conf
says "it resumes from the state saved"
same "run" "2 done" "$(query "SELECT attempt || ' ' || status FROM runs")"
same "iterations" "$before" "$(query "$iterations")"
