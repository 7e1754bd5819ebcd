# SPDX-License-Identifier: Apache-2.0
# On hosts as well, a program that ends with status 0 before it has finished soon fails the run;
# programs that end with the run, earlier or later than others, do not.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/lab.sh"
. "$ROG_TEST_TOOLS/leaver.sh"

leaver_make
lab_up 2
host_states >idle-states
sed 's/{ host = \(.*\) }/{ host = \1 step_s = 0.05; compress_s = 0.0; decompress_s = 0.0; }/' $lab/cluster.conf |
    sed '/^server/s/ step_s.* }/ }/' >cluster.conf
echo 'retries = 0; stall_limit = 100.0;' >>cluster.conf

# experiment ARGUMENTS: the first worker ends as these arguments say.
experiment() {
    cat <<END
case = "x"; seconds = 8.0; trace = "constant:100"; runs = ( { library = "SSP"; } );
workload = { command = "[ \$ROG_RANK = 1 ] && exec $PWD/leaver $1; exec $PWD/leaver"; files = []; test = "echo 1"; };
END
}

experiment 5 >x.conf
try 1 timeout 300 rogctl sweep x.conf --cluster cluster.conf
grep -q "worker 1 (.*)'s program exited (status 0) before it had finished; it said nothing" err ||
    fail "not told from one that has finished"
nothing_is_left
experiment '' >y.conf
try 0 timeout 300 rogctl sweep y.conf --cluster cluster.conf --db whole.db
same "who has finished" done "$(query 'SELECT status FROM runs' whole.db)"
nothing_is_left
