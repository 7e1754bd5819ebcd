# SPDX-License-Identifier: Apache-2.0
# One call of many fails, an allocation, a write, an open: each command fails with that cause, or
# comes to the same bytes. Here some of the calls; `make torture` tries them for longer.
. "$ROG_TEST_TOOLS/lib.sh"
command -v python3 >/dev/null || skip 'no python3'
[ -e "$ROG_BUILD/tests/failing.so" ] || skip 'not in a build with sanitizers, which have an allocator of their own'
seed=${ROG_SEED:-18} # the same calls each time; torture draws others
echo "seed $seed"
try 0 "$ROG_TEST_TOOLS/failing-calls" "$seed" 30 memory --case dry-run --case sweep --case simulate --case show \
    --case report-json --case redraw
cat out

# What cannot have a thread or a process says so, wherever it is.
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
# Nor memory for the keys of a connection.
once real-time rog-trainer work mmap 3+
once real-time rog-trainer serve mmap 2+
# Nothing is appended to a line of events that was written in part.
once sweep rog-trainer simulate write 53
# What ends in a library that aborts is said by who has started it, and done again.
once sweep-tiny rog-trainer simulate malloc 20000
