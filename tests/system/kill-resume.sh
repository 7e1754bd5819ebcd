# SPDX-License-Identifier: Apache-2.0
# A sweep that is killed at any moment has the same result as an undisturbed one: no run is lost or
# counted twice, and no process remains.
. "$ROG_TEST_TOOLS/lib.sh"

cat >x.conf <<END
case = "k"; workload = "none"; seconds = 6000.0;
matrix = { library = ["ROG"]; threshold = [4, 20, 40]; seed = [1, 2]; };
END

# The result of an undisturbed sweep.
try 0 rogctl sweep x.conf --db whole.db --jobs 2 --plots whole
outcome="SELECT threshold, seed, status, (SELECT count(*) FROM iterations WHERE run_id = id),
    (SELECT sum(t) FROM iterations WHERE run_id = id), (SELECT count(*) FROM bandwidth WHERE
    run_id = id), (SELECT count(*) FROM events WHERE run_id = id AND kind != 'resume'), (SELECT sum(joules) FROM energy
    WHERE run_id = id) FROM runs ORDER BY threshold, seed"
query "$outcome" whole.db >wanted

# No process of a killed sweep remains.
check_nothing_runs() {
    sleep 0.2
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/cwd" 2>/dev/null)" = "$PWD" ] || continue
        case $(readlink "$process/exe") in */rog-trainer) fail "a trainer outlives rogctl" ;; esac
    done
}

# The database is intact. It may be too early for it to have tables.
check_database() {
    [ -e results.db ] && [ "$(query 'PRAGMA user_version')" != 0 ] || return 0
    same "integrity" ok "$(query 'PRAGMA integrity_check')"
    same "half-done runs that count" 0 "$(query "SELECT count(*) FROM runs WHERE status = 'done'
        AND id NOT IN (SELECT run_id FROM events WHERE kind = 'end')")"
}

start() {
    rogctl sweep x.conf --jobs 2 >out 2>err &
    pid=$!
    tried="rogctl sweep, killed $*"
}
strike() {
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    check_nothing_runs
    check_database
}

# Early, and then when a part of a run has been stored.
for delay in 0.02 0.1 0.2; do
    start "after $delay s"
    sleep "$delay"
    strike
done
half_stored="SELECT count(*) FROM runs WHERE status = 'running' AND id IN (SELECT run_id FROM
    iterations) AND id NOT IN (SELECT run_id FROM events WHERE kind = 'end')"
for round in 1 2 3; do
    start "in the middle"
    for i in $(seq 6000); do
        [ "$(sqlite3 results.db "$half_stored" 2>/dev/null || echo 0)" -gt 0 ] && break
        kill -0 $pid 2>/dev/null || break
        sleep 0.02
    done
    strike
done
done=$(query "SELECT count(*) FROM runs WHERE status = 'done'")
[ "$done" -lt 6 ] && [ "$(query "$half_stored")" -gt 0 ] || skip "too fast to be caught half-way"

try 0 rogctl sweep x.conf --jobs 2
says "continuing k-case0: $done of 6 runs are already done"
says ", interrupted)"
query "$outcome" >found
diff wanted found || fail "the outcome is another one"
same "runs" 6 "$(query 'SELECT count(*) FROM runs')"
same "cases" 1 "$(query 'SELECT count(*) FROM cases')"
