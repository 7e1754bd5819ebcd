# SPDX-License-Identifier: Apache-2.0
# A disk that fills up while a sweep goes on: the cause is said, nothing half-done counts, and when
# there is room again the same command finishes.
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
# From outside, where there is room for a journal.
cp disk/results.db* .
same "integrity" ok "$(query 'PRAGMA integrity_check')"
same "runs that count" 0 "$(query "SELECT count(*) FROM runs WHERE status = 'done'
    AND id NOT IN (SELECT run_id FROM events WHERE kind = 'end')")"
mount -o remount,size=64m disk || skip "cannot create the disk larger"
try 0 rogctl sweep x.conf --db disk/results.db --plots plots
same "done" 2 "$(query "SELECT count(*) FROM runs WHERE status = 'done'" disk/results.db)"
same "ends" 2 "$(query "SELECT count(*) FROM events WHERE kind = 'end'" disk/results.db)"
