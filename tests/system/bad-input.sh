# SPDX-License-Identifier: Apache-2.0
# Wrong input is reported with file, line, cause and hint, and leaves nothing behind.
. "$ROG_TEST_TOOLS/lib.sh"

# refused STATUS TEXT [SETTINGS OF THE RUN]: a sweep of one run with these settings.
refused() {
    printf 'case = "bad";\n%s\nruns = (\n  { %s } );\n' "$quick" "${3-}" >x.conf
    try "$1" rogctl sweep x.conf
    says "$2"
    [ -e results.db ] && fail "a database was made"
}
refused 2 'x.conf, line 4: unknown setting treshold (did you mean threshold?)' 'treshold = 4;'
refused 2 'x.conf, line 4: threshold must be a whole number from 0 to 2147483647 iterations, or inf (found "4")' \
    'threshold = "4";'
refused 2 'x.conf, line 4: BSP takes threshold 0 only, not 4' 'library = "BSP"; threshold = 4;'
refused 2 'BITS, BSP, DECO, DSSP, FEDAVG, FLOWN, GAIA, QUORUM, ROG, SSP, STREAM, TOPK' 'library = "ATLAS";'
refused 2 'x.conf, line 4: threshold' 'threshold = 1.5;'
refused 2 'x.conf, line 4' 'threshold = 4'' threshold = 5;'

printf 'case = "bad"; runs = (' >x.conf
try 2 rogctl sweep x.conf
says 'x.conf, line 1: syntax error'
try 2 rogctl sweep missing.conf
says 'cannot read missing.conf: No such file'
try 2 rogctl sweep
try 2 rogctl swep
says 'did you mean sweep?'
try 2 rogctl --db x.db runs
says 'the command must come first; options such as --db follow it'
try 2 rogctl run --library BSP --threshold 4 workload=none
says 'BSP takes threshold 0 only'
try 2 rogctl run --epochs 4
try 2 rogctl run sedes=4
says 'unknown setting sedes (did you mean seed?)'
try 2 rogctl run --case ../x workload=none
[ -e results.db ] && fail "a database was made"

# A cluster of real hosts, one of which has an invalid name.
printf 'case = "c"; %s runs = ( { } );\n' "$quick" >x.conf
cat >c.conf <<END
kind = "ssh";
retries = 0;
server = { host = "no such host"; user = "user"; iface = "wls1"; };
workers = ( { host = "-oProxyCommand=true"; user = "user"; iface = "wlan0"; batch = 24; local_steps = 1;
    profile = "jetson-nx"; } );
END
try 2 rogctl sweep x.conf --cluster c.conf --db hosts.db
says 'c.conf, line 3: host must be a name or an address (found "no such host")'
sed -i 's/no such host/-x/' c.conf
try 2 rogctl sweep x.conf --cluster c.conf --db hosts.db
says '" is not a valid host name or address'

# A plugin of another version of the interface, and files that are no plugins.
for plugin in old_abi:'version' short_struct:'bytes' missing_hook:'lacks' no_symbol:'not a strategy'; do
    file=$ROG_BUILD/tests/plugins/${plugin%%:*}.so
    [ -e "$file" ] || fail "no $file"
    printf 'case = "p"; %s runs = ( { library = "%s"; } );\n' "$quick" "$file" >x.conf
    try 2 rogctl sweep x.conf
    says "${plugin#*:}"
done

# A truncated data set: the run fails with the cause, and no result is recorded.
mkdir cifar
head -c 100000 /dev/zero >cifar/train.bin
head -c 100000 /dev/zero >cifar/test.bin
cat >x.conf <<END
case = "d"; $tiny
runs = ( { data = "cifar100:cifar"; } );
END
try 1 rogctl sweep x.conf
says 'train.bin'
same "runs that count" 0 "$(query "SELECT count(*) FROM runs WHERE status = 'done'")"
same "failed" 1 "$(query "SELECT count(*) FROM runs WHERE status = 'failed' AND error IS NOT NULL")"
[ -e plots ] && fail "something was drawn"
# A single run is checked before it is recorded.
try 2 rogctl run data=cifar100:cifar --db run.db
says 'the run could not start: '
says 'train.bin'
[ -e run.db ] && fail "a database was made"
try 3 rogctl runs nothing-case0

# Missing arguments and suggestions.
try 2 rogctl lab
says 'up, down or status is missing; usage: rogctl lab up|down|status'
try 2 rogctl data get
says 'cifar100 or fed-cifar100 is missing'
try 2 rogctl data info cifar10:cifar
says '(found "cifar10:cifar") (did you mean cifar100:cifar?)'
try 2 rogctl data info fed-cifar10
says '(did you mean fed-cifar100:FOLDER?)'
try 2 rogctl trace convert one
says 'needs two files'
try 2 rogctl bundle nothing --to x.tgz
says 'x.tgz must end in .tar.zst or .zip'
rogctl ui --db x.conf --listen 127.0.0.1:0 >out 2>err &
page=$!
for _ in $(seq 1200); do grep -q 'Ctrl-C' err && break; sleep 0.1; done
kill $page
wait $page
says 'x.conf: not an SQLite database'

# Folders and fonts that do not exist.
try 0 env ROG_PLUGIN_PATH="$PWD/cifar:$PWD/gone" rogctl plugins
says "ROG_PLUGIN_PATH names a folder that does not exist: $PWD/gone"
try 2 env ROG_PLUGIN_PATH="$PWD/gone" rogctl run --library MINE workload=none --db run.db
says "ROG_PLUGIN_PATH names a folder that does not exist: $PWD/gone"
try 1 env ROG_PLUGIN_PATH="$PWD/gone" rogctl doctor
prints 'ROG_PLUGIN_PATH names a folder that does not exist'
try 0 rogctl run workload=none seconds=100 --case f-case0 --db f.db
try 0 rogctl redraw f-case0 --db f.db --font "No Such Font,8"
says 'the font No Such Font is not installed; '
try 0 rogctl redraw f-case0 --db f.db --font sans
if grep -q 'is not installed' err; then fail 'a general name'; fi

# What a figure leaves out is reported in one line for each reason.
printf 'case = "g"; %s matrix = { seed = [1, 2, 3, 4]; };' "$quick" >g.conf
try 0 rogctl sweep g.conf --db g.db
query "UPDATE runs SET status = 'planned' WHERE seed > 2; UPDATE runs SET status = 'failed' WHERE seed = 2" g.db
try 0 rogctl redraw g-case0 --db g.db
says 'g-case0: 2 runs are left out because they are planned: '
same "lines of it" 2 "$(grep -c ' left out because ' err)"
grep -q 'run [^ ]* is left out because it failed$' err || fail 'the failed run'
