# SPDX-License-Identifier: Apache-2.0
# Notes and names are text, for SQL, shells, terminals, gnuplot and the file system alike.
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
same "runs" 5 "$(query 'SELECT count(*) FROM runs')"
same "cases" i-case0 "$(query 'SELECT name FROM cases')"
same "integrity" ok "$(query 'PRAGMA integrity_check')"
