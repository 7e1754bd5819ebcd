# SPDX-License-Identifier: Apache-2.0
# Shared by test scripts: . "$ROG_TEST_TOOLS/lib.sh"
# A command is executed with `try`, then its exit status and output are checked; the first error ends the
# script.

fail() {
    echo "FAILED: $*" >&2
    if [ -f out ]; then echo "--- standard output of: $tried" >&2; tail -n 40 out >&2; fi
    if [ -f err ]; then echo "--- standard error" >&2; tail -n 40 err >&2; fi
    exit 1
}

skip() {
    echo "skipped: $*"
    exit 77
}

# try STATUS COMMAND...: runs it and checks its exit status; output in `out`, errors in `err`.
try() {
    wanted=$1
    shift
    tried=$*
    "$@" >out 2>err
    status=$?
    [ "$status" -eq "$wanted" ] || fail "exit status $status instead of $wanted: $tried"
}

# says TEXT, prints TEXT: checks that the last command wrote it to standard error, standard output.
says() {
    grep -qF -- "$1" err || fail "does not say: $1"
}
prints() {
    grep -qF -- "$1" out || fail "does not print: $1"
}

# same WHAT WANTED FOUND
same() {
    [ "$2" = "$3" ] || fail "$1: wanted \"$2\", found \"$3\""
}

# json FILTER: applies it to the last command's JSON.
json() {
    jq -r "$1" out || fail "not JSON, or no $1"
}

# query SQL [DATABASE]
query() {
    sqlite3 "${2:-results.db}" "$1" || fail "query: $1"
}

# free_ports NUMBER: prints free ports for programs that cannot choose one themselves.
free_ports() {
    python3 -c '
import socket, sys
all = [socket.socket() for i in range(int(sys.argv[1]))]
for s in all: s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in all])' "$1"
}

# Runs without training take only a moment; these settings go into an experiment file.
quick='workload = "none"; seconds = 300.0;'
# Real training, as little as is needed to show that everything works together.
tiny='pretrain_epochs = 0; test_images = 100; seconds = 130.0;'
