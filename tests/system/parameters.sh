# SPDX-License-Identifier: Apache-2.0
# A strategy's own parameters, from the experiment file to the plugin in every process, in virtual and
# in real time; they are part of a run's identity.
. "$ROG_TEST_TOOLS/lib.sh"
export ROG_PLUGIN_PATH="$(dirname "$(command -v rogctl)")/../tests/plugins"
try 0 rogctl plugins skeleton
prints "parameters.patience"
prints "a number from 0 to 100; default 1"
prints "promises checked by \`rogctl verify\`: staleness_bound, least_share."
try 3 rogctl plugins nobody

cat >x.conf <<END
case = "c"; $quick library = "SKELETON";
matrix = { parameters = ( { patience = 0; }, { patience = 1; }, { patience = 50.5; } ); };
END
try 0 rogctl sweep x.conf
same "notes" "SKELETON, patience 0|SKELETON, patience 1|SKELETON, patience 50.5" \
    "$(query "SELECT group_concat(note, '|') FROM runs")"
same "values" "0.0 1.0 50.5" "$(query "SELECT group_concat(json_extract(config, '$.parameters.patience'), ' ') FROM runs")"
rows=$(query "SELECT sum(rows_pushed) / count(*) FROM iterations GROUP BY run_id ORDER BY run_id")
[ "$(echo "$rows" | sort -nu | wc -l)" = 3 ] || fail "patience changes nothing: $rows"
run=$(query "SELECT id FROM runs WHERE note LIKE '%50.5'")
try 0 rogctl show "$run"
prints "patience 50.5"
try 0 rogctl verify "$run"
# A parameter that is left out has its default: the same run, which is not repeated.
sed 's/( {.*} )/( { }, { patience = 50.5; } )/' x.conf >y.conf
try 0 rogctl sweep y.conf
same "runs" 3 "$(query 'SELECT count(*) FROM runs')"
sed 's/patience = 1/patienze = 1/' x.conf >y.conf
try 2 rogctl sweep y.conf
says "y.conf, line 2: SKELETON has no parameter patienze (did you mean patience?)"
# A strategy that lacks the parameter of another one has a single run; a name that no strategy has is an
# error.
cat >y.conf <<END
case = "m"; $quick
matrix = ( { library = ["SKELETON", "BSP"]; parameters = ( { patience = 0; }, { patience = 1; } ); } );
END
try 0 rogctl sweep y.conf -n
says "y.conf, line 2: BSP has no parameter patience: 1 run fewer"
prints "m-case0: 3 of 3 runs to do"
sed 's/"SKELETON", //' y.conf >z.conf
try 2 rogctl sweep z.conf -n
says "BSP has no parameters (found patience)"
try 2 rogctl run --library SSP --parameters patience=1 workload=none seconds=60
says "SSP has no parameters (found patience)"
# A strategy without parameters has runs without them.
try 0 rogctl run --library SSP workload=none seconds=60
same "no parameters" 0 "$(query "SELECT count(*) FROM runs WHERE library = 'SSP' AND config LIKE '%parameters%'")"
# Parameters of ROG: how rows are ranked, and the least time for optional rows.
try 0 rogctl plugins rog
prints "parameters.importance"
prints "parameters.least_budget"
try 2 rogctl run --parameters importance=layer workload=none seconds=60
says "parameters of ROG: importance must be one of row, tensor (found \"layer\")"
try 2 rogctl run --parameters least_budget=-1 workload=none seconds=60
says "parameters of ROG: least_budget must be a number from 0 to 600"
for least in 0 1; do
    try 0 rogctl run --parameters least_budget=$least,importance=tensor workload=none seconds=60
done
query "SELECT sum(rows_pushed) FROM iterations JOIN runs ON id = run_id WHERE library = 'ROG' GROUP BY run_id ORDER BY run_id" >rows
[ "$(sed -n 2p rows)" -gt "$(sed -n 1p rows)" ] || fail "a least budget sends no more rows: $(cat rows)"
try 0 rogctl replay "$run" --library SKELETON --parameters patience=2 --json
same "replayed" 2 "$(json .parameters.patience)"

# In real time every process gets them.
try 0 rogctl run --library SKELETON --cluster "$ROG_SOURCE/experiments/clusters/local4.conf" \
    --parameters patience=7 workload=none seconds=8 wire_model=convmlp-nano
run=$(query "SELECT id FROM runs WHERE cluster LIKE '%local%'")
same "at the server" 7.0 "$(query "SELECT json_extract(versions, '$.strategy.parameters.patience') FROM runs WHERE id = '$run'")"
