# SPDX-License-Identifier: Apache-2.0
# A sweep on a Slurm of two nodes, with jobs that execute two runs at a time: both nodes get some, and
# if one of them fails with everything on it, the other executes its runs, with the same bytes.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/slurm.sh"
slurm_up 2 "one two"

cat >x.conf <<END
case = "c"; workload = "none"; snapshot_period = 0.2; seconds = 3000.0;
matrix = { library = ["BSP", "ROG"]; threshold = [4]; seed = [1, 2, 3, 4]; };
END
cat >s.conf <<END
kind = "slurm"; cpus = 2; signal_before = 10;
END

streams() {
    query "SELECT id FROM runs WHERE status = 'done' ORDER BY library, seed" "$1" | while read -r id; do
        tail -n +2 "${1%.db}.runs/$id/events.jsonl" | sha256sum
    done
}
# until_true COMMAND...: waits until it succeeds.
until_true() {
    for i in $(seq 1200); do "$@" && return; sleep 0.2; done
    fail "never true: $*; $(squeue -r; tail -n 5 ./*.pool/*/slurm/*.out)"
}

# One job for two runs: four jobs for eight runs, of which two nodes with two processors execute two at
# a time.
try 0 rogctl sweep x.conf --on slurm:s.conf -n
prints '#SBATCH --array=0-3'
prints '#SBATCH --cpus-per-task=2'
prints "--slots 2 &"

rogctl sweep x.conf --on slurm:s.conf --attach --lease 3 >said 2>&1 &
sweep=$!
both_work() { [ "$(squeue -h -t RUNNING -o %N | sort -u | wc -l)" = 2 ] || ! kill -0 $sweep 2>cause; }
until_true both_work
# The job's script has two agents as children.
agents() { ls results.pool/c-case0/agents 2>cause | grep -c .; }
four_agents() { [ "$(agents)" -ge 4 ] || ! kill -0 $sweep 2>cause; }
until_true four_agents
kill -0 $sweep 2>cause || fail "the sweep has ended: $(tail -n 5 said)"
for process in $(grep -lxzF SLURMD_NODENAME=two /proc/[0-9]*/environ 2>cause); do
    process=${process#/proc/}
    kill -KILL "${process%/environ}"
done
kill -KILL "$(cat slurm/slurmd-two.process)"
scontrol update nodename=two state=down reason=dead
tried='the sweep'
wait $sweep || fail "exit status $?: $(tail -n 20 said)"
try 0 rogctl sweep x.conf --db here.db --jobs 2 --plots here
streams here.db >wanted
streams results.db >found
[ "$(wc -l <found)" = 8 ] || fail "not all are done: $(cat said)"
cmp wanted found || fail "other results"
no_jobs() { [ -z "$(squeue -h -t RUNNING,PENDING)" ]; }
until_true no_jobs
