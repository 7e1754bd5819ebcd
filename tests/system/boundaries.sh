#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The boundaries between the modules: who may include what, and that the synchronization core does no I/O.
# Needs ROG_SOURCE, the root of the source tree. Before it looks at the sources it makes sure that it
# sees a violation of each rule.
set -eu

# $1: folder of sources; $2: what an include may look like there (extended regular expression).
# Prints every #include that looks different.
foreign_includes()
{
    grep -rnE '^[[:space:]]*#[[:space:]]*include' --include='*.[ch]' "$1" |
        grep -vE "#[[:space:]]*include[[:space:]]*($2)" || true
}

# $1: folder; $2: what an include must not look like there.
forbidden_includes()
{
    grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" --include='*.[ch]' "$1" || true
}

# Functions of allowed headers that touch the world, and threads.
worldly_calls()
{
    grep -rnwE '(getenv|setenv|system|exit|abort|_Exit|s?rand(om)?|drand48|[fv]?printf|fopen|puts)[[:space:]]*\(' \
        --include='*.[ch]' "$1" || true
}

check_tree()
{
    forbidden_includes "$1/orchestrator" 'trainer/'
    forbidden_includes "$1/orchestrator" 'curl/' | { grep -v '/orchestrator/http/' || true; }
    forbidden_includes "$1/trainer" 'curl/'
    forbidden_includes "$1/trainer" 'orchestrator/'
    forbidden_includes "$1/common" '(trainer|orchestrator)/'
    foreign_includes "$1/plugins" '<rog/strategy\.h>|<(math|stdbool|stdint|stdio|stdlib|string)\.h>'
    foreign_includes "$1/librog/sync" \
        '<librog/sync/[a-z_]+\.h>|<common/memory\.h>|<rog/(codec|error|strategy)\.h>|<(math|stdbool|stddef|stdint|stdlib|string)\.h>'
    worldly_calls "$1/librog/sync"
}

planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
mkdir -p "$planted/orchestrator/x" "$planted/trainer" "$planted/librog/sync" "$planted/common" "$planted/plugins"
plant()
{
    rm -f "$planted"/*/*.c "$planted"/*/*/*.c
    printf '%s\n' "$2" >"$planted/$1"
    if [ -z "$(check_tree "$planted")" ]; then
        echo "this test does not see: $2 in $1" >&2
        exit 1
    fi
}
plant orchestrator/x/a.c '#include <trainer/nn/net.h>'
plant orchestrator/x/a.c '#include <curl/curl.h>'
plant trainer/a.c '# include "orchestrator/store/db.h"'
plant common/a.c '#include <trainer/run/train.h>'
plant plugins/a.c '#include <common/file.h>'
plant librog/sync/a.c '#include <sys/socket.h>'
plant librog/sync/a.c '#include <time.h>'
plant librog/sync/a.c '#include "server.h"'
plant librog/sync/a.c '    char *home = getenv("HOME");'
plant librog/sync/a.c '    printf("hello");'

found=$(check_tree "$ROG_SOURCE")
if [ -n "$found" ]; then
    printf 'not allowed here:\n%s\n' "$found" >&2
    exit 1
fi
echo "no boundary is crossed"
