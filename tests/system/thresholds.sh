# SPDX-License-Identifier: Apache-2.0
# Any threshold: ROG's far beyond the published table, SSP's up to "inf", which is asynchronous
# training, in experiment files, on the command line, in names and tables. Experiments that use them
# plan as documented.
. "$ROG_TEST_TOOLS/lib.sh"

cat >x.conf <<CONF
case = "wide"; $quick
runs = ( { library = "SSP"; threshold = "inf"; }, { library = "SSP"; threshold = 4; },
         { library = "ROG"; threshold = 1000; }, { library = "ROG"; threshold = 4; } );
CONF
try 0 rogctl sweep x.conf --dry-run --only "SSP inf, SSP inf, outdoors"
prints "1 of 1 runs to do"
try 0 rogctl sweep x.conf --json
run() { jq -r ".runs[] | select(.note == \"$1\") | $2" out; }
same "notes" "SSP inf, SSP 4, ROG 1000, ROG 4" "$(json '[.runs[].note] | join(", ")')"
case $(run "SSP inf" .id) in *-SSP-inf-outdoors*) ;; *) fail "named $(run "SSP inf" .id)" ;; esac
same "nobody waits" 0 "$(run "SSP inf" .stall_s)"
[ "$(run "SSP 4" ".stall_s > 1")" = true ] || fail "SSP 4 does not wait: nothing is compared"
[ "$(run "ROG 1000" ".stall_s")" = 0 ] || fail "ROG 1000 waits within 300 s"
cp out sweep.json
# For 1000: the root of (1-P)^999 = P, 0.0053, and 0.115 of the largest: 8 and 173 of 1,497 rows.
same "rows of a push at least" 181 "$(query "SELECT min(rows_pulled) FROM iterations WHERE run_id = '$(run "ROG 1000" .id)'")"
try 0 rogctl show "$(run "SSP inf" .id | sed 's/outdoors.*//')"
prints "SSP inf, outdoors"
try 0 rogctl report wide-case0
prints "SSP inf"
for id in $(jq -r '.runs[].id' sweep.json); do try 0 rogctl verify "$id"; done

# The word and the number are the same run; a matrix accepts both.
sed 's/"inf"/2147483647/' x.conf >y.conf
try 0 rogctl sweep y.conf --dry-run
prints "0 of 4 runs to do"
cat >matrix.conf <<CONF
case = "matrix"; $quick
matrix = { library = ["SSP"]; threshold = (4, 20, "inf"); };
CONF
try 0 rogctl sweep matrix.conf --dry-run
prints "SSP inf"
prints "3 of 3 runs to do"

try 0 rogctl run --library SSP --threshold inf workload=none seconds=100 --json
same "on the command line" "2147483647 SSP inf" "$(json '[.threshold, .note] | join(" ")')"
try 0 rogctl replay "$(jq -r '.runs[1].id' sweep.json)" --library SSP --threshold inf --json
same "replayed" "SSP inf 0" "$(json '[.note, .stall_s] | join(" ")')"
try 0 rogctl plugins
prints "0 to inf"
try 2 rogctl run --library ROG --threshold inf
says "ROG takes thresholds from 1 to 1000000, not inf"
try 2 rogctl run --library SSP --threshold infinite
says "threshold must be a whole number from 0 to 2147483647 iterations, or inf (found \"infinite\")"
try 2 rogctl run epochs=inf
says "epochs must be a whole number"

# Installed experiments.
try 0 rogctl sweep "$ROG_SOURCE/experiments/threshold-wide.conf" --dry-run
prints "threshold-wide-case0: 17 of 17 runs to do"
mkdir -p experiments data/cifar100
for claim in claim claim-indoors; do
    cp "$ROG_SOURCE/experiments/$claim.conf" experiments
    rm -f data/cifar100/*.bin
    try 2 rogctl sweep experiments/$claim.conf --dry-run
    says "there is no data set in"
    touch data/cifar100/train.bin data/cifar100/test.bin
    try 2 rogctl sweep experiments/$claim.conf --repeat 3 --dry-run --json
    says "data/cifar100/train.bin: 0 bytes long"
    same "runs, strategies and seeds of $claim" "15 5 3" "$(json '[(.runs | length),
        (.runs | map(.config.note) | unique | length), (.runs | map(.config.seed) | unique | length)] | join(" ")')"
done
