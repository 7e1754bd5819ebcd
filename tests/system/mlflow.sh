# SPDX-License-Identifier: Apache-2.0
# Export to a real MLflow server: what arrives, read with the server's own client; repeating and
# continuing an export adds nothing. Skipped without `mlflow` (pip install mlflow; ROG_MLFLOW names
# another one).
. "$ROG_TEST_TOOLS/lib.sh"
mlflow=$(command -v "${ROG_MLFLOW:-mlflow}") || skip "mlflow is not installed"
command -v curl >/dev/null || skip "curl is not installed"

cat >x.conf <<END
case = "c"; $quick
runs = ( { library = "BSP"; threshold = 0; note = "a \"note\", with\nlines and 'quotes'"; },
         { threshold = 4; } );
END
try 0 rogctl sweep x.conf -q

port=$(free_ports 1)
"$mlflow" server --host 127.0.0.1 --port $port --workers 1 --backend-store-uri sqlite:///mlflow.db \
    --artifacts-destination "$PWD/artifacts" >server.log 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null' EXIT
url=http://127.0.0.1:$port
tries=0
until curl -sf $url/health >/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] && kill -0 $server 2>/dev/null || skip "the MLflow server does not start: $(tail -n 3 server.log)"
    sleep 0.5
done

metrics=$(query "SELECT (SELECT sum((compute_s IS NOT NULL) + (push_s + pull_s IS NOT NULL) + (stall_s IS NOT NULL) +
    (rows_pushed IS NOT NULL) + (rows_pulled IS NOT NULL) + (loss IS NOT NULL) + (staleness IS NOT NULL) +
    (padding_s IS NOT NULL) + (local_steps IS NOT NULL) + (age_pushed IS NOT NULL) + (age_pulled IS NOT NULL)) FROM iterations)
    + (SELECT count(*) FROM (SELECT DISTINCT run_id, rank, CAST(t / 10 AS INTEGER) FROM energy)) + 2 * 9")
# An interrupted export is continued.
rogctl export c-case0 --format mlflow --to $url -q >/dev/null 2>&1 &
first=$!
while kill -0 $first 2>/dev/null; do
    [ "$(sqlite3 mlflow.db 'SELECT count(*) FROM metrics' 2>/dev/null)" != 0 ] && break
    sleep 0.05
done
kill -9 $first 2>/dev/null || true
wait $first || true
for time in again "once more"; do
    try 0 rogctl export c-case0 --format mlflow --to $url/ --json
    same "runs, $time" 3 "$(query 'SELECT count(*) FROM runs' mlflow.db)"
    same "finished runs, $time" 3 "$(query "SELECT count(*) FROM runs WHERE status = 'FINISHED'" mlflow.db)"
    same "metrics, $time" "$metrics" "$(query 'SELECT count(*) FROM metrics' mlflow.db)"
done
same "files" 5 "$(json '.files | length')"
same "metrics sent the second time" 0 "$(json '[.runs[].metrics_sent] | add')"
same "a stall" "$(query "SELECT round(stall_s, 5) FROM iterations JOIN runs ON id = run_id
        WHERE library = 'ROG' AND rank = 2 AND iteration = 7")" \
    "$(query "SELECT round(m.value, 5) FROM metrics AS m JOIN params AS p USING(run_uuid) WHERE p.key = 'library'
        AND p.value = 'ROG' AND m.key = 'stall_s/worker2' AND m.step = 7" mlflow.db)"
same "the note, as Markdown" "a \\\"note\\\", with lines and 'quotes'" \
    "$(query "SELECT t.value FROM tags AS t JOIN params AS p USING(run_uuid) WHERE p.key = 'library' AND p.value = 'BSP'
        AND t.key = 'mlflow.note.content'" mlflow.db)"
id=$(json '.runs[1].mlflow_run_id')
curl -sf "$url/api/2.0/mlflow-artifacts/artifacts/$(query "SELECT experiment_id FROM runs LIMIT 1" mlflow.db)/$id/artifacts/config.json" >got ||
    fail "config.json is not there"
same "config.json" "$(query "SELECT config FROM runs WHERE library = 'ROG'")" "$(cat got)"
[ "$(find artifacts -name '*.svg' | wc -l)" -eq 1 ] || fail "no figure arrived"

# During a sweep: what it has done is on the server exactly once at the end, and finished and failed
# runs are distinguished. The server's own client is not used, because it does not show running runs.
cat >live.conf <<END
case = "live"; $quick
runs = ( { library = "BSP"; threshold = 0; }, { library = "SSP"; threshold = 4; } );
END
try 0 rogctl sweep live.conf -q --mlflow $url
same "live runs" 2 "$(query "SELECT count(*) FROM runs JOIN tags AS t USING(run_uuid) WHERE t.key = 'rogctl.run_id'
    AND runs.status = 'FINISHED' AND t.value IN ($(query "SELECT group_concat(quote(run_id)) FROM case_runs WHERE case_name = 'live-case0'"))" mlflow.db)"
before=$(query 'SELECT count(*) FROM metrics' mlflow.db)
try 0 rogctl export live-case0 --format mlflow --to $url --json
same "what was missing after the sweep" 0 "$(json '[.runs[].metrics_sent] | add')"
same "metrics after it" "$before" "$(query 'SELECT count(*) FROM metrics' mlflow.db)"

# The server is unreachable: the sweep is not affected, and prints once how to export later.
sed 's/"live"/"away"/' live.conf >away.conf
try 0 rogctl sweep away.conf --mlflow http://127.0.0.1:9
says "rogctl export away-case0 --format mlflow --to http://127.0.0.1:9"
same "it is said" 1 "$(grep -c 'MLflow did not receive everything' err)"
try 0 rogctl export away-case0 --format mlflow --to $url --json
same "runs made up for" 2 "$(json '.runs | length')"
try 2 rogctl sweep away.conf --mlflow http://me:secret@127.0.0.1:9
says "the URL contains"
try 2 rogctl sweep away.conf --mlflow 127.0.0.1
