# SPDX-License-Identifier: Apache-2.0
# Users can change which runs a case contains; single runs, and a run that replaces another.
. "$ROG_TEST_TOOLS/lib.sh"
cat >x.conf <<END
case = "c"; $quick
runs = ( { library = "BSP"; threshold = 0; }, { threshold = 4; } );
END
try 0 rogctl sweep x.conf
try 0 rogctl run --library SSP --threshold 4 --note 'a better one' workload=none seconds=300 --json
better=$(json .id)
same "summary of the run" "SSP done" "$(json '.library + " " + .status')"
first=$(query "SELECT id FROM runs WHERE library = 'BSP'")
second=$(query "SELECT id FROM runs WHERE library = 'ROG'")

try 0 rogctl case add mine-case0 "$second" "results.runs/$first/"
same "made" "$second
$first" "$(query "SELECT run_id FROM case_runs WHERE case_name = 'mine-case0' ORDER BY position")"
try 0 rogctl replace c-case0 "$first" "$better" --json
same "JSON" "$better" "$(json .new)"
same "replaced" "$better
$second" "$(query "SELECT run_id FROM case_runs WHERE case_name = 'c-case0' ORDER BY position")"
same "both are kept" 3 "$(query 'SELECT count(*) FROM runs')"
try 3 rogctl replace c-case0 "$first" "$first"
try 2 rogctl replace c-case0 "$better" "$second"
says "is already in c-case0"
try 3 rogctl replace no-case0 "$first" "$better"
try 0 rogctl case remove mine-case0 "$first"
try 3 rogctl case remove mine-case0 "$first"
try 0 rogctl case rename mine-case0 yours-case3
try 3 rogctl runs mine-case0
try 0 rogctl runs yours-case3
try 2 rogctl case rename yours-case3 c-case0
# A case is removed with its last run or explicitly; its runs stay.
try 0 rogctl case remove yours-case3 "$second"
try 0 rogctl case remove yours-case3 --json
same "runs of it" 0 "$(json '.runs | length')"
try 3 rogctl runs yours-case3
try 3 rogctl case remove yours-case3
try 0 rogctl case add gone-case0 "$first" "$second"
try 0 rogctl case remove gone-case0
says 'removed gone-case0; its runs stay recorded'
same "runs stay" 3 "$(query 'SELECT count(*) FROM runs')"
try 2 rogctl case add gone-case0
try 2 rogctl case move a b
says "add, remove or rename"

# The same command resumes an unfinished run, and makes a new run if it is finished.
try 0 rogctl run --library SSP --threshold 4 --note 'a better one' workload=none seconds=300
same "runs" 4 "$(query 'SELECT count(*) FROM runs')"
query "UPDATE runs SET status = 'running' WHERE id = '$better'" >out
try 0 rogctl run --library SSP --threshold 4 workload=none seconds=300 --case c-case0
same "in its own case" 4 "$(query 'SELECT count(*) FROM runs')"

# Repeats share a label; --only selects; --seed and --repeat count.
try 0 rogctl sweep x.conf --fresh --repeat 3 --only BSP
says 'BSP #3 '
same "seeds" "1 2 3" "$(query "SELECT group_concat(seed, ' ') FROM (SELECT seed FROM runs JOIN
    case_runs ON run_id = id WHERE case_name = 'c-case1' ORDER BY position)")"
try 3 rogctl sweep x.conf --only nothing
printf 'case = "d"; figure = "10"; %s runs = ( { } );\n' "$quick" >d.conf
try 0 rogctl sweep d.conf
says 'figure 10 shows only test results, but without gradients nothing is tested'
try 0 rogctl plugins --json
same "strategies" "BITS BSP DECO DSSP FEDAVG FLOWN GAIA QUORUM ROG SSP STREAM TOPK" "$(json '[.[].library | values] | join(" ")')"
try 0 rogctl trace info synth:outdoors --seconds 600
try 2 rogctl trace info --no-such-option
try 2 rogctl trace synth outdoors trace.csv --seconds 600
says 'trace synth has no option --seconds'
[ -e trace.csv ] && fail "a trace was made"
try 0 rogctl doctor --json
same "bad findings" 0 "$(json '[.[] | select(.good | not)] | length')"

# Without the power of a device its energy is unknown, not 0.
printf 'robot = { step_s = 1.0; compress_s = 0.1; decompress_s = 0.1; };\n' >measured.conf
printf 'kind = "virtual"; profiles = "measured.conf"; workers = ( { profile = "robot"; count = 2; } );\n' >unmetered.conf
printf 'case = "unmetered"; workload = "none"; trace = "constant:20"; seconds = 30.0;
wire_model = "convmlp-nano"; runs = ( { library = "BSP"; } );\n' >unmetered-case.conf
try 0 rogctl sweep unmetered-case.conf --cluster unmetered.conf --db unmetered.db
prints 'energy is unknown where a profile has no watts_compute'
try 0 rogctl runs --db unmetered.db --json
same "energy" null "$(json '.[0].energy_j')"
same "readings of energy" 0 "$(query 'SELECT count(*) FROM energy' unmetered.db)"
