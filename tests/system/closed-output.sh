# SPDX-License-Identifier: Apache-2.0
# The output of rogctl goes to a pipe that is closed: a sweep finishes its work, while commands that
# only print end silently with SIGPIPE.
. "$ROG_TEST_TOOLS/lib.sh"
trap 'rogctl stop long 2>/dev/null' EXIT
cat >x.conf <<END
case = "x"; figure = "1"; $quick
runs = ( { library = "BSP"; }, { library = "ROG"; } );
END
# closed STATUS COMMAND...: runs it with a closed standard output, and a closed standard error if `both`
# is set.
closed() {
    wanted=$1
    shift
    tried="$* (into a closed pipe)"
    python3 - "$both" "$@" >out 2>err <<'END'
import os, subprocess, sys
read, write = os.pipe()
os.close(read)
both, command = sys.argv[1], sys.argv[2:]
ended = subprocess.run(command, stdout=write, stderr=write if both else None, timeout=300)
print(ended.returncode)
END
    same "status" "$wanted" "$(cat out)"
}
both=
closed 0 rogctl sweep x.conf
says 'standard output was closed: the result is not printed'
same "runs done" 2 "$(query "SELECT count(*) FROM runs WHERE status = 'done'")"
ls plots/x-case0-*.svg >/dev/null || fail 'no figures'
closed 0 rogctl run workload=none seconds=100
both=1
closed 0 rogctl sweep x.conf --fresh
same "runs done" 5 "$(query "SELECT count(*) FROM runs WHERE status = 'done'")"
try 0 rogctl status
if grep -q killed out; then fail 'it was killed'; fi

both=
for command in runs cases 'show --json' 'report x-case0' 'help sweep' doctor plugins status; do
    [ "$command" = 'show --json' ] && command="show $(query 'SELECT id FROM runs LIMIT 1') --json"
    # shellcheck disable=SC2086 # words
    closed -13 rogctl $command
    [ ! -s err ] || fail 'something is said'
done

# A command that watches a sweep ends when its output is closed.
cat >long.conf <<END
case = "long"; figure = "1"; workload = "none"; seconds = 1e7; runs = ( { library = "ROG"; epochs = 100000; } );
END
rogctl sweep long.conf --detach >detached 2>&1 || fail 'it cannot be detached'
both=1
for _ in $(seq 600); do
    rogctl status long | grep -q ' 1 running' && break
    sleep 0.1
done
closed 0 rogctl attach long
rogctl status long | grep -q 'running for' || fail 'the sweep has ended'
rogctl stop long >stopped 2>&1 || fail 'it cannot be stopped'
