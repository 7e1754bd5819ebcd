# SPDX-License-Identifier: Apache-2.0
# Runs composed at random of all parts: each finishes, or reports that it has diverged, and its records
# keep what its parts promise.
. "$ROG_TEST_TOOLS/lib.sh"

try 0 rogctl plugins --json
mv out plugins.json
python3 "$ROG_TEST_TOOLS/combinations.py" 4 16 <plugins.json >x.conf || fail "no experiment"
rogctl sweep x.conf --plots plots >out 2>err
status=$?
tried="rogctl sweep x.conf"
[ $status -le 1 ] || fail "exit status $status"
same "runs" 16 "$(query "SELECT count(*) FROM runs")"
same "failed otherwise" "" "$(query "SELECT note, error FROM runs WHERE status != 'done'
    AND coalesce(error, '') NOT LIKE '%the training has diverged%'")"
same "a loss that is no number" "" "$(query "SELECT DISTINCT note FROM runs, iterations WHERE run_id = id
    AND workload = 'train' AND status = 'done' AND loss IS NULL")"
for run in $(query "SELECT id FROM runs WHERE status = 'done'"); do
    try 0 rogctl verify "$run"
done
