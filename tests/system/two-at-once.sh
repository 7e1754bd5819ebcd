# SPDX-License-Identifier: Apache-2.0
# Two rogctl with one database: they share the work, each run is executed once, and both succeed.
. "$ROG_TEST_TOOLS/lib.sh"

cat >x.conf <<END
case = "two"; workload = "none"; seconds = 2000.0;
matrix = { library = ["ROG"]; threshold = [4, 20, 30, 40]; seed = [1, 2]; };
END
tried="two sweeps"
rogctl sweep x.conf --jobs 1 --plots a >a.out 2>a.err &
one=$!
rogctl sweep x.conf --jobs 1 --plots b >b.out 2>b.err &
two=$!
wait $one
first=$?
wait $two
second=$?
cat a.out b.out >out
cat a.err b.err >err
same "exit statuses" "0 0" "$first $second"
says "is being executed by another rogctl, process"
grep -q "done *by another rogctl" err || fail "what the other has done is not said: $(cat err)"
same "runs" 8 "$(query 'SELECT count(*) FROM runs')"
same "done" 8 "$(query "SELECT count(*) FROM runs WHERE status = 'done'")"
same "attempts" 8 "$(query 'SELECT sum(attempt) FROM runs')"
same "cases" 1 "$(query 'SELECT count(*) FROM cases')"
same "ends" 8 "$(query "SELECT count(*) FROM events WHERE kind = 'end'")"
