# SPDX-License-Identifier: Apache-2.0
# A sweep executed by agents gives the same database as a plain sweep, even if processes are killed; an
# agent that runs out of time hands its run back, which resumes from its snapshot; a plain sweep does
# not repeat what agents have done.
. "$ROG_TEST_TOOLS/lib.sh"
trap 'kill -CONT $(jobs -p) 2>/dev/null; kill -KILL $(jobs -p) 2>/dev/null' EXIT
pool=results.pool/c-case0

# experiment SECONDS: writes x.conf, and executes it as a plain sweep for comparison.
experiment() {
    cat >x.conf <<END
case = "c"; figure = "1"; workload = "none"; control = "outdoors"; seconds = $1;
snapshot_period = 0.1;
matrix = { library = ["BSP", "ROG"]; threshold = [4]; seed = [1, 2]; };
END
    rm -rf plain && mkdir plain && (cd plain && rogctl sweep ../x.conf -q >/dev/null) || fail "a plain sweep"
    content plain/results.db >want
}

# Prints the part of a database that must not depend on where runs were executed.
content() {
    for query in \
        "id, library, threshold, note, seed, cluster, status, error, config, config_hash, versions FROM runs r" \
        "i.* FROM iterations i JOIN runs r ON r.id = i.run_id" \
        "i.* FROM bandwidth i JOIN runs r ON r.id = i.run_id" \
        "i.* FROM energy i JOIN runs r ON r.id = i.run_id" \
        "i.* FROM workers i JOIN runs r ON r.id = i.run_id" \
        "i.* FROM inputs i JOIN runs r ON r.id = i.run_id" \
        "i.* FROM events i JOIN runs r ON r.id = i.run_id WHERE kind NOT IN ('executed', 'resume')"; do
        sqlite3 "$1" "SELECT r.library || r.seed, $query" | sed 's,[0-9-]*-[A-Z]*-[0-9]*-outdoors[0-9-]*,,g' | sort
    done
}
equals() { content results.db >have; diff have want >differences || fail "$1: $(head -3 differences)"; }
fresh() { rm -rf results.db* results.runs results.pool; }

experiment 300.0

# Executes the commands of a list one by one, including one with a path that a shell would split.
mkdir "a b" && cd "a b" || exit 1
try 0 rogctl sweep ../x.conf --on list
[ "$(wc -l <out)" = 4 ] || fail "not a command for each run: $(cat out)"
grep -qv "agent.*--run" out && fail "something else on standard output: $(cat out)"
cp out list
sh list 2>told || fail "a command of the list: $(cat told)"
try 0 rogctl sweep ../x.conf --on list --json
[ "$(sqlite3 results.db "SELECT count(*) FROM runs WHERE status = 'done'")" = 4 ] || fail "not all done"
[ "$(grep -c ' done .* stall *[0-9]*% ' err)" = 4 ] || fail "their stall is not said: $(cat err)"
cp ../want . && equals "a list"
[ -e results.pool ] && fail "the pool is left"
[ "$(sqlite3 results.db "SELECT count(*) FROM events WHERE kind = 'executed'")" = 4 ] ||
    fail "where they were executed is not recorded"
cd .. || exit 1

# An agent with little time hands its run back; one that is killed, or sleeps that long, is considered
# dead when its lease expires. Controllers come and go. Runs take some seconds, so that there is
# something to kill.
experiment 3000.0
rogctl sweep x.conf --on list --lease 2 -q >list || fail "placing"
timeout -s KILL 1 rogctl agent $pool 2>>told
rogctl agent $pool --time 2 2>>told
status=$?
[ $status = 75 ] || [ $status = 0 ] || fail "status $status of an agent without time"
rogctl agent $pool 2>>told &
sleeper=$!
sleep 1
if kill -STOP $sleeper 2>/dev/null; then # a fast machine may have finished
    rogctl sweep x.conf --on list --attach --lease 2 -q >>list 2>>told &
    sleep 1
    kill -KILL $!
    rogctl agent $pool 2>>told || fail "an agent that is left alone: $(tail -3 told)"
    kill -CONT $sleeper
fi
wait $sleeper
try 0 rogctl sweep x.conf --on list -q
equals "agents that were killed"
[ -e results.pool ] && fail "the pool is left: $(find results.pool)"

# With --slots there are as many agents, each with the other options of the command.
experiment 300.0
fresh
rogctl sweep x.conf --on list -q >list || fail "placing"
try 0 rogctl agent --slots 2 $pool --time=3600
for folder in $pool/runs/*/*/; do mkdir "$folder/snapshot" || fail "a folder of an agent"; done # as if it could not be removed
rogctl sweep x.conf --on list -q >list || fail "taking in"
equals "two agents of one command"
[ -z "$(find results.runs -name snapshot)" ] || fail "a snapshot is left of a run that is done"

# A plain sweep leaves to agents what they have started, and executes the rest.
fresh
rogctl sweep x.conf --on list --lease 4 -q >list || fail "placing"
rogctl agent $pool --run "$(ls $pool/ready | sed -n '1s/^[0-9]*-//p')" 2>>told || fail "one run"
mv "$(ls -d $pool/ready/* | head -1)" "$(ls -d $pool/ready/* | head -1 | sed 's,ready,taken,')@me"
(for i in 1 2 3 4 5 6 7 8 9 10; do echo "{\"beat\":$i}" >$pool/agents/me; sleep 0.4; done) &
try 1 rogctl sweep x.conf -q
says "agents do runs of this sweep"
wait $!
try 0 rogctl sweep x.conf -q
equals "a plain sweep after agents"

# All commands report a run that an agent executes as running, and `stop` stops that run.
fresh
sed 's/seconds = [0-9.]*/epochs = 100000; seconds = 4000000.0/' x.conf >long.conf
rogctl sweep long.conf --on list --attach -q >list 2>>told &
sweep=$!
until [ -d $pool/ready ] && [ -n "$(ls $pool/ready)" ]; do sleep 0.2; done
rogctl agent $pool --slots 2 2>>told &
agent=$!
# shows WHAT NUMBER: checks that all commands report this number of runs in this state.
shows() {
    for i in $(seq 600); do
        rogctl runs >out 2>>told && rogctl status >err 2>>told
        [ "$(grep -c " $1 " out)" = "$2" ] && { [ "$1" != running ] || grep -q "$2 running" err; } && return
        sleep 0.2
    done
    fail "not $2 $1"
}
shows running 2
grep interrupted err && fail "a run that an agent does is interrupted"
# With two agents there are two runs whose names have the same beginning.
run=$(sqlite3 results.db "SELECT id FROM runs WHERE status = 'running' ORDER BY id LIMIT 1")
try 0 rogctl stop "$run"
for i in $(seq 600); do
    [ "$(sqlite3 results.db "SELECT status FROM runs WHERE id = '$run'")" = planned ] && break
    sleep 0.2
done
same "the run that was stopped" planned "$(sqlite3 results.db "SELECT status FROM runs WHERE id = '$run'")"
shows running 2
kill -KILL $sweep
wait $sweep 2>>told
shows interrupted 2
kill $agent
wait $agent 2>>told

# A pool that other users can write to is not used.
fresh
rogctl sweep x.conf --on list -q >list || fail "placing"
chmod 777 $pool
try 2 rogctl agent $pool
says "other users can write"
chmod 700 $pool
try 2 rogctl sweep x.conf --on nowhere
try 2 rogctl sweep x.conf --on list:file
try 2 rogctl sweep x.conf --on list --cluster local4 --fresh
says "real time"
try 2 rogctl sweep x.conf --lease 5
try 3 rogctl agent nowhere

# A pool that was moved is not mistaken for one whose runs are all done.
fresh
rogctl sweep x.conf --on list -q >list || fail "placing"
cat >mover <<END
#!/bin/sh
[ \$1 = simulate ] && mv $PWD/$pool $PWD/elsewhere
exec $ROG_BUILD/bin/rog-trainer "\$@"
END
chmod +x mover
ROG_TRAINER=$PWD/mover try 1 rogctl agent $pool
says "$pool no longer exists: it was moved with its contents"
mv elsewhere $pool
try 0 rogctl agent $pool
try 0 rogctl sweep x.conf -q
equals "a pool that was moved away and back"

# A program that was replaced after its start cannot be started again.
fresh
rogctl sweep x.conf --on list -q >list || fail "placing"
mkdir -p replaced/bin
ln -s "$ROG_BUILD/lib" "$ROG_BUILD/share" replaced
ln -s "$ROG_BUILD/bin/rog-trainer" replaced/bin
cp "$ROG_BUILD/bin/rogctl" replaced/bin
exec 9<replaced/bin/rogctl
rm replaced/bin/rogctl
for words in "agent $pool --slots 2" "agent $pool --lease 9" "sweep x.conf --on list" "sweep x.conf --detach"; do
    try 1 /proc/self/fd/9 $words
    says "cannot find the file of this program: No such file or directory"
done
