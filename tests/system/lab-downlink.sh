# SPDX-License-Identifier: Apache-2.0
# The server shapes what workers receive (downlink = "server", as on kernels without ifb): a class for
# each worker on its interface, following that worker's trace. With BSP and ROG, the replay is within
# its tolerance, tc's counters agree with what arrives at the workers' interfaces and with what the
# trainer reports, and everything is removed at the end, even for a run whose rogctl is killed and does
# not come back.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/lab.sh"

command -v jq >/dev/null || skip "jq is not installed"
lab_up 4
host_states >idle-states
try 0 rogctl trace synth outdoors 'trace-{rank}.csv' --workers 4
{
    cat $lab/cluster.conf
    echo 'downlink = "server"; lease = 8.0; retries = 0;'
} >cluster.conf
# conf RUN...: writes an experiment of these runs, 25 s each.
conf() {
    echo "case = \"f\"; seconds = 25.0; trace = \"trace-{rank}.csv\";
        workload = \"none\"; wire_model = \"convmlp-s\"; epochs = 100000; runs = ( $* );" >f.conf
}

# sample NAME: writes the bytes in the server's class for each worker, from tc, and the bytes that have
# arrived there, from the interfaces, into the file NAME, one line per worker. The classes are read
# before and after the interfaces, because the run continues. rogctl, too, sends some kilobytes to each
# worker.
sample() {
    tc -n roglab0 -s -j qdisc show dev eth0 >first
    for host in 1 2 3 4; do ip -n "roglab$host" -s -j link show dev eth0 >arrived$host; done
    tc -n roglab0 -s -j qdisc show dev eth0 >second
    for look in first second; do
        jq -r '[.[] | select(.kind == "tbf")] | sort_by(.handle)[].bytes' $look >$look.bytes
    done
    for host in 1 2 3 4; do jq '.[0].stats64.rx.bytes' arrived$host; done >arrived.bytes
    paste first.bytes arrived.bytes second.bytes >"$1"
}

# --- a run, sampled while it is in progress ---
conf '{ library = "BSP"; }, { library = "ROG"; threshold = 4; }'
begin both
same "qdiscs of the server" "htb tbf tbf tbf tbf" \
    "$(tc -n roglab0 qdisc show dev eth0 | cut -d' ' -f2 | sort | paste -sd' ')"
for host in 1 2 3 4; do
    same "qdiscs of worker $host" "tbf" \
        "$(tc -n "roglab$host" qdisc show dev eth0 | cut -d' ' -f2 | paste -sd' ')"
    same "ifb of worker $host" "" "$(ip -n "roglab$host" -o link show type ifb)"
done
sample before
sleep 10
sample after
paste before after | awk '{ least = $4 - $3; most = $6 - $1; got = $5 - $2
    printf "worker %d: %d to %d bytes through its class, %d arrived\n", NR, least, most, got
    if (most < 10000 || got < 0.98 * least || got > 1.02 * most + 50000) bad = 1 }
    END { exit bad }' || fail "tc and the interfaces do not agree"
wait $sweep || fail "the sweep: $(grep -v running said)"
nothing_is_left
each_event_once both.db
grep -q 'paced in user space' said && fail "it was not shaped"

# --- the audit ---
same "replays" 10 "$(query "SELECT count(*) FROM events WHERE kind = 'replay-end'" both.db)"
same "lanes of the server" "1 2 3 4" "$(query "SELECT group_concat(rank, ' ') FROM
    (SELECT DISTINCT rank FROM events WHERE kind = 'replay-audit'
     AND json_extract(data, '$.direction') = 'downlink' ORDER BY 1)" both.db)"
query "SELECT library, rank, printf('%.4f', json_extract(data, '$.error')),
    printf('%.1f', json_extract(data, '$.busy_s')) FROM events JOIN runs ON id = run_id
    WHERE kind = 'replay-end' ORDER BY 1, 2" both.db | tr '|' ' ' >ends
awk '{ printf "%s, host %d: off by %.2f%% over %.1f s in which something waited\n", $1, $2, 100 * $3, $4
    if ($2 == 0 && $4 < 5) bad = 1
    if ($3 > 0.05 || $3 < -0.05) bad = 1 } END { exit bad }' ends || fail "the replay was off"
for id in $(query 'SELECT id FROM runs' both.db); do
    try 0 rogctl show "$id" --db both.db --json
    same "the replay of $id is off" false "$(json .replay_off)"
done

# --- rogctl is killed and does not come back ---
conf '{ library = "ROG"; threshold = 4; seconds = 100.0; }'
begin killed
kill -9 $sweep
wait $sweep
for i in $(seq 240); do
    [ -z "$(for host in $hosts; do programs "$host" rog-trainer; done)" ] && break
    sleep 0.5
done
nothing_is_left
