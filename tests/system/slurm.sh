# SPDX-License-Identifier: Apache-2.0
# A sweep on a Slurm of its own: the results are the same to the byte as on this machine, even if a
# job's time ends, a job is killed, and slurmctld is unreachable; `stop` leaves no job behind.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/slurm.sh"
slurm_up 2

cat >x.conf <<END
case = "c"; workload = "none"; snapshot_period = 0.2;
epochs = 100;
runs = ( { threshold = 4; seconds = 5000.0; }, { threshold = 20; seconds = 300.0; },
         { library = "BSP"; seconds = 300.0; }, { library = "SSP"; threshold = 4; seconds = 300.0; } );
END
cat >s.conf <<END
kind = "slurm"; partition = "all"; job_name = "it's a test"; signal_before = 10;
workers = ( { profile = "jetson-nx"; count = 4; } );
END

# Prints the results of a case: all events except the first, which names files.
outcome() {
    query "SELECT id FROM runs WHERE status = 'done' ORDER BY library, threshold" "$1" |
        while read -r id; do
            tail -n +2 "${1%.db}.runs/$id/events.jsonl" | sha256sum
        done
    query "SELECT library, threshold, status, attempt, (SELECT count(*) FROM iterations WHERE run_id = id),
        (SELECT sum(t) FROM iterations WHERE run_id = id) FROM runs ORDER BY library, threshold" "$1"
}
# until_true SECONDS COMMAND...: waits until it succeeds.
until_true() {
    for i in $(seq $(($1 * 5))); do "${2}" && return; sleep 0.2; done
    fail "never true: $2; $(squeue -r; tail -n 5 ./*.pool/*/slurm/*.out)"
}

# ---- what would be submitted ----
try 0 rogctl sweep x.conf --on slurm:s.conf -n
prints '#SBATCH --job-name="it'
prints '#SBATCH --array=0-3'
same "jobs of a dry run" "" "$(squeue -h)"

# ---- what cannot be submitted ----
sed 's/"all"/"none"/' s.conf >wrong.conf
try 1 rogctl sweep x.conf --on slurm:wrong.conf --attach --db wrong.db
says "nvalid partition"

# ---- jobs run out of time, and slurmctld is unreachable ----
try 0 rogctl sweep x.conf --cluster s.conf
id=$(cut -d' ' -f1 out | head -n 1)
# The long run waits for the signal once it has a snapshot to resume from. Its agent's parent is the
# job's script, to which Slurm sends the signal, too.
parent() { ps -o ppid= -p "$1" | tr -d ' '; }
works() {
    ls results.pool/c-case0/runs/*-ROG-4-*/*/snapshot >snapshots 2>&1 &&
        trainer=$(pgrep -f "simulate .*$PWD/results.pool/.*-ROG-4-") && kill -STOP "$trainer"
}
until_true 240 works
kill -USR1 "$(parent "$(parent "$trainer")")"
went_back() { scontrol -o show job | grep -q 'Restarts=[1-9]'; }
until_true 240 went_back
kill $slurmctld
wait $slurmctld 2>/dev/null
slurm_slurmctld
try 0 rogctl attach "$id"
try 0 rogctl sweep x.conf --db here.db --jobs 2 --plots here
outcome here.db >wanted
outcome results.db >found
cmp wanted found || fail "other results: $(diff wanted found)"
[ "$(query "SELECT count(*) FROM events WHERE kind = 'resume'")" -gt 0 ] || fail "nothing went on from a snapshot"
ls plots/*.pdf >pictures || fail "nothing is drawn"

# ---- stopped ----
try 0 rogctl sweep x.conf --on slurm:s.conf --db stop.db
id=$(cut -d' ' -f1 out | head -n 1)
runs_jobs() { [ "$(squeue -h -t RUNNING | wc -l)" -gt 0 ]; }
until_true 240 runs_jobs
try 0 rogctl stop "$id"
no_jobs() { [ -z "$(squeue -h)" ]; }
until_true 240 no_jobs
