# SPDX-License-Identifier: Apache-2.0
# Notes and names are treated as text by SQL, shells, terminals, gnuplot and the file system.
. "$ROG_TEST_TOOLS/lib.sh"

cat >x.conf <<'END'
case = "i"; figure = "1"; workload = "none"; seconds = 120.0; target_accuracy = 50.0;
runs = ( { threshold = 4; note = "x'); DROP TABLE runs; --"; },
         { threshold = 5; note = "$(touch pwned) `touch pwned` ; touch pwned"; },
         { threshold = 6; note = "a\"; system('touch pwned'); set output '/dev/null"; },
         { threshold = 7; note = "%s%n%99999d @STATS {/:Bold x}_{y}^z \\n"; },
         { threshold = 8; note = "\x1b[2J\x1b]0;title\x07 \xc3\xa4 \xff"; } );
END
try 0 rogctl sweep x.conf
same "runs" 5 "$(query "SELECT count(*) FROM runs WHERE status = 'done'")"
for command in "runs" "runs i-case0" "cases" "report i-case0" "redraw i-case0 --format svg" \
    "show $(query "SELECT id FROM runs WHERE threshold = 8")"; do
    try 0 rogctl $command
    grep -q "$(printf '\033')" out err && fail "control characters reach the terminal: $command"
done
[ -n "$(find . -name 'pwned*')" ] && fail "a note was executed"
escape=$(printf 'x\033[2J\302\2331m')
for command in "show" "report" "redraw" "export" "microevents $escape 1" "help" "runs --$escape"; do
    rogctl $command "$escape" >out 2>err && fail "this is nothing: $command $escape"
    [ -s err ] || fail "says nothing: $command $escape"
    grep -q -e "$(printf '\033')" -e "$(printf '\302\233')" out err && fail "control characters reach the terminal: $command"
done
try 0 rogctl runs --json
same "a note as it was" "x'); DROP TABLE runs; --" \
    "$(json '.[] | select(.threshold == 4).note')"

# Names of runs and cases on the command line.
for name in '%' '_' '*' '' ' '; do
    try 3 rogctl show -- "$name"
done
for name in "x' OR '1'='1" '../..' '/' '-- ' '$(touch pwned)' "11-22'; DROP TABLE runs;--"; do
    try 3 rogctl show -- "$name"
    try 2 rogctl case rename -- i-case0 "$name"
    try 2 rogctl case add -- "$name" "$(query 'SELECT id FROM runs LIMIT 1')"
    try 3 rogctl case remove -- "$name" "$(query 'SELECT id FROM runs LIMIT 1')"
done
[ -n "$(find . -name 'pwned*')" ] && fail "a name was executed"

# Imported logs may have any name.
end=$(printf 'n\303\244\nw \033[2J')
for name in "x'); DROP TABLE runs;--" 'a"b $(touch pwned) `touch pwned`' '-rf' "$end" '%s_{@Bold x}'; do
    mkdir -p "art/result/$name/log"
    printf 'ROG:\nworld_size: 2\nthreshold: 4\nbw control: outdoors\nepoch: 2\nnote: %s\n' "$name" \
        >"art/result/$name/config"
    printf 'time,iteration,accuracy\n0,0,50\n60,1,52\n120,3,55\n' >"art/result/$name/accuracy.csv"
    printf '2022-06-30 10:00:00,000 rows number: 10\n2022-06-30 10:00:01,000 Worker started.\n' >"art/result/$name/log/worker_1.log"
    for i in 1 2 3; do
        printf '2022-06-30 10:0%s:10,000 Iteration %s worker0\n2022-06-30 10:0%s:10,000 push 1.5\n2022-06-30 10:0%s:10,000 pull 2.5\n2022-06-30 10:0%s:10,001 loss: 3\n' $i $i $i $i $i
    done >>"art/result/$name/log/worker_1.log"
done
printf "#h'; DROP TABLE cases; --\n-rf\n#../../up\n-rf\n" >art/experiment_records.txt
try 0 rogctl import art --case art --db art.db
grep -q "$(printf '\033')" err && fail "control characters of a folder reach the terminal"
same "imported" 5 "$(query "SELECT count(*) FROM runs WHERE status = 'done'" art.db)"
same "a name as it was" 1 "$(sqlite3 art.db "SELECT count(*) FROM runs WHERE id = 'x''); DROP TABLE runs;--'")"
for command in runs cases "report art" "redraw art --format svg --plots art-plots"; do
    try 0 rogctl $command --db art.db
    grep -q "$(printf '\033')" out err && fail "control characters reach the terminal: $command"
done
try 0 rogctl show --db art.db -- -rf
try 0 rogctl import art --db art.db
[ -e ../../up ] || [ -e ../up ] && fail "a case's name led out of the folder"
[ -n "$(find . -name 'pwned*')" ] && fail "a log was executed"
same "integrity" ok "$(query 'PRAGMA integrity_check' art.db)"
same "runs" 5 "$(query 'SELECT count(*) FROM runs')"
same "cases" i-case0 "$(query 'SELECT name FROM cases')"
same "integrity" ok "$(query 'PRAGMA integrity_check')"
