# SPDX-License-Identifier: Apache-2.0
# Agents whose clocks are an hour ahead and an hour behind, and all clocks set by days during the runs: every
# run is executed once, and no agent is taken for dead.
. "$ROG_TEST_TOOLS/lib.sh"
library=$ROG_BUILD/tests/clock.so
[ -e "$library" ] || skip "with sanitizers no library is loaded into a program"
trap 'kill -KILL $(jobs -p) 2>/dev/null' EXIT
pool=results.pool/c-case0

# set_clock FILE SECONDS; clock FILE COMMAND...: with that clock, that many seconds ahead.
set_clock() { echo "$2" >"$1.new" && mv "$1.new" "$1"; }
clock() {
    file=$PWD/$1
    shift
    env LD_PRELOAD="$library" ROG_TEST_CLOCK="$file" "$@"
}
for file in one two here; do set_clock $file 0; done
set_clock one 3600
set_clock two -3600
[ "$(clock two date -u +%s)" -lt $(($(date -u +%s) - 3000)) ] || fail "no clock is set"

cat >x.conf <<END
case = "c"; workload = "none"; seconds = 12000.0; snapshot_period = 0.1;
matrix = { library = ["BSP", "ROG"]; threshold = [4]; seed = [1, 2]; };
END
mkdir plain
(cd plain && rogctl sweep ../x.conf -q >/dev/null) || fail "a plain sweep"

# Agents give a sign of life every two seconds, and are looked at every second.
rogctl sweep x.conf --on list --lease 24 -q >list || fail "placing"
clock one rogctl agent $pool 2>told1 &
one=$!
clock two rogctl agent $pool 2>told2 &
two=$!
clock here rogctl sweep x.conf --on list --attach --lease 24 -q >list 2>told3 &
sweep=$!
# All of them are set while the controller sees agents at work.
for i in $(seq 1200); do
    [ "$(sqlite3 results.db "SELECT count(*) FROM runs WHERE status = 'running'")" -gt 0 ] && break
    sleep 0.1
done
for offset in 86400 -86400 172800; do
    sleep 1.2
    for file in one two here; do set_clock $file $offset; done
done
wait $one || fail "an agent: $(cat told1)"
wait $two || fail "an agent: $(cat told2)"
wait $sweep || fail "the sweep: $(cat told3)"

grep 'another agent has taken' told1 told2 && fail "an agent was taken for dead"
same "runs that are done" 4 "$(query "SELECT count(*) FROM runs WHERE status = 'done'")"
same "times that runs were executed" 4 "$(query "SELECT count(*) FROM events WHERE kind = 'executed'")"
same "attempts" 4 "$(query 'SELECT sum(attempt) FROM runs')"
for id in $(query "SELECT id FROM runs"); do
    try 0 rogctl verify "$id"
    sha256sum <results.runs/"$id"/events.jsonl
done | sort >found
for id in $(query "SELECT id FROM runs" plain/results.db); do sha256sum <plain/results.runs/"$id"/events.jsonl; done |
    sort >wanted
cmp wanted found || fail "other results"

# A run that began on a machine whose clock is ahead does not end before it started.
rm -rf results.db* results.runs
set_clock one 3600
set_clock two -3600
sed 's/seconds = 12000.0/seconds = 30000.0/; s/\[1, 2\]/[1]/; s/"BSP", //' x.conf >one.conf
rogctl sweep one.conf --on list --lease 4 -q >list || fail "placing"
clock one timeout -s TERM 2 rogctl agent $pool 2>told1
clock two rogctl agent $pool 2>told2 || fail "an agent: $(cat told2)"
clock here rogctl sweep one.conf --on list -q >list || fail "taking in"
id=$(query 'SELECT id FROM runs')
same "the run" done "$(query 'SELECT status FROM runs')"
try 0 rogctl verify "$id"
