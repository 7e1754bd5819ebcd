# SPDX-License-Identifier: Apache-2.0
# The inputs of a run identify it: edited files make it another run, and no run is recorded with the
# hash of a file that it has not read.
. "$ROG_TEST_TOOLS/lib.sh"

trace() { printf 'seconds,mbps\n0,%s\n1,%s\n' "$1" "$2"; }
trace 10 20 >t.csv
cat >s.conf <<END
case = "s"; seconds = 60.0; workload = "none"; trace = "t.csv"; runs = ( { library = "BSP"; } );
END
iterations='SELECT max(iteration) FROM iterations GROUP BY run_id ORDER BY run_id'
try 0 rogctl sweep s.conf
first=$(query 'SELECT id FROM runs')
same "iterations" 13 "$(query "$iterations")"
try 0 rogctl sweep s.conf --dry-run
prints "0 of 1 runs to do"
trace 1 2 >t.csv
try 0 rogctl sweep s.conf --dry-run
prints "t.csv differs from the file in $first"
prints "1 of 1 runs to do"
try 0 rogctl sweep s.conf
says "t.csv differs from the file in $first; that run leaves s-case0"
same "iterations" "13
2" "$(query "$iterations")"
same "runs of the case" 1 "$(query 'SELECT count(*) FROM case_runs')"
second=$(query 'SELECT run_id FROM case_runs')
touch t.csv
try 0 rogctl sweep s.conf --dry-run
prints "0 of 1 runs to do"

# The files that it read are shown, with the hashes that sha256sum computes.
try 0 rogctl show "$second"
prints "t.csv  sha256 $(sha256sum t.csv | cut -d ' ' -f 1)"
prints "bsp.so  sha256 "
try 0 rogctl show "$second" --json
same "files" "library trace" "$(json '[.inputs.files[].setting] | join(" ")')"
same "version" 1 "$(json .inputs.results)"

# With files moved or renamed, or another label, it is the same run.
mkdir elsewhere
mv t.csv elsewhere/u.csv
sed 's|t.csv|elsewhere/u.csv|; s|"BSP";|"BSP"; note = "another label";|' s.conf >moved.conf
try 0 rogctl sweep moved.conf
says "all 1 runs are already done"
same "label" "another label" "$(query "SELECT note FROM runs WHERE id = '$second'")"
# A missing file is reported before anything starts.
try 2 rogctl sweep s.conf
says "s.conf, line 1: trace: cannot open"
same "runs" 2 "$(query 'SELECT count(*) FROM runs')"

# A file is edited during a sweep: a running run may have read either version, a waiting run would read
# a file that was not planned.
trace 10 20 >t.csv
cat >e.conf <<END
case = "e"; seconds = 30000.0; workload = "none"; trace = "t.csv"; library = "BSP"; runs = ( { }, { seed = 2; } );
END
rogctl sweep e.conf --jobs 1 >out 2>err &
tried="rogctl sweep, its trace edited"
begun="SELECT count(*) FROM runs JOIN events ON run_id = id WHERE kind = 'start' AND status = 'running'"
for _ in $(seq 1200); do
    [ "$(sqlite3 results.db "$begun")" = 1 ] && break
    sleep 0.05
done
trace 1 2 >t.csv
wait $!
same "exit status" 1 $?
says "t.csv has changed since the run started, so what it read is unknown; run the sweep again"
says "t.csv has changed since the sweep was planned; run the sweep again"
same "done" 0 "$(query "SELECT count(*) FROM runs JOIN case_runs ON run_id = id WHERE case_name = 'e-case0'
    AND status = 'done'")"
sed -i 's/30000.0/100.0/' e.conf
try 0 rogctl sweep e.conf
says "failed and is no longer requested: it leaves e-case0"
same "states" "done done" "$(query "SELECT group_concat(status, ' ') FROM runs JOIN case_runs ON run_id = id
    WHERE case_name = 'e-case0'")"

# A trainer that computes something else than rogctl has planned is detected.
cat >trainer <<'END'
#!/bin/sh
[ "$1" = check ] && exit
[ "$1" = simulate ] && printf '{"event":"start","t":0,"results":99}\n{"event":"end","t":1}\n' >"$5/events.jsonl"
END
chmod +x trainer
ROG_TRAINER=$PWD/trainer try 1 rogctl run --library BSP workload=none seconds=60
says "the trainer computes results of version 99"

# A run that could not start leaves its case when another run is made for it.
printf '#!/bin/sh\n[ "$1" = check ]\n' >trainer
ROG_TRAINER=$PWD/trainer try 1 rogctl run --library BSP --case mine workload=none seconds=60
bad=$(query "SELECT run_id FROM case_runs WHERE case_name = 'mine'")
try 0 rogctl run --library BSP --case mine workload=none seconds=70
says "$bad failed before it started: it leaves mine"
same "runs of mine" done "$(query "SELECT group_concat(status) FROM runs JOIN case_runs ON run_id = id
    WHERE case_name = 'mine'")"
