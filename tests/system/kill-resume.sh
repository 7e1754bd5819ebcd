# SPDX-License-Identifier: Apache-2.0
# Killed at any moment, a sweep ends as if it had not been: no run lost, none counted twice, no
# process left behind.
. "$ROG_TEST_TOOLS/lib.sh"

cat >x.conf <<END
case = "k"; workload = "none"; seconds = 2000.0;
matrix = { library = ["ROG"]; threshold = [4, 20]; seed = [1, 2, 3]; };
END

# What comes out when nothing happens.
try 0 rogctl sweep x.conf --db whole.db --jobs 2 --plots whole
outcome="SELECT threshold, seed, status, (SELECT count(*) FROM iterations WHERE run_id = id),
    (SELECT sum(t) FROM iterations WHERE run_id = id), (SELECT count(*) FROM bandwidth WHERE
    run_id = id), (SELECT count(*) FROM events WHERE run_id = id), (SELECT sum(joules) FROM energy
    WHERE run_id = id) FROM runs ORDER BY threshold, seed"
query "$outcome" whole.db >wanted

for delay in 0.02 0.1 0.2 0.3 0.45 0.6 0.8; do
    rogctl sweep x.conf --jobs 2 >out 2>err &
    pid=$!
    sleep "$delay"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    sleep 0.3
    # Nothing of it runs on: nobody holds a file of the runs open.
    for process in /proc/[0-9]*; do
        case $(readlink "$process/exe" 2>/dev/null) in
        */rog-trainer)
            case $(tr '\0' ' ' <"$process/cmdline") in
            *"$PWD"* | *" results.runs/"*)
                [ "$(readlink "$process/cwd")" = "$PWD" ] && fail "a trainer outlives rogctl" ;;
            esac ;;
        esac
    done
    # It may be too early even for the tables.
    if [ -e results.db ] && [ "$(query 'PRAGMA user_version')" = 1 ]; then
        same "integrity" ok "$(query 'PRAGMA integrity_check')"
        same "half-done runs that count" 0 "$(query "SELECT count(*) FROM runs WHERE status = 'done'
            AND id NOT IN (SELECT run_id FROM events WHERE kind = 'end')")"
    fi
done
interrupted=$(query "SELECT count(*) FROM runs WHERE status = 'running'")
done=$(query "SELECT count(*) FROM runs WHERE status = 'done'")

[ "$done" -lt 6 ] || skip "this machine is too fast to be interrupted"
try 0 rogctl sweep x.conf --jobs 2
says "continuing k-case0: $done of 6 runs are done already"
[ "$interrupted" -gt 0 ] && says "which was interrupted"
query "$outcome" >found
diff wanted found || fail "the outcome is another one"
same "runs" 6 "$(query 'SELECT count(*) FROM runs')"
same "cases" 1 "$(query 'SELECT count(*) FROM cases')"
