# SPDX-License-Identifier: Apache-2.0
# On a terminal: progress is a table that is redrawn in place and fits, tables are folded, and nothing
# from the database moves the cursor. In a file: lines and whole tables, without control sequences.
. "$ROG_TEST_TOOLS/lib.sh"
unset NO_COLOR CLICOLOR CLICOLOR_FORCE
export TERM=xterm LC_ALL=C.UTF-8
escape=$(printf '\033')

# on SIZE STATUS COMMAND...: runs it on a terminal; the screen is in `out`, the raw output in `raw`.
on() {
    size=$1 wanted=$2
    shift 2
    tried="$* (on a terminal of $size)"
    python3 "$ROG_TEST_TOOLS/screen.py" "$size" raw "$@" >out 2>err
    status=$?
    [ "$status" -eq "$wanted" ] || fail "exit status $status instead of $wanted: $tried"
    if grep -q '^UNKNOWN' out; then fail "the terminal was sent what it does not know"; fi
}
# Prints the lines of the table that begins with `heading` in `out`, up to the sum.
table() {
    sed -n '/^run  *state/,/runs done/p' out
}

cat >x.conf <<END
case = "x"; figure = "1"; workload = "none"; seconds = 1000.0;
matrix = { library = ["BSP", "ROG"]; seed = [1, 2]; };
END
# The complete table is there once, however often it was redrawn, and all of it fits.
on 80x24 0 rogctl sweep x.conf -j 2
same "headings on the screen" 1 "$(grep -c '^run  *state' out)"
same "runs in the table" 4 "$(table | grep -c ' done  *100% ')"
table | grep -q '^4 of 4 runs done$' || fail 'no sum'
[ "$(table | wc -L)" -lt 80 ] || fail 'the table is too wide'
grep -q "${escape}\[32mdone" raw || fail 'no colors'
[ "$(grep -c 'runs done' raw)" -gt 1 ] || fail 'nothing was drawn while it went on'

on 40x24,0.5:60x24 0 rogctl sweep x.conf --fresh -j 2
table | grep -q '^4 of 4 runs done$' || fail 'no sum after the size has changed'

# Many runs: those in progress, the last ones that ended, and the sum. Failed ones stay.
cat >bad.py <<'END'
raise SystemExit("gone" + chr(27) + "[2J")
END
{
    echo 'case = "many"; figure = "1"; runs = ('
    for i in $(seq 40); do echo "{ workload = \"none\"; seconds = 100.0; seed = $i; note = \"n$i\"; },"; done
    echo '{ note = "broken"; workload = { command = "python3 bad.py"; files = ["bad.py"]; test = "python3 bad.py"; }; } );'
} >many.conf
on 80x16 1 rogctl sweep many.conf -j 2
prints '40 of 41 runs done, 1 failed'
prints 'gone\x1b[2J'
[ "$(table | wc -l)" -le 14 ] || fail 'the table is higher than the screen'

# Without colours; on a terminal without cursor movement; in a file.
on 80x24 0 env NO_COLOR=1 rogctl sweep x.conf --fresh -j 2
if grep -q "${escape}\[[0-9]*m" raw; then fail 'colors in spite of NO_COLOR'; fi
on 80x24 0 env TERM=dumb rogctl sweep x.conf --fresh -j 2
if grep -q "$escape" raw; then fail 'a dumb terminal was sent sequences'; fi
try 0 rogctl sweep x.conf --fresh -j 2
if cat out err | grep -q "$escape"; then fail 'a file got sequences'; fi
says 'BSP #1'
says ' done '
same "lines of tables in a file" 1 "$(grep -c '^run  *note .*seed .*energy kJ$' out)"

# Texts from other sources, as a database may contain.
query "UPDATE runs SET note = char(27) || ']0;title' || char(7) || ' a long note of many words' WHERE library = 'ROG'"
query "UPDATE runs SET status = 'failed', error = 'it said ' || char(27) || '[2J' || char(0x202e) || char(0x9b) || '31m' WHERE library = 'BSP'"
query "INSERT INTO cases (name, figure, created_at) VALUES (char(27) || '[31mcase', '1', '2026-01-01')"
run=$(query "SELECT id FROM runs WHERE library = 'BSP' ORDER BY rowid LIMIT 1")
for command in runs cases "show $run" "report x-case0" "verify x-case0" plugins methods 'plugins ROG' status doctor 'help sweep' 'sweep -n x.conf'; do
    for size in 40x24 80x24 200x50; do
        # shellcheck disable=SC2086 # words
        python3 "$ROG_TEST_TOOLS/screen.py" "$size" raw env NO_COLOR=1 rogctl $command >out 2>err
        tried="$command on $size"
        if grep -q "$escape" raw; then fail "sequences without colors"; fi
        if grep -q '^UNKNOWN' out; then fail "the terminal was sent what it does not know"; fi
    done
    # shellcheck disable=SC2086
    rogctl $command >piped 2>/dev/null
    if grep -q '^not shown' piped; then fail "columns are missing in a file: $command"; fi
done
on 80x24 0 rogctl runs
prints 'not shown: '
if grep -q '^BROKEN' out; then fail 'a table is wider than its terminal'; fi
on 200x24 0 rogctl runs
prints 'energy kJ'
if grep -q '^not shown' out; then fail 'columns are missing though there is room'; fi
on 40x24 0 rogctl runs
prints 'communication s  '
on 40x24 0 rogctl methods
if grep -q '^BROKEN' out; then fail 'a table is wider than its terminal'; fi

# The curve of a run: on a terminal, or on request.
query "INSERT INTO checkpoints (run_id, t, iteration, path, accuracy) VALUES ('$run', 60, 1, 'a', 58.5), ('$run', 120, 2, 'b', 60), ('$run', 3000, 3, 'c', 66.5)"
on 80x60 0 rogctl show "$run"
prints 'accuracy (%)'
prints '66.50 ┤'
on 80x60 0 env LC_ALL=C rogctl show "$run"
prints '66.50 +'
try 0 rogctl show "$run"
if grep -q '66.50 ┤' out; then fail 'a curve in a file'; fi
try 0 rogctl show "$run" --curve
prints '58.50 ┤'
