# SPDX-License-Identifier: Apache-2.0
#
# A case as a bundle: it has the same bytes each time, and is complete on a machine that has none of the
# files it was made from, where its runs can be repeated; changes are found; hostile bundles are
# rejected.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/descent.sh"
command -v cc >/dev/null || skip "no C compiler"

mkdir made elsewhere
cd made
for rank in 1 2 3 4; do printf 'seconds,mbps\n0,%d\n50,%d\n100,30\n' $((40 * rank)) $((5 * rank)) >w$rank.csv; done
mkdir plugin
sed 's/\.name = "ROG"/.name = "MINE"/' "$ROG_SOURCE/plugins/rog.c" >plugin/mine.c
cc -shared -fPIC -I"$ROG_SOURCE/include" -o plugin/mine.so plugin/mine.c -lm || fail "the plugin does not compile"
cat >cluster.conf <<END
kind = "virtual";
workers = ( { profile = "laptop"; }, { step_s = 0.9; count = 2; }, { profile = "jetson-nx"; local_steps = 2; } );
END
cat >x.conf <<END
case = "mix"; figure = "1"; cluster = "cluster.conf"; $quick target_accuracy = 60.0; smooth = "mean:3";
trace = "w{rank}.csv"; trace_start = "seed";
runs = ( { library = "BSP"; note = "a \"note\", with\nlines"; }, { library = "plugin/mine.so"; threshold = 4; },
         { library = "SSP"; threshold = "inf"; seed = 7; },
         { library = "ROG"; compression = "topk"; compression_parameters = { density = 0.02; }; } );
END
try 0 rogctl sweep x.conf -q
try 0 rogctl sweep x.conf -q --fresh # a case that does not belong to it
try 0 rogctl bundle mix-case0 --to one.tar.zst
prints one.tar.zst
(umask 077 && TZ=Asia/Tokyo LC_ALL=C exec rogctl bundle mix-case0 --to two.tar.zst -q) >/dev/null || fail "not packed again"
cmp one.tar.zst two.tar.zst || fail "other bytes the second time"
try 0 rogctl bundle verify one.tar.zst --json
same "what is found" "4 4 5 5 0 0" "$(json '[.runs, .streams, .figures, .figures_same, .again, (.findings | length)] | join(" ")')"
try 0 rogctl bundle mix-case0 --without-data --to less.tar.zst
tar -I zstd -tf less.tar.zst >list
grep -q 'w1.csv' list && fail "a trace is in a bundle without data"
grep -q 'mine.c$' list || fail "the source of the plugin is not in it"
try 0 rogctl bundle verify less.tar.zst --again --json # the files are still where the runs read them
same "made again" "4 4" "$(json '[.again, .again_same] | join(" ")')"
try 3 rogctl bundle mix-case9
try 2 rogctl bundle mix-case0 --to one.rar
cd ..

# In another folder, without the files it was made from.
mv made/one.tar.zst made/less.tar.zst elsewhere
mv made gone
cd elsewhere
try 0 rogctl bundle verify one.tar.zst --again --json
same "made again elsewhere" "4 4 0" "$(json '[.again, .again_same, .not_again] | join(" ")')"
try 3 rogctl bundle verify less.tar.zst --again
says "w1.csv, which is not in the bundle"
tar -I zstd -xf one.tar.zst
try 0 sh mix-case0/again.sh
prints "4 of 4 runs have the same events"
try 0 rogctl verify mix-case0 --db mix-case0/results.db
same "runs of its database" 4 "$(query 'SELECT count(*) FROM runs' mix-case0/results.db)"
same "cases of its database" 1 "$(query 'SELECT count(*) FROM cases' mix-case0/results.db)"
try 0 rogctl bundle mix-case0 --db mix-case0/results.db --to third.tar.zst

# A strategy in Python, repeated with another version of Python.
if command -v python3 >/dev/null; then
    cp "$ROG_SOURCE/examples/strategies/bsp.py" mine.py
    echo "case = \"python\"; $quick runs = ( { library = \"./mine.py\"; } );" >python.conf
    mkdir other
    echo 'import sys; sys.version_info = (3, 99, 7) + tuple(sys.version_info)[3:]' >other/sitecustomize.py
    try 0 env PYTHONPATH="$PWD/other" rogctl sweep -q python.conf
    grep -q '"python":"3.99.7"' results.runs/*/events.jsonl || fail "not with another version"
    try 0 rogctl bundle python-case0
    try 0 rogctl bundle verify python-case0.tar.zst --again
    rm -r results.* python-case0.tar.zst
fi

# Every change is found; if the manifest is adapted to the change, results differ.
change() { # WHAT COMMAND...: changes a copy
    rm -rf copy
    cp -r mix-case0 copy
    (cd copy && shift && "$@") || fail "$1 cannot be changed"
}
mend() {
    python3 - <<'END'
import hashlib, json, os
m = json.load(open("copy/manifest.json"))
for f in m["files"]:
    data = open("copy/" + f["path"], "rb").read()
    f["size"], f["sha256"] = len(data), hashlib.sha256(data).hexdigest()
json.dump(m, open("copy/manifest.json", "w"))
END
}
for file in $(jq -r '.files[].path' mix-case0/manifest.json); do
    change "$file" sh -c "printf x >>'$file'"
    try 1 rogctl bundle verify copy
    says "$file has changed"
done
change README.md rm README.md
try 1 rogctl bundle verify copy
says "README.md is missing"
for file in more experiment/more results.db-wal results.db-journal; do
    change "$file" sh -c ": >'$file'"
    try 1 rogctl bundle verify copy
    says "$file is not in the manifest"
done
change figures sh -c "mv figures .. && ln -s ../figures figures"
try 1 rogctl bundle verify copy
says "figures is not in the manifest"
rm -r figures
change manifest.json sh -c "rm manifest.json; mkfifo manifest.json"
try 1 timeout 100 rogctl bundle verify copy
says "manifest.json: not a file"
change results.db sqlite3 results.db "UPDATE iterations SET stall_s = stall_s + 1 WHERE iteration = 7 AND rank = 2"
mend
try 1 rogctl bundle verify copy
says "iteration"
figure=figures/mix-case0-average-time-composition
change figure sed -i 's/1/2/' $figure.dat
mend
try 1 rogctl bundle verify copy
says "$figure.dat differs when it is redrawn"
events=$(cd mix-case0 && echo results.runs/*-SSP-*/events.jsonl)
change events sed -i '3s/"t":/"T":/' "$events"
mend
try 1 rogctl bundle verify copy --again
says "event 3 differs when the run is repeated"
change experiment sed -i 's/seed = 7/seed = 8/' experiment/experiment.conf
mend
try 1 rogctl bundle verify copy --again --json
same "made again otherwise" "4 3" "$(json '[.again, .again_same] | join(" ")')"

# Hostile bundles are rejected, and leave nothing behind.
mkdir tmp
TMPDIR=$PWD/tmp
export TMPDIR
python3 "$ROG_TEST_TOOLS/hostile.py" --names >ways
[ "$(wc -l <ways)" -gt 20 ] || fail "too few ways"
while read -r way text; do
    python3 "$ROG_TEST_TOOLS/hostile.py" mix-case0 "$way" bad.tar.zst || fail "$way cannot be made"
    [ "$way" = full ] && [ "$(df -Pk . | awk 'NR == 2 { print $4 }')" -gt 260000000 ] && continue
    try 1 rogctl bundle verify bad.tar.zst
    grep -qF -- "$text" err || fail "$way: does not say: $text"
    [ -z "$(ls -A tmp)" ] || fail "$way leaves something: $(ls -A tmp)"
done <ways
[ ! -e evil ] && [ ! -e ../evil ] || fail "a file was written elsewhere"
try 1 rogctl bundle verify /dev/null
try 1 rogctl bundle verify ways
try 3 rogctl bundle verify nowhere

# Runs of a program, with its files; and runs in real time, which are not repeated.
descent_make
printf '#!/bin/sh\nexec %s "$@"\n' "$PWD/descent" >run.sh
chmod +x run.sh
cat >p.conf <<END
case = "program"; figure = "1"; seconds = 60.0; trace = "constant:0.002"; checkpoint_period = 20.0;
workload = { command = "./run.sh"; files = ["run.sh"]; test = "./run.sh --test";
    metric = { name = "distance"; better = "lower"; }; options = { a = 1; b = "x\"y"; }; };
runs = ( { library = "BSP"; }, { library = "ROG"; threshold = 4; } );
END
try 0 rogctl sweep p.conf -q
rm run.sh
try 0 rogctl bundle program-case0
try 0 rogctl bundle verify program-case0.tar.zst --again --json
same "the program's runs" "2 2" "$(json '[.again, .again_same] | join(" ")')"
cat >r.conf <<END
case = "real"; workload = "none"; seconds = 5.0; trace = "unlimited";
runs = ( { library = "BSP"; } );
END
try 0 rogctl sweep r.conf --cluster local4 -q
try 0 rogctl bundle real-case0
try 0 rogctl bundle verify real-case0.tar.zst --again --json
same "runs of real time" "1 1 0 1" "$(json '[.runs, .streams, .again, .not_again] | join(" ")')"
