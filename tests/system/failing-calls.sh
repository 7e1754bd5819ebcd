# SPDX-License-Identifier: Apache-2.0
# One of many calls fails, an allocation, a write, an open: each command fails with that cause, or gives
# the same bytes. This tests some of the calls; `make torture` tests more of them.
. "$ROG_TEST_TOOLS/lib.sh"
command -v python3 >/dev/null || skip 'no python3'
[ -e "$ROG_BUILD/tests/failing.so" ] || skip 'not in a build with sanitizers, which have an allocator of their own'
seed=${ROG_SEED:-18} # the same calls each time; `make torture` draws others
echo "seed $seed"
try 0 "$ROG_TEST_TOOLS/failing-calls" "$seed" 30 memory --case dry-run --case sweep --case simulate --case show \
    --case report-json --case redraw
cat out

# A thread or process that cannot be created is reported, wherever that happens.
once()
{
    program=$2
    [ "$3" ] && program="$2 $3"
    try 0 "$ROG_TEST_TOOLS/failing-calls" 0 0 --case "$1" --program "$program" --kind "$4" --which "$5"
}
once replay rogctl '' thread 1
once replay rogctl '' fork 1
once real-time rogctl '' thread 1
once real-time rog-trainer work thread 1
once real-time rog-trainer serve thread 1
# No memory for the keys of a connection.
once real-time rog-trainer work mmap 3+
once real-time rog-trainer serve mmap 2+
# Nothing is appended to a line of events that was only partly written.
once sweep rog-trainer simulate write 53
# If a library aborts a process, its parent reports that, and the run is repeated.
once sweep-tiny rog-trainer simulate malloc 20000
