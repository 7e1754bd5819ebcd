# SPDX-License-Identifier: Apache-2.0
# How a sweep interprets its input: which file and cluster it uses, and which runs belong to which case.
. "$ROG_TEST_TOOLS/lib.sh"

# ---- the cluster that an experiment file names ----
mkdir here other
echo 'kind = "virtual"; workers = ( { count = 2; } );' >here/c.conf
cat >here/e.conf <<END
case = "e"; cluster = "c.conf"; $quick
runs = ( { library = "BSP"; } );
END
cd other
echo 'kind = "virtual"; workers = ( { count = 5; } );' >c.conf # not the file's folder
try 0 rogctl sweep ../here/e.conf -n --json
same "workers" 2 "$(json '.runs[0].config.workers | length')"
try 0 rogctl sweep ../here/e.conf -n --json --cluster c.conf
same "workers of --cluster" 5 "$(json '.runs[0].config.workers | length')"
sed 's/c.conf/artifact4/' ../here/e.conf >../here/a.conf
try 0 rogctl sweep ../here/a.conf -n --json
same "profile" artifact-2 "$(json '.runs[0].config.workers[1].profile')"
sed 's/c.conf/nowhere/' ../here/e.conf >../here/a.conf
try 2 rogctl sweep ../here/a.conf -n
says "../here/a.conf, line 1: cluster: cannot read ../here/nowhere: No such file or directory"

# ---- each cluster has its own case ----
try 0 rogctl sweep ../here/e.conf
try 0 rogctl sweep ../here/e.conf --cluster c.conf -n
prints "e-case0: 1 of 1 runs to do" # the cluster of that name
cp c.conf five.conf
try 0 rogctl sweep ../here/e.conf --cluster five.conf
says "e-case0 has runs on cluster c; those on five are e-case1"
try 0 rogctl sweep ../here/e.conf
says "e-case0: all 1 runs are already done"
same "cases" "e-case0 1,e-case1 1" \
    "$(query "SELECT group_concat(case_name || ' ' || n) FROM (SELECT case_name, count(*) AS n FROM case_runs GROUP BY 1)")"
cd ..

# ---- installed experiment files ----
try 0 rogctl sweep threshold-wide.conf -n
says "/share/rog/threshold-wide.conf, which is installed with rogctl"
prints "threshold-wide-case0: 17 of 17 runs to do"
cp here/e.conf threshold-wide.conf
cp here/c.conf .
try 0 rogctl sweep threshold-wide.conf -n
prints "e-case0: 1 of 1 runs to do"
try 2 rogctl sweep clusters -n # a folder there
says "cannot read clusters"
try 2 rogctl sweep ./outdoors.conf -n
says "cannot read ./outdoors.conf"

# ---- repeats without effect, and links that fade together ----
for rank in 1 2 3 4; do
    printf 'seconds,mbps\n0,%s\n50,20\n90,3\n200,40\n330,5\n' $rank >w$rank.csv
done
cat >r.conf <<END
case = "r"; cluster = "c.conf"; $quick epochs = 1000; trace = "w{rank}.csv"; contender = "ROG";
matrix = { library = ["SSP", "ROG"]; seed = [1, 2, 3]; };
END
try 0 rogctl sweep r.conf -n
says "4 of the 6 runs only repeat another one, such as SSP with seed 2 the one with seed 1"
says 'hint: trace_start = "seed"'
try 2 rogctl sweep r.conf --until-ci 5
says "repeats of SSP would all be identical"
try 0 rogctl sweep r.conf -n --cluster local4 # no two runs in real time are the same
if grep -q repeat err; then fail "real time repeats"; fi
sed 's/epochs/trace_start = "seed"; epochs/' r.conf >s.conf
try 0 rogctl sweep s.conf -q
same "different runs" 3 "$(query "SELECT count(DISTINCT x) FROM (SELECT sum(push_s) AS x FROM iterations JOIN runs ON id = run_id WHERE library = 'SSP' GROUP BY run_id)")"
# Both workers start at the same relative position of their own recording, which is recorded with the
# workers.
same "starts" 3 "$(query "SELECT count(DISTINCT json_extract(facts, '$.trace_phase')) FROM workers WHERE rank = 1")"
same "starts of 2" 0 "$(query "SELECT count(*) FROM workers AS a JOIN workers AS b USING (run_id) WHERE json_extract(a.facts, '$.trace_phase') != json_extract(b.facts, '$.trace_phase')")"
try 0 rogctl report r-case0
prints "SSP (n = 3)"
try 0 rogctl sweep s.conf --until-ci 90 -q

# Drawn in blocks: other seeds have other traces, and strategies with the same seed the same ones.
sed 's/epochs/trace_blocks = 60.0; epochs/; s/"r"/"b"/' r.conf >blocks.conf
try 0 rogctl sweep blocks.conf -n
if grep -q repeat err; then fail "blocks repeat"; fi
try 0 rogctl sweep blocks.conf -q
same "traces" 3 "$(query "SELECT count(DISTINCT x) FROM (SELECT group_concat(t || ' ' || mbps) AS x FROM (SELECT * FROM bandwidth ORDER BY run_id, t) JOIN case_runs USING (run_id) WHERE case_name = 'b-case0' AND rank = 1 AND t < 100 GROUP BY run_id)")"
same "blocks" "6 60.0" "$(query "SELECT count(*) || ' ' || min(json_extract(facts, '$.trace_blocks')) FROM workers JOIN case_runs USING (run_id) WHERE case_name = 'b-case0' AND rank = 1")"
try 0 rogctl sweep blocks.conf --until-ci 90 -q
sed 's/= 60.0/= 600.0/' blocks.conf >long.conf
try 2 rogctl sweep long.conf -n
says "worker 1: $PWD/w1.csv: trace_blocks must be shorter than the recording, 460 s (found 600 s)"
try 2 rogctl run trace_blocks_by=worker
says "trace_blocks_by has no effect without trace_blocks"

sed 's/w{rank}/w1/' r.conf >shared.conf
try 0 rogctl sweep shared.conf -n
says "2 workers use the trace $PWD/w1.csv from the same moment on, so their links fade at the same time"
try 0 rogctl run workload=none seconds=60 trace=w1.csv --cluster c.conf
says "from the same moment on"
sed 's/epochs/trace_start = "spread"; epochs/' shared.conf >spread.conf
try 0 rogctl sweep spread.conf -n
if grep -q "same moment" err; then fail "spread workers fade at once"; fi
sed 's/epochs/trace_blocks = 60.0; trace_blocks_by = "worker"; epochs/' shared.conf >own.conf
try 0 rogctl sweep own.conf -n
if grep -q "same moment" err; then fail "workers with blocks of their own fade at once"; fi
try 2 rogctl run trace_start=middle
says 'trace_start must be one of spread, seed (found "middle")'

# ---- a dry run checks everything that runs would read ----
echo 'hello' >b1.csv
cp w2.csv b2.csv
head -c 1000 /dev/urandom >train.bin
cp train.bin test.bin
cat >bad.conf <<END
case = "bad"; cluster = "c.conf"; $quick
runs = ( { library = "BSP"; },
         { trace = "b{rank}.csv"; }, { trace = "b{rank}.csv"; seed = 2; },
         { trace = "synth:nowhere"; },
         { workload = "train"; initial_model = "b1.csv"; },
         { workload = "train"; data = "cifar100:."; } );
END
try 2 rogctl sweep bad.conf -n
says "bad.conf, line 3 (ROG 4): worker 1: $PWD/b1.csv:1: a bandwidth trace starts with"
says 'bad.conf, line 4 (ROG 4): worker 1: unknown bandwidth generator "nowhere"'
says "bad.conf, line 5 (ROG 4): checkpoint $PWD/b1.csv: only 6 bytes"
says "bad.conf, line 6 (ROG 4): $PWD/./train.bin: 1000 bytes long"
says "5 of the 6 runs could not start"
same "said once" 1 "$(grep -c 'starts with' err)"
prints "cannot start"
try 2 rogctl sweep bad.conf -n --json
same "faults" "0 5" "$(json '[.runs[].fault] | "\(.[0] // 0) \(map(select(.)) | length)"')"
printf 'seconds,mbps\n0,5\n1,2\n' >b1.csv
try 0 rogctl sweep bad.conf -n --only "seed 2"
echo 'step_s' >times.txt
echo 'kind = "virtual"; workers = ( { step_times = "times.txt"; } );' >times.conf
try 2 rogctl sweep here/e.conf -n --cluster times.conf
says "times.txt"
cat >ssh.conf <<'END'
kind = "ssh"; ssh_config = "no-such-config";
server = { host = "nobody.invalid"; };
workers = ( { host = "somebody.invalid"; }, { host = "no-one.invalid"; } );
END
try 2 rogctl sweep here/e.conf -n --cluster ssh.conf
says "ssh_config: there is no file $PWD/no-such-config"
sed -i 's/ssh_config.*;//' ssh.conf
try 0 rogctl sweep here/e.conf -n --cluster ssh.conf # connects to no host

# A plugin that crashes is named, and the other runs are checked nevertheless.
"${CC:-cc}" -shared -fPIC -I"$ROG_SOURCE/include" -o crash.so \
    "$ROG_SOURCE/tests/plugins/crash.c"
cat >crash.conf <<END
case = "crash"; cluster = "c.conf"; $quick
runs = ( { trace = "synth:nowhere"; }, { library = "BSP"; }, { library = "./crash.so"; },
         { library = "./crash.so"; threshold = 2; }, { library = "./crash.so"; threshold = 3; } );
END
try 2 rogctl sweep crash.conf -n
says "crash.conf, line 2 (ROG 4): worker 1: unknown bandwidth generator"
says "crash.conf, line 2 (CRASH 1): CRASH cannot start: plugin $PWD/crash.so crashed (signal 6, Aborted)"
says "crash.conf, line 3 (CRASH 2): CRASH cannot start: plugin $PWD/crash.so exited the process"
says "crash.conf, line 3 (CRASH 3): CRASH cannot start: three is too many"
says "4 of the 5 runs could not start"

# ---- estimated durations and their sources ----
from() {
    try 0 rogctl sweep "$@" -n --json
    json '[.runs[] | .wall_from // "-"] | unique | join(",")'
}
mkdir wall && cd wall
cp ../c.conf .
cat >t.conf <<END
case = "t"; cluster = "c.conf"; $quick
runs = ( { library = "BSP"; }, { library = "SSP"; } );
END
same "unknown" "-" "$(from t.conf)"
try 0 rogctl sweep t.conf -n
prints "wall time: unknown: no similar run is recorded for cluster c"
same "limit of real time" "its seconds" "$(from t.conf --cluster local4)"
same "all of real time" 600 "$(try 0 rogctl sweep t.conf -n --json --cluster local4; json .wall_s)"
try 0 rogctl sweep t.conf -q
query "UPDATE runs SET ended_at = strftime('%Y-%m-%dT%H:%M:%SZ', started_at, iif(library = 'BSP', '+100 seconds', '+300 seconds'))"
same "nothing to do" "0 of 2" "$(try 0 rogctl sweep t.conf -n; grep -o '0 of 2' out)"
same "as before" "same run" "$(from t.conf --seed 5)"
same "each as before" "100 300" "$(json '[.runs[].wall_s] | join(" ")')"
try 0 rogctl sweep t.conf -n --seed 5 --jobs 1
prints "wall time: about 7 min"
prints "2 runs: from the same run on this cluster"
sed 's/"SSP"/"ROG"/' t.conf >alike.conf
same "of the size" "runs of its size,same run" "$(from alike.conf --seed 5)"
same "mean" 200 "$(json '.runs[1].wall_s')"
sed 's/300.0/900.0/' t.conf >longer.conf
same "another size" "-" "$(from longer.conf)"
cd ..

# ---- tables of runs ----
cat >short.conf <<END
case = "short"; $quick figure = "10";
runs = ( { library = "BSP"; }, { library = "SSP"; threshold = 0; } );
END
try 0 rogctl sweep short.conf # a figure of accuracies only, which these runs lack
says "figure 10 shows only test results"
same "said before it runs" 1 "$(grep -c 'shows only test results' err)"
try 0 rogctl sweep short.conf
query "UPDATE runs SET ended_at = started_at"
try 0 rogctl sweep short.conf -n --seed 2
same "less than a second" 2 "$(grep -c ' <1 ' out)"
same "thresholds" "- 0" "$(awk '/SP/ { printf "%s%s", s, $3; s = " " }' out)"
cat >faults.conf <<END
case = "faults"; $quick contender = "NOSUCH";
runs = ( { library = "BSP"; }, { library = "NOSUCH"; seed = 7; }, { trace = "nosuch.csv"; },
         { workload = "train"; initial_model = "nosuch.weights"; }, { trace = "synth:foo"; } );
END
try 2 rogctl sweep faults.conf -n # all errors together
says 'faults.conf, line 2: no plugin provides the library "NOSUCH"'
says "faults.conf, line 2: trace: "
says "faults.conf, line 3: initial_model: "
says 'unknown bandwidth generator "foo"'
says "4 of the 5 runs could not start"
prints "1 of 5 runs to do, 4 cannot start"
same "rows with their faults" 4 "$(grep -c 'cannot start .*\(no plugin\|cannot open\|unknown bandwidth generator\)' out)"
try 2 rogctl sweep faults.conf
says "nosuch.csv"
says "nosuch.weights"
says "3 of the 5 runs could not start"
try 0 rogctl sweep faults.conf -n --only BSP
try 2 rogctl sweep faults.conf -n --only NOSUCH
prints "0 of 1 runs to do, 1 cannot start"
try 2 rogctl sweep faults.conf -n --json
same "faults" 4 "$(json '[.runs[] | select(.fault)] | length')"
touch train.py
cat >program.conf <<END
case = "program"; seconds = 300.0;
workload = { command = "python3 trian.py && sh ./made.sh"; test = "true";
             files = ["train.py"]; };
runs = ( { library = "BSP"; }, { method = "diloco"; } );
END
try 0 rogctl sweep program.conf -n
says "command names trian.py, which is not among files (did you mean train.py?)"
says "command names ./made.sh, which is not among files"
prints 'BSP (diloco)'
same "epochs of programs" "- -" "$(awk '/^(BSP|DiLoCo) / { sub(/BSP \(/, "BSP_("); printf "%s%s", s, $6; s = " " }' out)"
mv train.py trian.py
try 2 rogctl sweep program.conf -n
says "program.conf, line 3: files: cannot open"
sed 's/"train.py"/"trian.py"/; s/"BSP"/"BPS"/' program.conf >library.conf
try 2 rogctl sweep library.conf -n
says 'no plugin provides the library "BPS" (did you mean BSP?)'
printf 'case = "n"; %s matrix = { note = ["one", "two"]; };' "$quick" >notes.conf
try 2 rogctl sweep notes.conf -n
says "is the same as the one of line 1, because notes do not distinguish runs; change a setting"
# The seeds of a matrix, and others for the same runs.
printf 'case = "n"; %s matrix = { seed = [1, 2]; };' "$quick" >seeds.conf
try 2 rogctl sweep seeds.conf -n --repeat 3
says "seeds.conf, line 1: --repeat and a seed in the matrix or in runs cannot be used together"
try 2 rogctl sweep seeds.conf -n --seed 3
says "--seed and a seed in the matrix"
try 0 rogctl sweep seeds.conf -n
# A seed in one run only, and in none: the runs are equal for another reason.
printf 'case = "n"; %s runs = ( { }, { seed = 0; } );' "$quick" >one.conf
try 2 rogctl sweep one.conf -n --seed 3
says "--seed and a seed in the matrix"
printf 'case = "n"; %s runs = ( { seed = 2; }, { seed = 2; } );' "$quick" >alike.conf
try 2 rogctl sweep alike.conf -n --repeat 2
says "is the same as the one of line 1; change a setting"
