#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The boundaries between the modules: who may include what, that nothing includes itself by way of
# others, and that the synchronization core does no I/O.
# Needs ROG_SOURCE, the root of the source tree. Before it looks at the sources it makes sure that it
# sees a violation of each rule.
set -eu
export LC_ALL=C

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

# Every "FROM TO" of a tree: the one has an include of the other. Paths from the tree's root.
includes()
{
    (cd "$1" && grep -roE '^[[:space:]]*#[[:space:]]*include[[:space:]]*<[a-z_]+/[^>]+>' --include='*.[ch]' \
        common librog trainer orchestrator plugins 2>/dev/null) |
        sed -E 's/:[^<]*<([^>]+)>.*/ \1/'
}

# Prints what of the pairs on its input leads back to itself, a line for each member.
circles()
{
    awk '$1 != $2' | sort -u | tsort 2>&1 >/dev/null | sed -n 's/^tsort: \([a-z].*\)/goes round: \1/p'
}

# FILE.c, FILE.h and the private FILE_state.h count as one.
file_circles()
{
    includes "$1" | sed -E 's/(_state)?\.[ch]( |$)/\2/g' | awk -v tangled="$tangled" '
        BEGIN { split(tangled, list); for (i in list) skip[list[i]] = 1 }
        function folder(path) { sub("/[^/]*$", "", path); return path }
        !(folder($1) in skip && folder($2) in skip)' | circles
}

# Folders.
module_circles()
{
    includes "$1" | sed -E 's|/[^/ ]*( \|$)|\1|g' | awk -v upward="$upward" '
        BEGIN { split(upward, list); for (i in list) skip[list[i]] = 1 }
        !($1 ">" $2 in skip)' | circles
}

check_tree()
{
    file_circles "$1"
    module_circles "$1"
    forbidden_includes "$1/orchestrator" 'trainer/'
    forbidden_includes "$1/orchestrator" 'curl/' | { grep -v '/orchestrator/http/' || true; }
    forbidden_includes "$1/trainer" 'curl/'
    forbidden_includes "$1/trainer" 'orchestrator/'
    forbidden_includes "$1/common" '(trainer|orchestrator)/'
    foreign_includes "$1/plugins" '<rog/strategy\.h>|<(math|stdbool|stdint|stdio|stdlib|string)\.h>'
    foreign_includes "$1/librog/sync" \
        '<librog/sync/[a-z_]+\.h>|<common/memory\.h>|<rog/(codec|error|rog|strategy)\.h>|<(math|stdbool|stddef|stdint|stdlib|string)\.h>'
    worldly_calls "$1/librog/sync"
}

# Folders in which files still include each other in circles, and includes that still lead upwards
# between folders. Nothing is to be added here.
tangled='orchestrator/check orchestrator/doctor orchestrator/figures orchestrator/fleet'
tangled="$tangled orchestrator/fleet/remote orchestrator/http orchestrator/import orchestrator/lab"
tangled="$tangled orchestrator/ssh orchestrator/store librog/trace trainer/host trainer/nn trainer/shape"
upward='librog/net>trainer/run librog/net>trainer/nn orchestrator/fleet>orchestrator/fleet/remote'

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

rm -f "$planted"/*/*.c "$planted"/*/*/*.c
mkdir -p "$planted/trainer/y"
printf '%s\n' '#include <trainer/y/b.h>' >"$planted/trainer/a.c"
if [ -n "$(check_tree "$planted")" ]; then
    echo "this test sees a circle where there is none" >&2
    exit 1
fi
printf '%s\n' '#include <trainer/y/c.h>' >"$planted/trainer/y/b.h"
plant trainer/y/c.c '#include <trainer/y/b.h>'
rm "$planted/trainer/y/b.h"
printf '%s\n' '#include <trainer/y/c.h>' >"$planted/trainer/b.h"
plant trainer/y/d.c '#include <trainer/d.h>'

found=$(check_tree "$ROG_SOURCE")
if [ -n "$found" ]; then
    printf 'not allowed here:\n%s\n' "$found" >&2
    exit 1
fi
echo "no boundary is crossed"
