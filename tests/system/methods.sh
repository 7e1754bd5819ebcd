# SPDX-License-Identifier: Apache-2.0
# Methods of the literature: found, listed, overridden by a file's settings, recorded and shown.
. "$ROG_TEST_TOOLS/lib.sh"

try 0 rogctl methods
grep -q "^ssp  *SSP  *Ho et al" out || fail "no row of SSP"
try 0 rogctl methods --json
same "of all, without a source" 0 "$(json '[.[] | select((.source | length) < 8)] | length')"
names=$(json '.[].name')
try 0 rogctl methods ssp
prints '    library = "SSP";'
prints '    threshold = 4;'
try 3 rogctl methods spp
says 'no method is called "spp" (did you mean ssp?)'
# All of them are documented.
for name in $names; do
    grep -q "^| \`$name\` |" "$ROG_SOURCE/docs/methods.md" || fail "docs/methods.md does not have $name"
done

# Given settings override the method: at top level, in a run and in a matrix.
cat >own.conf <<END
methods = (
    { name = "mine"; title = "Mine"; source = "nowhere, yet"; differs = [ "all of it" ];
      settings = { library = "ROG"; threshold = 7; batchsize = 2;
                   parameters = { least_budget = 1.0; importance = "tensor"; }; }; },
    { name = "bsp"; title = "my BSP"; source = "nowhere, yet"; settings = { library = "BSP"; batch = 8; }; }
);
END
cat >x.conf <<END
case = "c"; $quick methods = "own.conf";
runs = (
    { method = "mine"; },
    { method = "mine"; threshold = 8; parameters = { least_budget = 2.0; }; },
    { method = "mine"; library = "SSP"; note = "another"; },
    { method = "ssp"; }
);
matrix = { method = ("mine", "bsp"); batchsize = [2, 3]; threshold = [0, 9]; };
END
try 2 rogctl sweep x.conf # ROG has no threshold 0
says "x.conf, line 8: ROG takes thresholds from 1 to 1000000, not 0"
sed -i 's/\[0, 9\]/[9]/' x.conf
try 0 rogctl sweep x.conf
of() { query "SELECT library || ' ' || threshold || ' ' || batchsize || ' ' || coalesce(json_extract(config, '$.method'), '') FROM runs WHERE note = '$1'"; }
same "as it is" "ROG 7 2 mine" "$(of 'Mine')"
same "its threshold" "ROG 8 2 mine" "$(of 'Mine, threshold 8')"
same "another strategy" "SSP 4 2 mine" "$(of 'another')"
same "installed with rogctl" "SSP 4 1 ssp" "$(of 'SSP')"
same "a cell" "ROG 9 3 mine" "$(of 'Mine, threshold 9, batchsize 3')"
same "one in the place of another" "8" \
    "$(query "SELECT DISTINCT json_extract(config, '$.batch') FROM runs WHERE library = 'BSP'")"
same "parameters" "2.0 tensor" "$(query "SELECT json_extract(config, '$.parameters.least_budget') || ' ' ||
    json_extract(config, '$.parameters.importance') FROM runs WHERE note = 'Mine, threshold 8'")"
run=$(query "SELECT id FROM runs WHERE note = 'Mine'")
try 0 rogctl show "$run"
grep -q '^method  *mine$' out || fail "the method is not shown"

# A run with a method equals a run with the same settings given one by one.
cat >y.conf <<END
case = "d"; $quick
runs = ( { library = "SSP"; threshold = 4; }, { method = "ssp"; } );
END
try 2 rogctl sweep y.conf -n
says 'y.conf, line 2: this run (SSP) is the same as the one of line 2'
sed -i 's/"ssp"/"spp"/' y.conf
try 2 rogctl sweep y.conf -n
says 'y.conf, line 2: no method is called "spp" (did you mean ssp?)'

# On the command line.
try 0 rogctl run --method mine --methods own.conf workload=none seconds=60 --json
same "note" "Mine" "$(json .note)"
same "batchsize" 2 "$(json .batchsize)"
try 2 rogctl run --method mine workload=none
says 'no method is called "mine"'

# An error in a file is reported with its line.
wrong() { # TEXT -- MESSAGE
    printf 'methods = (\n%s\n);\n' "$1" >wrong.conf
    try 2 rogctl methods --methods wrong.conf
    says "wrong.conf, line 2: $2"
}
wrong '{ name = "a"; title = "A"; settings = { }; }' 'the method has no source'
wrong '{ name = "a"; title = "A"; source = "S"; settings = { thresold = 1; }; }' \
    'unknown setting thresold (did you mean threshold?)'
wrong '{ name = "a"; title = "A"; source = "S"; settings = { method = "bsp"; }; }' \
    'a method cannot be based on another method'
wrong '{ name = "a"; title = "A"; source = "S"; settings = { }; }, { name = "a"; title = "A"; source = "S"; settings = { }; }' \
    'there are two methods "a"'
wrong '{ name = "a/b"; title = "A"; source = "S"; settings = { }; }' \
    'the name of a method has letters, digits'
wrong '{ name = "a"; title = 3; source = "S"; settings = { }; }' 'title must be'
wrong '{ name = "a"; title = "A"; source = "S"; settings = ( ); }' 'settings must be a group'
wrong '7' 'a method must be a group'

# Its title is the label, even if the notes of others are made from their settings.
cat >z.conf <<END
case = "z"; $quick
runs = ( { method = "bsp"; }, { library = "BSP"; batchsize = 2; } );
END
try 0 rogctl sweep z.conf
try 0 rogctl report z-case0
grep -q '^BSP  ' out || fail "the title is not the label"
grep -q '^BSP, batchsize 2' out || fail "the other's label does not say what differs"

# All of them can be executed, and the experiment that compares them contains all.
cat >all.conf <<END
case = "all"; workload = "none"; seconds = 100.0; format = "svg";
matrix = { method = ($(for name in $names; do printf '"%s", ' "$name"; done | sed 's/, $//')); };
END
try 0 rogctl sweep all.conf
same "not done" 0 "$(query "SELECT count(*) FROM runs WHERE status != 'done'")"
same "methods" "$(echo "$names" | wc -l)" "$(query "SELECT count(DISTINCT run_id) FROM case_runs WHERE case_name = 'all-case0'")"
for run in $(query "SELECT run_id FROM case_runs WHERE case_name = 'all-case0'"); do
    some=$(query "SELECT count(*) > 0 FROM iterations WHERE run_id = '$run'")
    try $((3 - 3 * some)) rogctl verify "$run" # 3: 100 s are less than its first iteration
done
for name in $names; do
    grep -q "method = \"$name\"" "$ROG_SOURCE/experiments/methods-outdoors.conf" ||
        fail "methods-outdoors.conf does not have $name"
done
try 0 rogctl sweep "$ROG_SOURCE/experiments/methods-outdoors.conf" -n

# The duration of steps in overlapping iterations is not recorded.
try 2 rogctl replay "$(query "SELECT id FROM runs WHERE library = 'STREAM'")" --library SSP
says "its iterations were computed during exchanges"
