# SPDX-License-Identifier: Apache-2.0
# A disk that fills up during a sweep: the cause is reported, nothing incomplete counts, and the same
# command finishes when there is room again.
. "$ROG_TEST_TOOLS/lib.sh"
[ "$(id -u)" = 0 ] || skip "mounting a small tmpfs needs root"
mkdir disk
mount -t tmpfs -o size=3m none disk 2>/dev/null || skip "cannot mount a tmpfs"
trap 'umount disk' EXIT
cat >x.conf <<END
case = "f"; workload = "none"; seconds = 3000.0;
runs = ( { threshold = 4; }, { threshold = 20; } );
END
try 1 rogctl sweep x.conf --db disk/results.db --plots plots
grep -qiE 'disk is full|no space left' err || fail "does not say that the disk is full"
# Read a copy outside, where there is room for a journal.
cp disk/results.db* .
same "integrity" ok "$(query 'PRAGMA integrity_check')"
same "runs that count" 0 "$(query "SELECT count(*) FROM runs WHERE status = 'done'
    AND id NOT IN (SELECT run_id FROM events WHERE kind = 'end')")"
mount -o remount,size=64m disk || skip "cannot create the disk larger"
try 0 rogctl sweep x.conf --db disk/results.db --plots plots
same "done" 2 "$(query "SELECT count(*) FROM runs WHERE status = 'done'" disk/results.db)"
same "ends" 2 "$(query "SELECT count(*) FROM events WHERE kind = 'end'" disk/results.db)"

# An incomplete folder is removed, so that the same command works when there is room.
rm -rf disk/*
try 0 rogctl sweep x.conf --db whole.db --plots none
mount -o remount,size=64k disk
try 1 rogctl export f-case0 --format ro-crate --to disk/crate --db whole.db
[ ! -e disk/crate ] || fail "a part of a crate is left: $(ls disk/crate)"
mkdir disk/given
try 1 rogctl export f-case0 --format ro-crate --to disk/given --db whole.db
same "what is left in a folder that was there" '' "$(ls -A disk/given)"
try 0 rogctl bundle f-case0 --to f.tar.zst --db whole.db
TMPDIR=$PWD/disk try 1 rogctl bundle verify f.tar.zst
grep -qE 'its [1-9][0-9]* KB do not fit' err || fail "does not say how much: $(cat err)"
mount -o remount,size=64m disk
try 0 rogctl export f-case0 --format ro-crate --to disk/crate --db whole.db
