# SPDX-License-Identifier: Apache-2.0
#
# Programs on a virtual cluster that misbehave, in C and in Python, as users may write them: each run
# fails within seconds with a sentence that names the worker and the cause, no process remains, and
# their output does not fill the disk.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/descent.sh"

descent_make
cat >cluster.conf <<'END'
kind = "virtual"; workers = ( { profile = "jetson-nx"; count = 3; } );
END
runs=
# run NOTE COMMAND SETTINGS [FILES]: adds a run
run() {
    runs="$runs${runs:+,}
    { library = \"BSP\"; note = \"$1\"; workload = { command = \"$2\"; files = [${4:-}];
        test = \"echo 50\"; }; $3 }"
}
# sweep NAME STATUS: executes all runs
sweep() {
    cat >"$1.conf" <<END
case = "$1"; figure = "1"; seconds = 60.0; trace = "constant:0.002"; checkpoint_period = 20.0;
runs = ($runs );
END
    try "$2" rogctl sweep "$1.conf" --cluster cluster.conf --jobs 2 --db "$1.db" --plots "$1"
    runs=
}
# fails NAME NOTE TEXT: checks that the run of that note has failed with this text
fails() {
    error=$(query "SELECT error FROM runs WHERE status = 'failed' AND note = '$2'" "$1.db")
    case $error in
    *"$3"*) ;;
    *) fail "$2: \"$error\" lacks \"$3\"" ;;
    esac
}
nothing_is_left() {
    same "processes that are left" "" "$(pgrep -f "$PWD/descent|^sleep 54321.$$|$PWD/.*train.py" || true)"
}

# In C.
for fault in exit leave abort nan close change; do
    run $fault "$PWD/descent $fault 3" ""
done
run hang "$PWD/descent hang 3" "step_limit = 5.0;"
run grow "$PWD/descent grow 3" "memory_limit = 0.2;"
run missing "$PWD/no-such-program" ""
run silent "true" ""
run absent "sleep 54321.$$" "step_limit = 5.0;"
sweep c 1
fails c exit "worker 2's program exited with status 3; it said \"oh dear\" ("
fails c leave "worker 2's program exited (status 0) before it had finished"
fails c abort "worker 2's program was killed by signal 6 (Aborted)"
fails c nan "bias"
fails c nan "worker 2"
fails c close "worker 2's program closed its connection to the simulation before it had finished"
fails c change "worker 2's program failed: tensor fc.bias was changed by the program"
fails c hang "worker 2's program has computed iteration 3 for more than 5 s of real time"
fails c grow "worker 2's program was killed: it used 0."
fails c missing "'s program exited with status 127; it said"
fails c silent "'s program ended (status 0) without taking part in the run"
fails c absent "'s program has not joined the run within 5 s of real time"
nothing_is_left

# Programs that are merely untidy do no harm: nothing remains, and the log is small.
run print "$PWD/descent print 3" ""
run fork "$PWD/descent fork 3" ""
sweep manners 0
nothing_is_left
log=$(find manners.runs -path '*worker2/program.log' -size +512k)
[ -f "$log" ] || fail "no log of what it printed"
[ "$(wc -c <"$log")" -lt 2000000 ] || fail "a log of $(wc -c <"$log") bytes"
grep -q 'bytes omitted' "$log" || fail "the log does not say what it lacks"

# Also if the simulation is killed: what a program has started in a session of its own, with an empty
# environment, is found.
away="sleep 54321.$$"
cat >escape.sh <<END
#!/bin/sh
[ "\$ROG_RANK" != 2 ] || setsid env -i sh -c '$away & $away' </dev/null >/dev/null 2>&1 &
exec "$PWD/descent"
END
chmod +x escape.sh
device='"compress_s": 0.1, "decompress_s": 0.1, "watts_compute": 12, "watts_communicate": 4, "watts_stall": 3'
cat >c.json <<END
{"library": "BSP", "workload": "program", "command": "PAUSE=50000 exec $PWD/escape.sh", "files": [],
 "sources": [], "test": "true", "seconds": 5000,
 "workers": [{"rank": 1, "step_s": 1, $device}, {"rank": 2, "step_s": 1, $device}]}
END
rog-trainer simulate --config c.json --out killed >out 2>err &
pid=$!
tried="rog-trainer simulate, to be killed"
for _ in $(seq 600); do
    [ "$(pgrep -fc "^$away")" = 2 ] && break
    sleep 0.05
done
sleep 2 # it searches for them every half second
kill -9 $pid
wait $pid 2>/dev/null
for _ in $(seq 200); do
    [ -n "$(pgrep -f "$PWD/descent|^$away")" ] || break
    sleep 0.05
done
nothing_is_left

# In Python, with a process for each worker or one process for all.
/usr/bin/python3 -c 'import torch' 2>/dev/null || skip "what is left: no module torch (package python3-torch)"
cat >train.py <<'END'
import ctypes
import os
import sys
import time

import rog
import torch

run = rog.from_env()
deed, rank = sys.argv[1], run["rank"]
model = torch.nn.Linear(8, 3 if deed == "shape" and rank == 2 else 2)
optimizer = rog.Optimizer(model.parameters(), lr=0.1, **run)
while not optimizer.over:
    loss = model(torch.ones(1, 8)).sum()
    if rank == 2 and optimizer.iteration == 2:
        if deed == "raise":
            raise ValueError("no such thing")
        if deed == "exit":
            sys.exit(0)
        if deed == "die":
            ctypes.string_at(0)
        if deed == "nan":
            loss = loss * float("nan")
        if deed == "memory":
            bytearray(1 << 60)
        if deed == "hang":
            time.sleep(1000)
        if deed == "change":
            with torch.no_grad():
                model.bias.add_(1)
        if deed == "garbage":
            os.write(1, bytes(range(256)) * 20000)
            sys.exit(4)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
optimizer.finish()
END
python() { # NOTE DEED SETTINGS
    run "$1" "/usr/bin/python3 train.py $2" "$3" '"train.py"'
}
python "hosted hang" hang "seed = 2; workers_per_process = 3; step_limit = 20.0;"
python raise raise ""
for deed in raise exit die nan memory change shape garbage; do
    python "hosted $deed" $deed "seed = 2; workers_per_process = 3;"
done
sweep python 1
fails python raise "worker 2's program failed: ValueError: no such thing ["
fails python raise "train.py\", line 17, in <module> raise ValueError(\"no such thing\")]"
fails python "hosted raise" "worker 2's program failed: ValueError: no such thing ["
fails python "hosted exit" "worker 2's program failed: it exited before the end of the run"
fails python "hosted die" "the program of workers 1 to 3 (worker 2 was computing) was killed by signal 11"
fails python "hosted nan" "worker 2"
fails python "hosted memory" "worker 2's program failed: MemoryError"
fails python "hosted change" "worker 2's program failed: "
fails python "hosted shape" "of worker 2 is "
fails python "hosted garbage" "worker 2's program failed: it called sys.exit(4)"
fails python "hosted hang" "worker 2's program has computed iteration 3 for more than 20 s of real time"
nothing_is_left
