# SPDX-License-Identifier: Apache-2.0
# Workers in PyTorch and workers in C on network namespaces with real sshd: the same experiment with all
# workers in C, all in PyTorch (examples/convmlp), and two of each, over links shaped by their own
# traces. Each run is done at the first attempt and leaves nothing behind, the records of all workers
# have the same form, and the models learn the same: a network trained on clean images adapts to blurred
# ones. Then a program with its own model, over ssh.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/lab.sh"

python=/usr/bin/python3
$python -c 'import torch' 2>/dev/null || skip "$python has no module torch (package python3-torch)"
[ -z "${ROG_SANITIZE:-}" ] || skip "with sanitizers no worker keeps the pace that is compared here"
export PYTHONDONTWRITEBYTECODE=1

# The accuracy is a mean over iterations that all runs have reached: from `settled` on, interpolated
# between checkpoints, in percent. All start at 24.9, and have reached 38 by then. In repeats with two
# busy loops and a load of 20, which reached iteration 43 to 48, it differed by 0.3 to 0.9 points.
tolerance=2.0 gain=10 settled=20 enough=40

lab_up 4
host_states >idle-states
cp "$ROG_SOURCE"/examples/convmlp/*.py .
sed 's/{ host = \(.*\) }/{ host = \1 step_s = 0.12; compress_s = 0.0; decompress_s = 0.0; }/' $lab/cluster.conf |
    sed '/^server/s/ step_s.* }/ }/' >cluster.conf
echo 'retries = 0; stall_limit = 300.0;' >>cluster.conf
# Bandwidth in proportion to a trace made for larger models.
try 0 rogctl trace synth outdoors 'large-{rank}.csv' --workers 4
for rank in 1 2 3 4; do
    awk -F, -v OFS=, 'NR > 1 { $2 = 2 + $2 / 8 } { print }' large-$rank.csv >trace-$rank.csv
done
cat >mix.conf <<END
case = "mix"; figure = "1"; target_accuracy = 35.0;
workload = { command = "OMP_NUM_THREADS=1 $python train.py"; files = ["train.py", "convmlp.py"]; };
noise = "blur"; pretrain_epochs = 1; batch = 8; learning_rate = 0.0003; momentum = 0.5;
library = "ROG"; threshold = 4; trace = "trace-{rank}.csv"; seconds = 20.0; checkpoint_period = 2.0;
runs = ( { note = "C"; ranks = []; }, { note = "PyTorch"; ranks = [1, 2, 3, 4]; },
         { note = "both"; ranks = [2, 4]; } );
END
try 0 rogctl sweep mix.conf --cluster cluster.conf
nothing_is_left
same "done at the first attempt" 3 \
    "$(query "SELECT count(*) FROM runs WHERE status = 'done' AND attempt = 1")"
each_event_once results.db
for id in $(query 'SELECT id FROM runs'); do
    try 0 rogctl verify "$id"
done
for format in pdf svg png; do
    [ -s plots/mix-case0-statistical-efficiency.$format ] || fail "no figure as $format"
done
same "who ran the program" "C 0,0,0,0 PyTorch 1,1,1,1 both 0,1,0,1" "$(query "SELECT note,
    (SELECT group_concat(json_extract(facts, '$.program')) FROM workers WHERE run_id = id)
    FROM runs ORDER BY id" | tr '|\n' '  ' | sed 's/ $//')"

# A line for each worker: all have iterations with losses, rows and bytes in both directions, energy,
# shaped links.
query "SELECT note, rank, count(*), count(loss), count(DISTINCT rows_total), min(rows_pushed) > 0,
        min(rows_pulled) > 0, min(bytes_pushed) > 0, min(bytes_pulled) > 0, min(compute_s) > 0.119,
        (SELECT count(*) > 0 FROM energy e WHERE e.run_id = id AND e.rank = i.rank),
        (SELECT count(*) FROM events e WHERE e.run_id = id AND e.rank = i.rank AND kind = 'replay-end'),
        printf('loss %.3f compute %.3f communication %.3f stall %.3f rows %.0f %.0f bytes %.0f %.0f',
            avg(loss), avg(compute_s), avg(push_s + pull_s), avg(stall_s), avg(rows_pushed),
            avg(rows_pulled), avg(bytes_pushed), avg(bytes_pulled))
    FROM iterations i JOIN runs ON id = run_id GROUP BY id, rank ORDER BY id, rank" | tr '|' ' ' >workers
cat workers
same "workers" 12 "$(wc -l <workers)"
awk '$3 < 5 || $4 != $3 || $5 $6 $7 $8 $9 $10 $11 $12 != "11111111" { exit 1 }' workers ||
    fail "the records of workers are not of one kind"
same "rows that ROG left for later" 3 "$(query 'SELECT count(DISTINCT run_id) FROM iterations
    WHERE rows_pushed < rows_total')"

query "SELECT run_id, note, iteration, accuracy FROM checkpoints JOIN runs ON id = run_id
    ORDER BY run_id, t" | tr '|' ' ' >accuracies
reached=$(query 'SELECT min(last) FROM (SELECT max(iteration) AS last FROM checkpoints GROUP BY run_id)')
awk -v settled=$settled -v reached="$reached" '
    # The mean of a run is computed from the trapezoids between its checkpoints.
    function add(x0, y0, x1, y1,    from, to) {
        from = x0 > settled ? x0 : settled
        to = x1 < reached ? x1 : reached
        if (to > from)
            sum[name] += (to - from) * (y0 + (y1 - y0) * ((from + to) / 2 - x0) / (x1 - x0))
    }
    $2 != name { name = $2; first[name] = $4; x = $3; y = $4; next }
    { add(x, y, $3, $4); x = $3; y = $4 }
    END { for (name in sum) printf "%s %.2f %.2f\n", name, first[name], sum[name] / (reached - settled) }
' accuracies | sort >means
awk -v settled=$settled -v reached="$reached" '{ printf "%-8s %.2f%% at first, %.2f%% in iterations %d to %d\n",
    $1, $2, $3, settled, reached }' means
if [ "$reached" -lt $enough ]; then
    echo "no comparison of what the models learn: this machine got to iteration $reached in 20 s, and $enough are needed"
else
    awk -v tolerance=$tolerance -v gain=$gain 'NR == 1 { first = $2; low = high = $3 }
        { low = $3 < low ? $3 : low; high = $3 > high ? $3 : high }
        $2 != first || $3 < first + gain { bad = 1 }
        END { exit bad || NR != 3 || high - low > tolerance }' means || fail "the models differ"
fi

# A program with its own model and test.
cp -r "$ROG_TEST_TOOLS/rings" .
cat >rings/rings.conf <<END
case = "rings"; figure = "10"; seconds = 10.0; learning_rate = 0.02; checkpoint_period = 2.0;
workload = { command = "$python train.py"; files = ["train.py", "parts/rings.py"]; test = "$python train.py --test"; };
runs = ( { library = "ROG"; threshold = 4; trace = "constant:50"; note = "rings"; } );
END
try 0 rogctl sweep rings/rings.conf --cluster cluster.conf --db rings.db
nothing_is_left
each_event_once rings.db
same "rings" "done 1 4" "$(query "SELECT status, attempt, (SELECT count(DISTINCT rank) FROM iterations
    WHERE loss > 0) FROM runs" rings.db | tr '|' ' ')"
told=$(query 'SELECT max(accuracy) FROM checkpoints' rings.db)
echo "rings: $told% told apart"
awk -v told="$told" 'BEGIN { exit !(told > 90) }' || fail "the rings are not told apart"
