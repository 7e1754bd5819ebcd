# SPDX-License-Identifier: Apache-2.0
# Strategies in Python: the same runs as in C, with and without numpy; found, listed, verified and
# replayed like others; part of a run's identity; resumed from snapshots; no process remains.
. "$ROG_TEST_TOOLS/lib.sh"

command -v python3 >/dev/null || skip "no python3"
examples=$ROG_SOURCE/examples/strategies
mkdir own without
echo 'raise ImportError("no numpy here")' >without/numpy.py

# Runs of a case in pairs, C and Python: the same events except the first, which names a path, and the
# same models.
pairs() { # CASE
    query "SELECT run_id FROM case_runs WHERE case_name = '$1' ORDER BY position" | while read -r c; do
        read -r py
        grep -q '"python":' "results.runs/$py/events.jsonl" || fail "$py: no version of Python"
        for run in "$c" "$py"; do
            tail -n +2 "results.runs/$run/events.jsonl" | cat - "results.runs/$run"/chkpt/* 2>/dev/null |
                sha256sum >"$run.sum"
        done
        cmp "$c.sum" "$py.sum" || fail "$c and $py differ"
        [ "$(wc -l <"results.runs/$py/events.jsonl")" -gt 20 ] || fail "$py: hardly any events"
    done || exit 1
}

cp "$examples"/*.py own
cat >x.conf <<END
case = "x"; $quick
runs = (
    { library = "BSP"; }, { library = "own/bsp.py"; note = "p"; },
    { library = "SSP"; threshold = "inf"; }, { library = "own/ssp.py"; threshold = "inf"; note = "p"; },
    { library = "ROG"; threshold = 20;
      parameters = { importance = "tensor"; pulls = "importance"; start_budget = 5; least_budget = 0.3; }; },
    { library = "own/rog.py"; threshold = 20; note = "p";
      parameters = { importance = "tensor"; pulls = "importance"; start_budget = 5; least_budget = 0.3; }; }
);
END
try 0 rogctl sweep x.conf
pairs x-case0

# With gradients; and with a strategy whose answers depend on everything that hooks are given.
cc -std=c11 -O2 -shared -fPIC -I"$ROG_SOURCE/include" -o own/pair.so "$ROG_SOURCE/tests/plugins/pair.c" -lm || fail "no plugin"
cp "$ROG_SOURCE/tests/plugins/pair.py" own
cat >y.conf <<END
case = "y"; pretrain_epochs = 0; test_images = 100; seconds = 15.0;
runs = (
    { library = "ROG"; }, { library = "own/rog.py"; note = "p"; },
    { library = "own/pair.so"; compression = "int8"; pull_compression = "qsgd";
      parameters = { whole = 9; number = 0.30000000000000004; flag = false; word = "three"; }; },
    { library = "own/pair.py"; note = "p"; compression = "int8"; pull_compression = "qsgd";
      parameters = { whole = 9; number = 0.30000000000000004; flag = false; word = "three"; }; }
);
END
try 0 env PYTHONPATH="$PWD/without" rogctl sweep y.conf
pairs y-case0
if python3 -c 'import numpy' 2>/dev/null; then
    cat >n.conf <<END
case = "n"; workload = "none"; seconds = 60.0;
matrix = { library = ["own/pair.so", "own/pair.py"]; };
END
    try 0 rogctl sweep n.conf
    pairs n-case0
fi

# By its name; its promises are verified. A program in the folder is not executed for listing.
rm own/pair.so
export ROG_PLUGIN_PATH="$PWD/own"
try 0 rogctl plugins ROG
prints "own/rog.py"
prints "parameters.start_budget  a number from 0 to 600 s; default 0"
echo 'print("this is no plugin"); raise SystemExit(1)' >own/train.py
printf 'import rog\nclass Wrong(rog.Strategy):\n    parameters = {"x": 1}\n' >own/wrong.py
try 0 rogctl plugins
prints "wrong.py: TypeError: parameter x must be a rog.Number, Integer, Boolean or Choice, not 1"
if grep -q train.py out err; then fail "a program is run to be listed"; fi
rm own/wrong.py own/train.py
sed '/def staleness_bound/,+1s/self.config.threshold/self.config.threshold - 2/' own/rog.py >own/bold.py
cp own/rog.py own/modest.py
for library in MODEST BOLD; do
    try 0 rogctl run --library $library workload=none seconds=300
done
run() { query "SELECT id FROM runs WHERE library = '$1'"; }
try 0 rogctl verify "$(run MODEST)"
if grep -q 'not checked' out; then fail 'its promises are not checked'; fi
try 1 rogctl verify "$(run BOLD)"
try 0 rogctl replay "$(run MODEST)"
unset ROG_PLUGIN_PATH
try 0 rogctl plugins own/ssp.py
prints "a whole number from 0 to inf; default 4"
try 2 rogctl plugins own/none.py
says "own/none.py: FileNotFoundError"

# The contents of the file, and the version of Python, are part of a run's identity.
cat >z.conf <<END
case = "z"; $quick
runs = ( { library = "own/modest.py"; } );
END
try 0 rogctl sweep z.conf
try 0 rogctl sweep z.conf -n
prints "0 of 1 runs to do"
echo '# another line' >>own/modest.py
try 0 rogctl sweep z.conf -n
prints "plugin modest.py differs from the file in"
sed -i '$d' own/modest.py
query "UPDATE runs SET versions = replace(versions, '\"python\":\"', '\"python\":\"1')"
query "UPDATE runs SET config_hash = 'of another Python'"
try 0 rogctl sweep z.conf -n
prints ", it was 1"

# A killed run resumes from its snapshot, including the strategy's state.
cat >r.conf <<END
case = "r"; workload = "none"; seconds = 400.0; snapshot_period = 0.02;
runs = ( { library = "own/pair.py"; } );
END
try 0 rogctl sweep r.conf --db whole.db
for i in 1 2; do
    touch mark
    rogctl sweep r.conf --db killed.db >out 2>err &
    pid=$!
    for step in $(seq 2400); do
        [ -z "$(find killed.runs -path '*/snapshot/state' -newer mark 2>/dev/null)" ] || break
        sleep 0.05
    done
    kill -9 $pid || fail "it is not caught half-way"
    wait $pid 2>/dev/null
done
sleep 0.2 # a trainer ends by itself if its rogctl does not exist any more
try 0 rogctl sweep r.conf --db killed.db
[ "$(query "SELECT count(*) FROM events WHERE kind = 'resume'" killed.db)" -ge 1 ] || fail "it did not go on"
of() { tail -q -n +2 "$1".runs/*/events.jsonl | grep -v '"event":"resume"' | sha256sum; }
same "events" "$(of whole)" "$(of killed)"

# Separate processes in real time: the server and each worker have their own Python.
cat >l.conf <<END
case = "l"; pretrain_epochs = 0; test_images = 100; seconds = 4.0; epochs = 100; trace = "unlimited";
runs = ( { library = "own/ssp.py"; } );
END
cat >local2.conf <<END
kind = "local"; workers = ( { batch = 4; count = 2; } );
END
try 0 rogctl sweep l.conf --cluster local2.conf
