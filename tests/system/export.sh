# SPDX-License-Identifier: Apache-2.0
# Exported data read back as they were recorded.
. "$ROG_TEST_TOOLS/lib.sh"
cat >x.conf <<END
case = "c"; $quick
runs = ( { library = "BSP"; threshold = 0; note = "a \"note\", with\nlines"; }, { threshold = 4; } );
END
try 0 rogctl sweep x.conf -q
try 0 rogctl export c-case0 --to out-csv --json
same "files" 8 "$(json '.files | length')"
for table in runs workers checkpoints iterations bandwidth energy events; do
    rm -f back.db
    sqlite3 back.db ".mode csv" ".import out-csv/c-case0-$table.csv $table" || fail "$table.csv cannot be read"
    same "rows of $table" "$(query "SELECT count(*) FROM $table")" "$(query "SELECT count(*) FROM $table" back.db)"
    same "$table" 0 "$(query "ATTACH 'results.db' AS r; SELECT count(*) FROM r.$table AS a WHERE NOT EXISTS
        (SELECT 1 FROM $table AS b WHERE $(case $table in
        runs) echo 'a.id = b.id AND a.note = b.note AND a.config = b.config AND a.seed = b.seed' ;;
        workers) echo 'a.run_id = b.run_id AND a.rank = b.rank AND a.facts = b.facts' ;;
        iterations) echo 'a.run_id = b.run_id AND a.rank = b.rank AND a.iteration = b.iteration AND
            a.t = CAST(b.t AS REAL) AND a.stall_s = CAST(b.stall_s AS REAL) AND a.rows_pushed = b.rows_pushed' ;;
        bandwidth) echo 'a.run_id = b.run_id AND a.rank = b.rank AND a.t = CAST(b.t AS REAL) AND a.mbps = CAST(b.mbps AS REAL)' ;;
        energy) echo 'a.run_id = b.run_id AND a.rank = b.rank AND a.joules = CAST(b.joules AS REAL)' ;;
        checkpoints) echo 'a.run_id = b.run_id AND a.t = CAST(b.t AS REAL)' ;;
        events) echo 'a.run_id = b.run_id AND a.t = CAST(b.t AS REAL) AND a.data = b.data' ;;
        esac))" back.db)"
done

try 0 rogctl export c-case0 --format json --to out-json
prints out-json/c-case0.json
same "runs" 2 "$(jq '.runs | length' out-json/c-case0.json)"
same "note" "$(query "SELECT note FROM runs WHERE library = 'BSP'")" \
    "$(jq -r '.runs[] | select(.run[0].library == "BSP") | .run[0].note' out-json/c-case0.json)"
same "iterations" "$(query 'SELECT count(*), round(sum(stall_s), 3) FROM iterations' | tr '|' ' ')" \
    "$(jq -r '[.runs[].iterations[].stall_s] | "\(length) \(add * 1000 | round / 1000)"' out-json/c-case0.json)"
same "configuration is JSON" 4 "$(jq '.runs[] | .run[0] | select(.library == "ROG") | .config.threshold' out-json/c-case0.json)"

try 3 rogctl export d-case0
says "there is c-case0"
try 2 rogctl export c-case0 --format xml
says "csv, json"
touch in-the-way
try 1 rogctl export c-case0 --to in-the-way/x
