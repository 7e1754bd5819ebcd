#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A user's program as the workload of a sweep, on a local cluster: its files are deployed with the run,
# its events and losses are recorded, its own test tests the checkpoints, and a changed file makes
# another run; errors are reported. One run has a worker that is a program and one with the trainer's
# network. Needs ROG_BUILD, ROG_SOURCE, PyTorch and the programs in PATH; works in the current folder,
# which must be empty.
set -eu

python=/usr/bin/python3
if ! $python -c 'import torch' 2>/dev/null; then
    echo "skipped: $python has no module torch (package python3-torch)"
    exit 77
fi
export PYTHONDONTWRITEBYTECODE=1

fail()
{
    echo "$*" >&2
    exit 1
}

cp -r "$ROG_TEST_TOOLS/rings" job
cat >local.conf <<'END'
kind = "local"; stall_limit = 60.0; retries = 0;
workers = ( { step_s = 0.02; compress_s = 0.0; decompress_s = 0.0; count = 2; } );
END

# conf WORKLOAD: writes job/mine.conf
conf()
{
    cat >job/mine.conf <<END
case = "mine"; figure = "10"; seconds = 3.0; learning_rate = 0.05; checkpoint_period = 60.0;
trace = "constant:50"; batch = 64; library = "ROG"; threshold = 4;
workload = $1;
runs = ( { note = "mine"; } );
END
}
whole="{ command = \"$python train.py\"; files = [\"train.py\", \"parts/rings.py\"];
    test = \"$python train.py --test\"; }"

conf "$whole"
rogctl sweep job/mine.conf --cluster local.conf >said 2>&1 || fail "$(cat said)"
sqlite() { sqlite3 results.db "$1"; }
[ "$(sqlite "SELECT count(*) FROM runs WHERE status = 'done' AND workload = 'program'")" -eq 1 ] || fail "not done: $(cat said)"
[ "$(sqlite "SELECT count(DISTINCT rank) FROM iterations WHERE loss > 0")" -eq 2 ] || fail "no losses of two workers"
[ "$(sqlite "SELECT count(*) FROM checkpoints WHERE accuracy IS NOT NULL")" -ge 2 ] || fail "checkpoints are not tested"
# A slow machine does only a few iterations in that time.
first=$(sqlite "SELECT accuracy FROM checkpoints ORDER BY t LIMIT 1")
last=$(sqlite "SELECT accuracy FROM checkpoints ORDER BY t DESC LIMIT 1")
awk -v a="$first" -v b="$last" 'BEGIN { exit !(b > 60 && b > a) }' || fail "accuracy from $first to $last"
rogctl verify "$(ls results.runs | head -n 1)" >said 2>&1 || fail "$(cat said)"
ls plots/*accuracy-against-wall-clock-time.svg >/dev/null || fail "no figure"

# In virtual time: a process for each worker, and one process for both; the same to the bit.
cat >virtual.conf <<'END'
kind = "virtual"; workers = ( { profile = "jetson-nx"; count = 2; } );
END
# virtual NAME SETTINGS: executes and verifies virtual.NAME
virtual()
{
    sed "s/seconds = 3.0;/seconds = 60.0;/; s/checkpoint_period = 60.0/checkpoint_period = 30.0/
        s/^runs/$2 runs/" job/mine.conf >job/virtual.conf
    rogctl sweep job/virtual.conf --cluster virtual.conf --db "$1.db" --plots "$1" --jobs 2 >said 2>&1 || fail "$(cat said)"
    rogctl verify "$(ls "$1.runs" | head -n 1)" --db "$1.db" >said 2>&1 || fail "$(cat said)"
    tail -n +2 "$1".runs/*/events.jsonl >"$1.events"
}
virtual each ''
virtual both 'workers_per_process = 2;'
cmp each.events both.events || fail "a process for both workers gives other events"
[ "$(sqlite3 both.db "SELECT count(DISTINCT rank) FROM iterations WHERE loss > 0")" -eq 2 ] || fail "no losses in virtual time"
[ "$(sqlite3 both.db "SELECT count(*) FROM checkpoints WHERE accuracy > 0")" -ge 3 ] || fail "not tested in virtual time"

# Local steps: as many as the run sets, with the program's own optimizer. The wrong optimizer is named.
sed -i 's/^optimizer = .*/inner = torch.optim.AdamW(model.parameters(), lr=0.01)\noptimizer = rog.LocalOptimizer(inner, model=model, **run)/; /^                          \*\*run)/d' job/train.py
cat >job/local.conf <<END
case = "local"; figure = "10"; seconds = 2.0; batch = 64; trace = "constant:50"; checkpoint_period = 60.0;
workload = $whole;
runs = ( { note = "DiLoCo"; method = "diloco"; batchsize = 5; } );
END
rogctl sweep -n job/local.conf --cluster local.conf --db delta.db >said 2>&1 || fail "$(cat said)"
rogctl sweep job/local.conf --cluster local.conf --db delta.db --plots delta >said 2>&1 || fail "$(cat said)"
[ "$(sqlite3 delta.db "SELECT status FROM runs")" = done ] || fail "$(cat said)"
[ "$(sqlite3 delta.db "SELECT min(local_steps), max(local_steps), min(loss) > 0 FROM iterations")" = '5|5|1' ] ||
    fail "local steps of a program"
awk -v a="$(sqlite3 delta.db "SELECT accuracy FROM checkpoints ORDER BY t DESC LIMIT 1")" 'BEGIN { exit !(a > 70) }' ||
    fail "nothing learned by local steps"
rogctl verify "$(ls delta.runs | head -n 1)" --db delta.db >said 2>&1 || fail "$(cat said)"
sed -i 's/method = "diloco"/library = "BSP"/' job/local.conf
rogctl sweep job/local.conf --cluster local.conf --db wrong.db --plots wrong >said 2>&1 && fail "deltas in a run of gradients"
grep -q "contribution is \"gradient\": use rog.Optimizer" said || fail "$(cat said)"
cp "$ROG_TEST_TOOLS/rings/train.py" job/

# The same again: nothing to do. A changed file: another run.
rogctl sweep job/mine.conf --cluster local.conf --dry-run >said 2>&1 || fail "$(cat said)"
grep -q '0 of 1 runs to do' said || fail "planned again: $(cat said)"
echo '# changed' >>job/parts/rings.py
rogctl sweep job/mine.conf --cluster local.conf --dry-run >said 2>&1 || fail "$(cat said)"
grep -q '1 of 1 runs to do' said || fail "not planned again: $(cat said)"

# wrong WORKLOAD CLUSTER WORDS: checks that the experiment is rejected with these words
wrong()
{
    conf "$1"
    if rogctl sweep job/mine.conf --cluster "$2" --db wrong.db --plots wrong >said 2>&1; then
        fail "not refused: $1"
    fi
    grep -qF "$3" said || fail "not said: $3: $(cat said)"
}
wrong '{ command = "true"; }' local.conf 'workload program needs test'
wrong '{ test = "true"; }' local.conf 'workload program needs command'
wrong '{ command = "true"; test = "true"; files = ["nosuch.py"]; }' local.conf 'nosuch.py'
wrong '{ command = "true"; tset = "true"; }' local.conf 'unknown setting tset in workload'
wrong "{ command = \"echo oh dear >&2; exit 3\"; test = \"true\"; }" local.conf 'oh dear'
wrong "{ command = \"$python train.py\"; files = [\"train.py\", \"parts/rings.py\"]; test = \"echo many\"; }" \
    local.conf 'must begin with an accuracy'
# A test's metric has a name, a unit and a direction.
metric='command = "true"; files = []; ranks = []; test = "echo -0.25"; metric ='
for case in '{ name = "r|l"; }/metric: name must be text' '{ nam = "r"; }/unknown member nam' \
    '{ name = "r"; better = "more"; }/better must be' '{ unit = "%"; }/metric needs a name'; do
    wrong "{ $metric ${case%%/*}; }" local.conf "${case#*/}"
done
wrong '"train"; metric = { name = "r"; }' local.conf 'metric is a setting of programs'
wrong '{ command = "true"; files = []; ranks = []; metric = { name = "r"; }; }' local.conf \
    'there is no test'
wrong "{ $metric { name = \"IoU\"; unit = \"%\"; }; }; pretrain_epochs = 0; wire_model = \"same\"" local.conf \
    'must begin with a number from 0 to 100 percent (IoU)'
# A program that ends early reports why.
cp job/train.py job/leaves.py
sed -i 's/^    loss.backward()/&; sys.exit("oh dear, after all") if optimizer.iteration == 3 else 0/' job/leaves.py
wrong "{ command = \"$python leaves.py\"; files = [\"leaves.py\", \"parts/rings.py\"]; test = \"echo 50\"; }" \
    local.conf 'closed by the program before it had finished: oh dear, after all'

# Ranks: these workers run the program, the others have the trainer's network.
ranks="command = \"$python train.py\"; files = [\"train.py\", \"parts/rings.py\"]; ranks"
wrong "{ $ranks = [1, 3]; }" local.conf 'ranks: no worker has rank 3; ranks are 1 to 2'
wrong "{ $ranks = [1.5]; }" local.conf 'ranks: no worker has rank 1.5'
wrong "{ $ranks = [2, 2]; }" local.conf 'ranks: 2 is listed twice'
wrong "{ $ranks = [0]; }" local.conf 'ranks must be a list of numbers from 1 to 65536'
wrong '"train"; ranks = [1]' local.conf 'ranks is a setting of programs'
wrong "{ $ranks = [2]; }; pretrain_epochs = 0" local.conf \
    'tensor 0 of worker 2 is 0.weight (24, 2), of the network convmlp-nano it is tokenizer.block.0.weight (32, 3, 3, 3)'
head -c 100 /dev/urandom >job/data.bin
wrong '{ command = "true"; test = "true"; files = ["data.bin"]; }' local.conf 'data.bin is not text'

# The example and the trainer's network in one run, with the built-in test.
cp "$ROG_SOURCE"/examples/convmlp/*.py job/
cat >job/mixed.conf <<END
case = "mixed"; figure = "1"; seconds = 6.0; checkpoint_period = 2.0; trace = "constant:2";
library = "ROG"; threshold = 4; batch = 4; pretrain_epochs = 0; test_images = 100;
workload = { command = "OMP_NUM_THREADS=1 $python train.py"; files = ["train.py", "convmlp.py"]; };
runs = ( { note = "mixed"; ranks = [2]; } );
END
rogctl sweep job/mixed.conf --cluster local.conf --db mixed.db >said 2>&1 || fail "$(cat said)"
sqlite() { sqlite3 mixed.db "$1"; }
[ "$(sqlite "SELECT status || attempt FROM runs")" = done1 ] || fail "not done at the first attempt: $(cat said)"
[ "$(sqlite "SELECT group_concat(json_extract(facts, '\$.program')) FROM workers")" = 0,1 ] || fail "who runs a program"
[ "$(sqlite "SELECT count(DISTINCT rank), count(DISTINCT rows_total), min(loss) > 0 FROM iterations
    WHERE rows_pushed > 0 AND bytes_pulled > 0")" = '2|1|1' ] || fail "the workers' records differ"
[ "$(sqlite "SELECT count(*) FROM checkpoints WHERE accuracy IS NOT NULL")" -ge 3 ] || fail "checkpoints are not tested"
rogctl verify "$(ls mixed.runs | head -n 1)" --db mixed.db >said 2>&1 || fail "$(cat said)"

# The same in virtual time.
sed 's/seconds = 6.0/seconds = 20.0/; s/checkpoint_period = 2.0/checkpoint_period = 10.0/' job/mixed.conf >job/mixed-virtual.conf
rogctl sweep job/mixed-virtual.conf --cluster virtual.conf --db mixed-virtual.db --plots mixed-virtual >said 2>&1 ||
    fail "$(cat said)"
[ "$(sqlite3 mixed-virtual.db "SELECT count(DISTINCT rank), min(loss) > 0 FROM iterations WHERE rows_pushed > 0")" = '2|1' ] ||
    fail "a program and the network in virtual time"
[ "$(sqlite3 mixed-virtual.db "SELECT count(*) FROM checkpoints WHERE accuracy IS NOT NULL")" -ge 2 ] || fail "not tested"
rogctl verify "$(ls mixed-virtual.runs | head -n 1)" --db mixed-virtual.db >said 2>&1 || fail "$(cat said)"

# A gradient that is NaN fails the run, with the tensor's name, whatever other workers do.
sed -i 's/^        optimizer.step(loss=total)/        model.head.bias.grad[7] = math.nan if optimizer.iteration == 3 else 0\n&/' job/train.py
grep -q 'math.nan if' job/train.py || fail "the example has another loop"
rogctl sweep job/mixed.conf --cluster local.conf --db nan.db --plots nan >said 2>&1 && fail "a run of no numbers"
grep -q 'worker 2: a gradient of iteration 4 is not finite, in tensor [0-9]*, head.bias' said || fail "$(cat said)"
