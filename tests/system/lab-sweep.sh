# SPDX-License-Identifier: Apache-2.0
# The short experiment on network namespaces with real sshd, in real time, from `rogctl sweep` to its
# figures: links are shaped by a recorded trace, a file for each worker. ROG stalls less than BSP, and
# the same experiment in virtual time gives the same communication and stall within 15%. Both read the
# same trace files. tc counts frames on an interface: 0.07 more for each byte of a message, which the
# virtual cluster's file contains (docs/notes/how-close.md, Against real hosts).
# figures: real links are shaped along a recorded trace, a file for each worker. ROG waits less than
# BSP, and the same experiment in virtual time gives the same communication and stall within 15%.
#
# Both read the same trace files. What tc counts on an interface are frames: for each byte of a
# message 0.07 more, which the virtual cluster's file says (docs/notes/how-close.md, Against real
# hosts).
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/lab.sh"

lab_up 4
host_states >idle-states
try 0 rogctl trace synth outdoors 'trace-{rank}.csv' --workers 4
{
    cat "$ROG_BUILD/share/rog/lab-smoke.conf"
    echo 'trace = "trace-{rank}.csv";'
} >smoke.conf
cat >virtual.conf <<'CONF'
kind = "virtual";
workers = ( { profile = "jetson-nx"; packet_headers = 0.07; count = 4; } );
CONF

try 0 rogctl sweep smoke.conf --cluster lab
nothing_is_left
same "done at the first attempt" 3 \
    "$(query "SELECT count(*) FROM runs WHERE status = 'done' AND attempt = 1")"
each_event_once results.db
for format in pdf svg png; do
    [ -s plots/lab-smoke-case0-average-time-composition.$format ] || fail "no figure as $format"
done
same "links that were shaped" 12 "$(query "SELECT count(*) FROM events WHERE kind = 'replay-end'")"
same "hosts with energy" 12 "$(query 'SELECT count(DISTINCT run_id || rank) FROM energy')"
for id in $(query 'SELECT id FROM runs'); do
    try 0 rogctl show "$id"
    grep -i -e '^replay' -e warning out
    try 0 rogctl show "$id" --json
    same "the replay of $id is off" false "$(json .replay_off)"
    same "hosts of $id that were heard of" '0 1 2 3 4' "$(json '[.robots[].rank] | join(" ")')"
    same "workers of $id with news" true "$(json '.robots[1:] | any(.iteration > 0) and
        all(.silent_s >= 0 and (.mbps_up | type) == "number")')"
done

# The same in virtual time.
try 0 rogctl sweep smoke.conf --cluster virtual.conf --db virtual.db
# Both end after a minute: compare the iterations that both have finished.
query "ATTACH 'virtual.db' AS other;
    SELECT mine.library, count(*), printf('%.4f %.4f %.4f %.4f',
        avg(i.push_s + i.pull_s), avg(v.push_s + v.pull_s), avg(i.stall_s), avg(v.stall_s))
    FROM iterations i JOIN runs mine ON mine.id = i.run_id
    JOIN other.runs theirs ON theirs.library = mine.library
    JOIN other.iterations v ON v.run_id = theirs.id AND v.rank = i.rank AND v.iteration = i.iteration
    GROUP BY mine.library" | tr '|' ' ' >compared
same "strategies" 3 "$(wc -l <compared)"
awk '{ printf "%-4s %3d iterations: communication %.3f s on the lab, %.3f s virtually; stall %.3f s, %.3f s\n",
    $1, $2, $3, $4, $5, $6 }' compared
awk '$1 == "BSP" { bsp = $5 } $1 == "ROG" { rog = $5 } END { exit !(rog < bsp) }' compared ||
    fail "ROG stalls no less than BSP"
# The numbers of bytes agree within 10%: what each worker sends and receives under each strategy.
query "ATTACH 'virtual.db' AS other;
    SELECT mine.library, i.rank, printf('%.4f %.4f', 1.0 * sum(i.bytes_pushed) / sum(v.bytes_pushed),
        1.0 * sum(i.bytes_pulled) / sum(v.bytes_pulled))
    FROM iterations i JOIN runs mine ON mine.id = i.run_id
    JOIN other.runs theirs ON theirs.library = mine.library
    JOIN other.iterations v ON v.run_id = theirs.id AND v.rank = i.rank AND v.iteration = i.iteration
    GROUP BY mine.library, i.rank" | tr '|' ' ' >bytes
awk '$3 < 0.9 || $3 > 1.1 || $4 < 0.9 || $4 > 1.1 { print; bad = 1 } END { exit bad || NR != 12 }' bytes ||
    fail "the lab and the virtual cluster do not send the same"
awk 'function far(a, b) { return a > 1.15 * b || b > 1.15 * a }
    $2 < 15 || far($3, $4) || far($5, $6) { bad = 1 } END { exit bad }' compared ||
    fail "the lab and the virtual cluster differ by more than 15%"
