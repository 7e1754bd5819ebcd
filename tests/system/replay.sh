# SPDX-License-Identifier: Apache-2.0
# A recorded run is replayed on the virtual cluster: with its own strategy it gives the same figures,
# with another strategy different ones; nothing is recorded; runs that cannot be replayed are rejected.
. "$ROG_TEST_TOOLS/lib.sh"

cat >cluster.conf <<'CONF'
kind = "virtual";
workers = ( { profile = "artifact-1"; }, { step_s = 0.5; compress_s = 0.1; packet_headers = 0.1; batch = 12; },
            { send_buffer = 1e6; answers = "waiting"; trace_offset = 77.0; } );
CONF
cat >quick.conf <<CONF
case = "quick"; $quick
runs = ( { library = "BSP"; }, { library = "ROG"; threshold = 4; }, { library = "SSP"; seconds = 0.0; epochs = 1; batch = 500; } );
CONF
try 0 rogctl sweep quick.conf --cluster cluster.conf
try 0 rogctl runs --json
for library in BSP ROG SSP; do
    eval "$library=$(jq -r ".[] | select(.library == \"$library\") | .id" out)"
done
query .dump >before

# The same strategy: the same figures, except for rounding in the record.
figures='[.iterations, .seconds, .compute_s, .communication_s, .stall_s, .bytes_pushed, .bytes_pulled]'
close() { # RUN LIBRARY
    try 0 rogctl show "$1" --json
    json "$figures | @tsv" >wanted
    try 0 rogctl replay "$1" --library "$2" --json
    json "$figures | @tsv" >found
    paste wanted found | awk '{ for (i = 1; i <= 7; i++) if ($i < 0.999 * $(i + 7) || $i > 1.001 * $(i + 7)) exit 1 }' ||
        fail "$1 as it was: $(cat wanted), replayed: $(cat found)"
}
close "$BSP" BSP
close "$ROG" ROG
close "$SSP" SSP
same "of what" "$SSP SSP 4 done none" "$(json '[.replay_of, .library, .threshold, .status, .workload] | join(" ")')"
json 'select(.replay_of and .config and .events and (.accuracy == []) and .folder == null) | "all there"' >said
same "what show --json prints" "all there" "$(cat said)"

# A model of another family: its tensors in a file.
cat >layout.json <<END
[{"name": "a.weight", "shape": [100, 50]}, {"name": "a.bias", "shape": [100]},
 {"name": "bn.mean", "shape": [4], "constant": true}]
END
try 0 rogctl run library=BSP workload=none layout=layout.json seconds=60 note=tensors --cluster cluster.conf --db l.db
run=$(query "SELECT id FROM runs" l.db)
same "tensors" "program 5100 101" "$(query "SELECT json_extract(data, '\$.model') || ' ' ||
    json_extract(data, '\$.params') || ' ' || json_extract(data, '\$.rows') FROM events WHERE kind = 'start'" l.db)"
try 0 rogctl show "$run" --db l.db --json
json "$figures | @tsv" >wanted
try 0 rogctl replay "$run" --library BSP --db l.db --json
json "$figures | @tsv" >found
paste wanted found | awk '{ for (i = 1; i <= 7; i++) if ($i < 0.999 * $(i + 7) || $i > 1.001 * $(i + 7)) exit 1 }' ||
    fail "tensors of a file: $(cat wanted), replayed: $(cat found)"
try 2 rogctl run workload=train layout=layout.json
says "layout is a model without values, only for workload none"
for wrong in '[]' '{' '[{"name": "a", "shape": [0]}]'; do
    echo "$wrong" >wrong.json
    try 2 rogctl run workload=none layout=wrong.json seconds=60 --db l.db
    says "layout $PWD/wrong.json: "
done

# Another strategy: it stalls less and does more in the same time. As text, beside the recorded run.
try 0 rogctl show "$BSP" --json
json '.stall_s' >bsp
try 0 rogctl replay "$BSP" --library SSP --threshold 20 --json
jq -e --argjson bsp "$(cat bsp)" '.stall_s < $bsp and .threshold == 20 and .note == "SSP 20"' out >/dev/null ||
    fail "SSP 20 stalls no less than BSP"
try 0 rogctl replay "$BSP" --library ROG -q
prints "replay of $BSP"
prints "ROG 4"
same "lines" 3 "$(wc -l <out)"

query .dump >after
cmp before after || fail "a replay changed the database"
same "folders left" "" "$(ls -A "$TMPDIR")"

# Two rates at nearly the same time, as on a real link.
query "INSERT INTO bandwidth SELECT run_id, rank, t + 0.00002, mbps FROM bandwidth
    WHERE run_id = '$BSP' AND rank = 1"
close "$BSP" BSP
query "DELETE FROM bandwidth WHERE run_id = '$BSP' AND rank = 1 AND
    abs(t * 10 - round(t * 10)) BETWEEN 0.0001 AND 0.0003"

# Rejected, with a list of what is possible.
try 3 rogctl replay nobody
try 2 rogctl replay
try 2 rogctl replay "$BSP" --library ROGG
try 2 rogctl replay "$BSP" --library BSP --threshold 3
says "threshold"
query "UPDATE runs SET status = 'failed' WHERE id = '$SSP'"
try 2 rogctl replay "$SSP"
says "it is failed"
query "DELETE FROM bandwidth WHERE run_id = '$ROG' AND rank = 2"
try 2 rogctl replay "$ROG"
says "no bandwidth of worker 2"
says "$BSP"
query "UPDATE iterations SET stall_s = NULL WHERE run_id = '$BSP' AND rank = 3"
try 2 rogctl replay "$BSP"
says "no times or stalls of worker 3"

[ -d "$ROG_SHARED_DATA/rog-artifact" ] || { echo "no $ROG_SHARED_DATA/rog-artifact: own runs only"; exit 0; }
rm -f results.db*
try 0 rogctl import "$ROG_SHARED_DATA/rog-artifact"
within() { # PERCENT LIBRARY: checks that communication and stall differ at most so much from `published`
    json '[.communication_s, .stall_s] | @tsv' >found
    paste found published | awk -v p="$1" '{ for (i = 1; i <= 2; i++) { d = 100 * ($i / $(i + 2) - 1); if (d > p || d < -p) exit 1 } }' ||
        fail "a published run as $2 (communication, stall; published): $(paste found published)"
}
try 0 rogctl show 06-23-01-50 --json
json '[.communication_s, .stall_s] | @tsv' >published
try 0 rogctl replay 06-23-01-50 --library BSP --threshold 0 --json
within 10 BSP
try 0 rogctl show 06-24 --json
json '[.communication_s, .stall_s] | @tsv' >published
try 0 rogctl replay 06-24 --library ROG --threshold 4 --json
within 10 "ROG, the published ROG run"
jq -e '.least_pushes > 0.3 and .config.parameters.importance == "tensor"' out >/dev/null ||
    fail "not as the published program ranks rows"
