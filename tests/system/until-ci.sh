# SPDX-License-Identifier: Apache-2.0
# Repeating until the gain is known: more seeds, in pairs, until the interval is as narrow as requested
# or the limit is reached; the same command later continues from there.
. "$ROG_TEST_TOOLS/lib.sh"

cat >x.conf <<CONF
case = "until"; $quick seed = 5;
runs = ( { library = "BSP"; }, { library = "ROG"; threshold = 4; } );
CONF
seeds() { query "SELECT group_concat(seed) FROM (SELECT seed FROM runs WHERE library = '$1' ORDER BY seed)"; }
width() { json '.gains[0].interval95 * 2'; }
narrow() { jq -en "$(width) < $1" >/dev/null || fail "an interval of $(width) points, $1 were asked for"; }

# A limit: three pairs are not enough, which is reported.
try 0 rogctl sweep x.conf --until-ci 0.01 --max-repeats 3 --json
says "ROG 4 over BSP: 2 of the 3 pairs that an interval needs"
says "after 3 pairs of runs the gain is not yet known to 0.01 points"
same "pairs" "ROG 4 BSP percent 3" "$(json '.gains[0] | [.series, .against, .unit, .pairs] | join(" ")')"
same "seeds" "5,6,7 5,6,7" "$(seeds BSP) $(seeds ROG)"
try 2 rogctl sweep x.conf --until-ci 1 --max-repeats 2
says "3 to 10000"

# It continues: existing runs are kept, and seeds are added in pairs.
try 0 rogctl sweep x.conf --until-ci 0.01 --max-repeats 3 -n
says "the gain is not yet known to 0.01 points; hint: --max-repeats above 3 continues"
prints "0 of 2 runs to do"
try 0 rogctl sweep x.conf --until-ci 0.01 -n
says "each run is repeated once more, and again until it is; at most 20 of each run"
prints "2 of 8 runs to do"
same "the next seed" 2 "$(grep -c ' 300 *8  new ' out)"
try 0 rogctl sweep x.conf --until-ci 1000 -n
says "the gain is known to 1000 points: no repeats needed"
try 0 rogctl sweep x.conf --until-ci 5 -n --seed 100
says "runs are repeated with further seeds until the gain is known to 5 points"
before=$(query "SELECT group_concat(id) FROM runs WHERE seed <= 7")
try 0 rogctl sweep x.conf --until-ci 30 --json
narrow 30
same "the first runs" "$before" "$(query "SELECT group_concat(id) FROM runs WHERE seed <= 7")"
same "pairs of seeds" "$(seeds BSP)" "$(seeds ROG)"
pairs=$(json '.gains[0].pairs')
[ "$pairs" -ge 3 ] || fail "narrow with $pairs pairs"
same "attempts" 1 "$(query 'SELECT max(attempt) FROM runs')"

# Precise enough already: nothing is executed, and the interval is that of the runs.
try 0 rogctl sweep x.conf --until-ci 30
same "no new runs" $((2 * pairs)) "$(query 'SELECT count(*) FROM runs')"
prints "% less time per iteration"
mean=$(query "WITH s AS (SELECT run_id, avg(x) AS x FROM (SELECT run_id, avg(compute_s + push_s + pull_s + stall_s) AS x
    FROM iterations GROUP BY run_id, rank) GROUP BY run_id)
    SELECT printf('%+.2f', avg(100 * (1 - r.x / b.x))) FROM runs AS rr JOIN s AS r ON r.run_id = rr.id
    JOIN runs AS br ON br.seed = rr.seed AND br.library = 'BSP' JOIN s AS b ON b.run_id = br.id WHERE rr.library = 'ROG'")
prints "$mean"

# A user's strategy is the contender of a case, wherever it is in the file.
mkdir own
cc -std=c11 -shared -fPIC -I"$ROG_SOURCE/include" -o own/skeleton.so "$ROG_SOURCE/plugins/skeleton.c" || fail "no plugin"
cat >own.conf <<CONF
case = "own"; $quick
runs = ( { library = "SKELETON"; threshold = 4; }, { library = "BSP"; }, { library = "SKELETON"; threshold = 8; } );
CONF
ROG_PLUGIN_PATH=$PWD/own try 0 rogctl sweep own.conf --until-ci 1000 --json
same "gains" "SKELETON 4 over BSP, SKELETON 8 over BSP" "$(json '[.gains[] | "\(.series) over \(.against)"] | join(", ")')"
same "contender" "SKELETON" "$(query "SELECT contender FROM case_settings WHERE case_name = 'own-case0'")"

# Seeds that the file contains already are not repeated.
cat >listed.conf <<CONF
case = "listed"; $quick
matrix = { library = ["SSP", "BSP"]; threshold = [0]; seed = [1, 2, 3]; };
CONF
try 0 rogctl sweep listed.conf --until-ci 0.01 --max-repeats 3 --db listed.db --json
same "seeds of the list" "1,2,3" "$(query "SELECT group_concat(seed) FROM (SELECT seed FROM runs WHERE library = 'SSP' ORDER BY seed)" listed.db)"
same "BSP is SSP 0" 0 "$(json '.gains[0].mean')"

try 2 rogctl sweep x.conf --until-ci 0
try 2 rogctl sweep x.conf --max-repeats 5
says "--until-ci"
printf 'case = "one"; %s runs = ( { library = "BSP"; } );' "$quick" >one.conf
try 2 rogctl sweep one.conf --until-ci 5
says "no two strategies"
