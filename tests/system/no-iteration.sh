# SPDX-License-Identifier: Apache-2.0
# Runs with fewer results than expected: the plan has a remark, and so have tables and figures.
. "$ROG_TEST_TOOLS/lib.sh"

# An iteration that takes longer than the run.
try 0 rogctl run method=diloco workload=none seconds=20
says "no worker finishes an iteration: 500 local steps of"
says "and the run ends at 20 s"
prints "ended before any worker had finished an iteration"
run=$(query "SELECT id FROM runs")
try 0 rogctl show "$run"
grep -q "^workers  *4$" out || fail "workers are not counted before they finish an iteration"
grep -q "^iterations  *0: no worker has finished one$" out || fail "nothing is said of no iteration"
grep -q "^local steps  *500 per iteration, by the settings$" out || fail "local steps of the settings"
same "without an iteration" 4 "$(rogctl show "$run" --json | jq .idle_workers)"
try 3 rogctl verify "$run"
says "no worker has finished an iteration, so there is nothing to check"
try 3 rogctl verify "$run" --json
same "passed" false "$(json .passed)"
cat >slow.conf <<END
case = "slow"; workload = "none"; seconds = 20.0; method = "diloco"; runs = ( { } );
END
try 1 rogctl sweep slow.conf # there is nothing to draw either
says "no worker has finished an iteration"
try 0 rogctl report slow-case0
grep -q "ended before any worker had finished an iteration" out || fail "the report is silent"
# An iteration that ends in time.
try 0 rogctl run library=BSP workload=none seconds=60 batchsize=2 note=whole
grep -q "no worker finishes" err && fail "a remark on a run that is long enough"
grep -q "ended before any" out && fail "a remark on a run with iterations"
try 0 rogctl show "$(query "SELECT id FROM runs WHERE note = 'whole'")"
grep -q "^iterations  *[1-9][0-9]* of the fastest worker$" out || fail "whose iterations they are"
grep -q "^local steps  *2 per iteration$" out || fail "local steps as recorded"
grep -q "iterations an iteration" out && fail "a unit that is none"

# Runs that differ only in values, in a workload without values.
cat >same.conf <<END
case = "same"; $quick library = "BSP"; server_optimizer = "nesterov";
runs = ( { note = "a"; server_optimizer_parameters = { momentum = 0.5; }; },
         { note = "b"; server_optimizer_parameters = { momentum = 0.9; }; learning_rate = 0.1; },
         { note = "c"; server_optimizer_parameters = { every = 2; }; } );
END
try 0 rogctl sweep same.conf
says "1 of the 3 runs cannot differ from another one, such as b from a"
says "with workload none nothing is trained"
sent() { query "SELECT group_concat(t || ' ' || rank || ' ' || bytes_pushed) FROM iterations
    JOIN runs ON id = run_id WHERE note = '$1'"; }
same "both" "$(sent a)" "$(sent b)"

# A setting that the user has not given comes from a method.
try 2 rogctl run method=diloco contribution=gradient
says "are turned into updates by momentum_kind; settings that are not given here come from method diloco"
try 2 rogctl run method=fedavg threshold=7
says "from method fedavg (see \`rogctl methods fedavg\`)"

# Lines of progress show what differs, however much labels share.
cat >many.conf <<END
case = "many"; $quick library = "BSP"; compression = "topk";
matrix = { compression_parameters = ( { density = 0.01; }, { density = 0.02; } ); batchsize = [2, 3]; };
END
try 0 rogctl sweep many.conf
for what in 0.01 0.02; do
    for size in 2 3; do
        grep -q "$what.*$size.* done" err || fail "no line of progress says $what and $size"
    done
done
