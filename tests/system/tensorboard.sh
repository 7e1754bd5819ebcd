# SPDX-License-Identifier: Apache-2.0
# A case as read by TensorBoard: every point of every curve, and the tab HParams of its server. Skipped
# without `tensorboard` (pip install tensorboard; ROG_TENSORBOARD names another one).
. "$ROG_TEST_TOOLS/lib.sh"
board=$(command -v "${ROG_TENSORBOARD:-tensorboard}") || skip "tensorboard is not installed"
python=$(dirname "$(readlink -f "$board")")/python3
[ -x "$python" ] || skip "no Python beside $board"
command -v curl >/dev/null || skip "curl is not installed"

cat >x.conf <<END
case = "c"; $quick target_accuracy = 53.0;
runs = ( { library = "BSP"; threshold = 0; note = "a \"note\", with\nlines and 'quotes'"; },
         { threshold = 4; } );
END
try 0 rogctl sweep x.conf -q
# Runs without gradients are not tested, so add test results.
query "INSERT INTO checkpoints(run_id, t, iteration, path, accuracy)
    SELECT runs.id, 60 * value, 5 * value, 'x' || value, 50 + value FROM runs, json_each('[1, 2, 3, 4]')"
for time in once twice; do
    try 0 rogctl export c-case0 --format tensorboard --to log
done
prints log/c-case0/
same "files" 11 "$(find log -type f | wc -l)"

cat >read.py <<'END'
import sqlite3, struct, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
db = sqlite3.connect("results.db")
columns = ["compute_s", "stall_s", "staleness", "local_steps", "age_pushed", "age_pulled", "loss"]
f32 = lambda x: struct.unpack("f", struct.pack("f", x))[0]
points = 0
for run, start in db.execute("SELECT id, strftime('%s', started_at) FROM runs").fetchall():
    def check(folder, tag, wanted):
        got = EventAccumulator(folder, size_guidance={"scalars": 0}).Reload()
        got = [(e.wall_time, e.step, e.value) for e in got.Scalars(tag)] if wanted else []
        wanted = [(int(start) + t, step, f32(value)) for t, step, value in wanted]
        assert len(got) == len(wanted), (folder, tag, len(got), len(wanted))
        for a, b in zip(got, wanted):
            assert abs(a[0] - b[0]) < 1e-5 and a[1:] == b[1:], (folder, tag, a, b)
        return len(got)
    home = f"log/c-case0/{run}"
    points += check(home, "accuracy", db.execute(
        "SELECT t, iteration, accuracy FROM checkpoints WHERE run_id = ? ORDER BY t", (run,)).fetchall())
    for rank in range(1, 5):
        for column in columns + ["push_s + pull_s"]:
            tag = "communication_s" if "+" in column else column
            points += check(f"{home}/worker{rank}", tag, db.execute(
                f"SELECT t, iteration, {column} FROM iterations WHERE run_id = ? AND rank = ? AND "
                f"{column} IS NOT NULL ORDER BY t", (run, rank)).fetchall())
        points += check(f"{home}/worker{rank}", "energy_j/model", db.execute(
            "SELECT max(t), CAST(t AS INTEGER), joules FROM energy WHERE run_id = ? AND rank = ? "
            "GROUP BY CAST(t / 10 AS INTEGER) ORDER BY t", (run, rank)).fetchall())
        rates = EventAccumulator(f"{home}/worker{rank}", size_guidance={"scalars": 0}).Reload().Scalars("bandwidth_mbps")
        lowest, highest, seconds = db.execute("SELECT min(mbps), max(mbps), count(DISTINCT CAST(t AS INTEGER)) "
            "FROM bandwidth WHERE run_id = ? AND rank = ?", (run, rank)).fetchone()
        assert len(rates) == seconds and all(f32(lowest) <= e.value <= f32(highest) for e in rates)
print(points)
END
"$python" read.py >points 2>read.err || fail "TensorBoard reads something else: $(tail -n 3 read.err)"
[ "$(cat points)" -gt 1000 ] || fail "only $(cat points) points"

# A changed byte in a record is detected by the checksum.
cp -r log/c-case0 hurt
file=$(echo hurt/*-ROG-*/worker1/events.*)
printf '\377' | dd of="$file" bs=1 seek=60 conv=notrunc 2>/dev/null
"$python" -c "
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
for name in '$file', '$(echo log/c-case0/*-ROG-*/worker1/events.*)': print(len(list(RawEventFileLoader(name).Load())))" >counts 2>/dev/null ||
    fail "TensorBoard does not read the files"
[ "$(sed -n 1p counts)" -lt "$(sed -n 2p counts)" ] || fail "TensorBoard took a damaged record: $(cat counts)"

"$board" --logdir log/c-case0 --host 127.0.0.1 --port 0 >server.log 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null' EXIT
tries=0
until url=$(grep -o 'http://127[^ ]*' server.log); do
    tries=$((tries + 1))
    [ $tries -lt 240 ] && kill -0 $server 2>/dev/null || skip "TensorBoard does not start: $(tail -n 3 server.log)"
    sleep 0.5
done
ask() {
    curl -sf -X POST -H 'Content-Type: application/json' -d "$2" "${url}data/plugin/hparams/$1" >out 2>err
}
everything='{"experimentName": "", "allowedStatuses": ["STATUS_SUCCESS"], "colParams": [], "startIndex": 0, "sliceSize": 10}'
tries=0
until ask session_groups "$everything" && [ "$(jq '[.sessionGroups[].metricValues | length] | add' out)" -ge 12 ]; do
    tries=$((tries + 1))
    [ $tries -lt 240 ] || fail "the tab HParams does not show both runs"
    sleep 0.5
done
same "runs of the tab" "BSP ROG" "$(json '[.sessionGroups[].hparams.library] | sort | join(" ")')"
same "its threshold" 4 "$(json '.sessionGroups[] | select(.hparams.library == "ROG") | .hparams.threshold')"
same "its accuracy" 54 "$(json '.sessionGroups[] | select(.hparams.library == "ROG") | .metricValues[] |
    select(.name.tag == "accuracy") | .value')"
same "its note" "a \"note\", with lines and 'quotes'" \
    "$(json '.sessionGroups[] | select(.hparams.library == "BSP") | .hparams.note')"
ask experiment '{"experimentName": ""}' || fail "no experiment"
same "columns" "library note threshold" "$(json '[.hparamInfos[].name] | sort | join(" ")')"
