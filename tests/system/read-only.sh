# SPDX-License-Identifier: Apache-2.0
# A database that cannot be written can be read; commands that write fail with the cause.
. "$ROG_TEST_TOOLS/lib.sh"
printf 'case = "r"; %s runs = ( { } );\n' "$quick" >x.conf
mkdir disk
if [ "$(id -u)" = 0 ]; then
    mount -t tmpfs -o size=64m none disk 2>/dev/null || skip "cannot mount a tmpfs"
    trap 'umount disk' EXIT
fi
try 0 rogctl sweep x.conf --db disk/results.db
if [ "$(id -u)" = 0 ]; then
    mount -o remount,ro disk || skip "cannot remount"
else
    chmod -R a-w disk
    trap 'chmod -R u+w disk' EXIT
fi
try 0 rogctl runs --db disk/results.db
prints "ROG 4"
try 0 rogctl redraw r-case0 --db disk/results.db --plots plots --format svg
for command in "sweep x.conf" "run workload=none" "case rename r-case0 s-case0"; do
    try 1 rogctl $command --db disk/results.db
    says 'cannot be written (attempt to write a readonly database)'
    says '--db'
done
# A database that cannot be created: the cause is reported.
try 1 rogctl sweep x.conf --db disk/new.db
says "$([ "$(id -u)" = 0 ] && echo 'Read-only file system' || echo 'Permission denied')"
try 1 rogctl sweep x.conf --db none/new.db
says 'No such file or directory'
# Figures that cannot be written: the cause is reported.
try 1 rogctl redraw r-case0 --db disk/results.db --plots disk/plots --format svg
says 'disk/plots'
