# SPDX-License-Identifier: Apache-2.0
#
# How a user's program may end: an exit status is reported as such, including 129 and more, and a signal
# as a signal, after which it is restarted. A program that ends successfully without having finished
# soon fails the run.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/leaver.sh"

cat >local.conf <<'END'
kind = "local"; stall_limit = 100.0; retries = 0; restarts = 2;
workers = ( { step_s = 0.02; compress_s = 0.0; decompress_s = 0.0; count = 1; } );
END

# ends COMMAND WORDS: checks that a run of this command soon fails with these words
ends()
{
    rm -rf results.db* results.runs
    cat >x.conf <<END
case = "x"; seconds = 3.0; trace = "constant:100"; runs = ( { library = "BSP"; } );
workload = { command = "$1"; files = []; test = "echo 1"; };
END
    try 1 timeout 300 rogctl sweep x.conf --cluster local.conf
    says "failed: worker $2"
}

ends 'exit 3' '1 exited with status 3'
for status in 129 137 143 192; do
    ends "exit $status" "1 exited with status $status"
    ends "env sh -c 'exit $status'" "1 exited with status $status"
    grep -q 'signal' err && fail "a signal that was none: $(cat err)"
done
ends "env sh -c 'kill -9 \$\$'" '1 was killed by signal 9'
same "restarts" 2 "$(grep -c 'worker 1 was killed by signal 9 and is restarted' err)"
ends "true; exec sh -c 'echo oh dear; kill -15 \$\$'" '1 was killed by signal 15: oh dear'

# Ended successfully without ever connecting; and left without telling the server, immediately or in the
# middle.
ends 'echo bye' "1's program ended (status 0) without taking part in the run; it said: bye"
ends 'true' "1's program ended (status 0) without taking part in the run; it said nothing"
# This is not a crash, so it is not restarted.
sed -i 's/retries = 0/retries = 2/' local.conf
ends 'true' "1's program ended (status 0) without taking part in the run"
grep -q 'is retried' err && fail "what ends well by itself is retried: $(cat err)"
sed -i 's/retries = 2/retries = 0/' local.conf
leaver_make
sed -i 's/count = 1/count = 2/' local.conf
for left in 0 5; do
    ends "$PWD/leaver $left" ''
    grep -q "'s program exited (status 0) before it had finished; it said nothing" err ||
        fail "not told from one that has finished"
done
sed "s/leaver 5/leaver/" x.conf >y.conf
timeout 300 rogctl sweep y.conf --cluster local.conf --db whole.db >out 2>err
same "who has finished" done "$(query 'SELECT status FROM runs' whole.db)"
# A replay has its model's tensors; if they are not recorded, that is an error.
run=$(query 'SELECT id FROM runs' whole.db)
try 0 rogctl replay "$run" --library BSP --threshold 0 --db whole.db --json
same "the model that is replayed" "1 same" \
    "$(json '"\((.bytes_pushed / .iterations) < 200 | if . then 1 else 0 end) \(.config.wire_model)"')"
query "UPDATE events SET data = json_remove(data, '\$.layout') WHERE kind = 'start'" whole.db
try 2 rogctl replay "$run" --db whole.db
says "its model belongs to a program, and an earlier version of rogctl did not record its tensors"
