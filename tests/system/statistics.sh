# SPDX-License-Identifier: Apache-2.0
# Compares the statistics of a report with those that scipy computes from its runs: intervals, tests,
# effect sizes, Holm's correction. Some runs do not reach the target.
. "$ROG_TEST_TOOLS/lib.sh"
python=${ROG_TEST_PYTHON:-python3}
"$python" -c 'import scipy.stats' 2>err || skip "no scipy for $python ($(tail -n 1 err))"

cat >x.conf <<END
case = "c"; figure = "1"; target_accuracy = 60.0; contender = "ROG"; $quick
runs = ( { library = "BSP"; }, { library = "SSP"; threshold = 4; },
    { library = "ROG"; threshold = 4; }, { library = "ROG"; threshold = 20; } );
END
try 0 rogctl sweep x.conf --repeat 7
query "INSERT INTO checkpoints(run_id, t, iteration, path, accuracy)
    SELECT runs.id, value, value / 10, 'made up', 50 + value * (0.03 + 0.001 * threshold) +
        2 * sin(seed * 7.3) + 0.8 * sin(seed * 3.7 + threshold)
    FROM runs, json_each('[0, 50, 100, 150, 200, 290]')" >out
try 0 rogctl report c-case0 --at 100,200 --json
same "the target is not always reached" true "$(json '[.series[].seconds_to_target.not_reached > 0] | any')"
same "tests" "permutation sign" "$(json '[.gains[].differences[].test.name | select(.)] | unique | join(" ")')"
"$python" "$ROG_TEST_TOOLS/statistics.py" out || fail "scipy says something else"
