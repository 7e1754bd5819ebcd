#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Checks the boundaries between modules: dependencies (includes and calls) lead down the layers of
# layers.txt; nothing includes or calls itself indirectly; headers of a library are included only by its
# wrapper; and the synchronization core does no I/O. Needs ROG_SOURCE, the root of the source tree, and
# ROG_BUILD, a build, whose objects show the calls. First it makes sure that a violation of each rule is
# found.
set -eu
export LC_ALL=C

trees='common librog trainer orchestrator plugins include'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ---- dependencies: lines "include FROM TO" and "call FROM TO", with paths of files from the root ----

# $1: a tree of sources. Headers outside of it keep their name.
includes()
{
    # shellcheck disable=SC2086
    (cd "$1" && grep -roE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]+[>"]' --include='*.[ch]' \
        $trees 2>/dev/null) |
        sed -E 's/^([^:]+):[^<"]*[<"]([^>"]+)[>"]/include \1 \2/; s|^(include [^ ]+) rog/|\1 include/rog/|'
}

# Input: output of `nm -A -g` for objects, named from the root of a build; $1: the tree of sources,
# because a build may contain objects of deleted sources. Programs may define functions of the same
# name, such as rog_cmd_serve; a definition in the same tree has priority.
calls()
{
    awk -v root="$1" -v trees="$trees" '
        BEGIN { trees_count = split(trees, tree, " ") }
        function there(path,    line, state) {
            if (!(path in known)) {
                state = (getline line < (root "/" path)); close(root "/" path)
                known[path] = state >= 0
            }
            return known[path]
        }
        {
            path = $0; sub(/:.*/, "", path)
            source = path; sub(/CMakeFiles\/[^\/]*\//, "", source); sub(/\.o$/, "", source)
            if (!there(source)) next
            top = source; sub(/\/.*/, "", top)
            if ($(NF - 1) == "U") used[source, $NF] = 1
            else defined[top, $NF] = source
        }
        END {
            for (pair in used) {
                split(pair, of, SUBSEP); top = of[1]; sub(/\/.*/, "", top)
                to = (top, of[2]) in defined ? defined[top, of[2]] : ""
                for (i = 1; i <= trees_count && to == ""; i++)
                    if ((tree[i], of[2]) in defined) to = defined[tree[i], of[2]]
                if (to != "" && to != of[1]) print "call", of[1], to
            }
        }'
}

# Prints, for dependencies on its input, those from each file to headers outside the tree that it
# includes indirectly.
seen_headers()
{
    awk '
        function reach(root, file,    count, list, i) {
            count = split(to[file], list, " ")
            for (i = 1; i <= count; i++) {
                if ((root, list[i]) in seen) continue
                seen[root, list[i]] = 1
                if (list[i] in to) reach(root, list[i])
                else if (list[i] !~ /^(common|librog|trainer|orchestrator|plugins|include)\//)
                    print "include", root, list[i]
            }
        }
        $1 == "include" { to[$2] = to[$2] " " $3 }
        END { for (file in to) reach(file, file) }
    '
}

# ---- rules for dependencies ----

# $1: file with dependencies. Prints those that do not lead down the layers, and headers outside their
# wrapper.
wrong_arrows()
{
    awk '
        function folder(path) { sub("/[^/]*$", "", path); return path }
        function top(path) { sub("/.*", "", path); return path }
        function begins(text, with) { return substr(text, 1, length(with)) == with }
        function allowed(library, file,    i, n, list) {
            n = split(files[library], list, " ")
            for (i = 1; i <= n; i++)
                if (file == list[i] || (list[i] ~ /\/$/ && begins(file, list[i]))) return 1
            return 0
        }
        function outside(header,    name) {
            for (name in system_header) if (begins(header, name)) return ""
            for (name in files) if (begins(header, name)) return name
            return "?"
        }
        FILENAME ~ /layers\.txt$/ {
            if ($1 == "layer") { lines++; for (i = 2; i <= NF; i++) layer[$i] = lines }
            else if ($1 == "apart") apart[$2, $3] = 1
            else if ($1 == "upward") upward[$2, $3] = 1
            else if ($1 == "system") for (i = 2; i <= NF; i++) system_header[$i] = 1
            else if ($1 == "library") { files[$2] = $3; for (i = 4; i <= NF; i++) files[$2] = files[$2] " " $i }
            next
        }
        {
            from = folder($2); to = folder($3)
            if (!(top($3) in tree) && $1 == "include") {
                name = outside($3)
                if (name == "?") print $2 ": " $3 " is of no library that layers.txt knows"
                else if (name != "" && !allowed(name, $2)) print $2 ": " $3 " is for its wrapper alone"
                next
            }
            if (!(from in layer)) print $2 ": " from " has no layer in layers.txt"
            else if (!(to in layer)) print $3 ": " to " has no layer in layers.txt"
            else if (from != to && (layer[to] >= layer[from] || (top($2), top($3)) in apart) &&
                     !((from, to) in upward))
                print $2 ": " ($1 == "call" ? "calls " : "includes ") $3 ", which leads up"
        }
        BEGIN { split("common librog trainer orchestrator plugins include", list, " "); for (i in list) tree[list[i]] = 1 }
    ' "$layers" "$1"
}

# Prints the cycles among the pairs on its input, a line for each member.
circles()
{
    awk '$1 != $2' | sort -u | tsort 2>&1 >/dev/null | sed -n "s/^tsort: \([a-z].*\)/$1: \1/p"
}

# $1: file with dependencies. FILE.c, FILE.h and the private FILE_state.h count as one.
include_circles()
{
    sed -nE 's/^include //p' "$1" | sed -E 's/(_state)?\.[ch]( |$)/\2/g' | circles 'goes round by includes'
}

# Files that include FILE_state.h of their folder count as FILE.c, and so do units.
call_circles()
{
    awk '
        function folder(path) { sub("/[^/]*$", "", path); return path }
        FILENAME ~ /layers\.txt$/ { if ($1 == "unit") for (i = 2; i <= NF; i++) unit[$i] = $2; next }
        $1 == "include" && $3 ~ /_state\.h$/ && folder($2) == folder($3) && $2 ~ /\.c$/ {
            whole = $3; sub(/_state\.h$/, ".c", whole); unit[$2] = whole
        }
        $1 == "call" { from[++count] = $2; to[count] = $3 }
        END {
            for (i = 1; i <= count; i++)
                print from[i] in unit ? unit[from[i]] : from[i], to[i] in unit ? unit[to[i]] : to[i]
        }' "$layers" "$1" | circles 'goes round by calls'
}

# $1: file with dependencies. Prints exceptions of layers.txt that are no longer needed, except those of
# sources that are not part of this build.
needless()
{
    all=$layers
    layers=$work/less/layers.txt
    mkdir -p "$work/less"
    grep -nE '^(upward|unit) ' "$all" | while IFS=: read -r line what; do
        one=${what#* }
        if ! grep -q "^call ${one%% *}[ /]" "$1"; then
            continue # not part of this build
        fi
        sed "${line}d" "$all" >"$layers"
        if [ -z "$(wrong_arrows "$1"; call_circles "$1")" ]; then
            echo "layers.txt: nothing needs \"$what\""
        fi
    done
    layers=$all
}

# ---- rules for text ----

# $1: folder of sources; $2: allowed form of an include there (extended regular expression). Prints
# every #include of another form.
foreign_includes()
{
    grep -rnE '^[[:space:]]*#[[:space:]]*include' --include='*.[ch]' "$1" |
        grep -vE "#[[:space:]]*include[[:space:]]*($2)" || true
}

# Prints calls of functions of allowed headers that do I/O or use threads.
worldly_calls()
{
    grep -rnwE '(getenv|setenv|system|exit|abort|_Exit|s?rand(om)?|drand48|[fv]?printf|fopen|puts)[[:space:]]*\(' \
        --include='*.[ch]' "$1" || true
}

# $1: tree of sources; $2: output of nm.
check_tree()
{
    { includes "$1"; calls "$1" <"$2"; } | sort -u >"$work/arrows"
    { cat "$work/arrows"; seen_headers <"$work/arrows"; } | sort -u >"$work/all_arrows"
    wrong_arrows "$work/all_arrows"
    include_circles "$work/arrows"
    call_circles "$work/arrows"
    foreign_includes "$1/plugins" '<rog/(strategy|codec)\.h>|<plugins/[a-z_]+\.h>|<(math|stdbool|stdint|stdio|stdlib|string)\.h>'
    for core in sync kernels codecs optimizers; do
        foreign_includes "$1/librog/$core" \
            '<librog/(sync|kernels|codecs|optimizers)/[a-z_]+\.h>|<common/(archive|memory)\.h>|<rog/(codec|contribution|error|random|rog|server_optimizer|strategy)\.h>|<(assert|float|math|stdbool|stddef|stdint|stdlib|string)\.h>'
        worldly_calls "$1/librog/$core"
    done
}

# ---- violations that must be found ----

planted=$work/planted
objects=$work/objects
cat >"$work/layers.txt" <<'END'
layer include/rog
layer common plugins
layer librog/codecs
layer librog/sync
layer trainer/y
layer trainer
layer orchestrator/http
layer orchestrator/x
apart orchestrator trainer
library curl/ orchestrator/http/
system math.h sys/ time.h stdio.h
END
layers=$work/layers.txt

clear()
{
    rm -rf "$planted"
    mkdir -p "$planted/orchestrator/x" "$planted/orchestrator/http" "$planted/trainer/y" "$planted/librog/sync" \
        "$planted/librog/kernels" "$planted/librog/codecs" "$planted/librog/optimizers" "$planted/common" \
        "$planted/plugins"
    : >"$objects"
}
see()
{
    if [ -z "$(check_tree "$planted" "$objects")" ]; then
        echo "this test does not see: $1" >&2
        exit 1
    fi
}
see_nothing()
{
    seen=$(check_tree "$planted" "$objects")
    if [ -n "$seen" ]; then
        echo "this test sees something where there is nothing, $1: $seen" >&2
        exit 1
    fi
}
plant()
{
    clear
    printf '%s\n' "$2" >"$planted/$1"
    see "$2 in $1"
}
# object SOURCE SYMBOL [SYMBOL]: makes a source that defines the first symbol and calls the second.
object()
{
    echo >"$planted/$1"
    name=$(dirname "$1")/CMakeFiles/x.dir/$(basename "$1").o
    echo "$name:0000000000000000 T $2" >>"$objects"
    if [ $# -gt 2 ]; then
        echo "$name:                 U $3" >>"$objects"
    fi
}

plant orchestrator/x/a.c '#include <trainer/y/net.h>'
plant orchestrator/x/a.c '#include <curl/curl.h>'
plant orchestrator/x/a.c '#include <strange.h>'
plant trainer/a.c '# include "orchestrator/x/db.h"'
plant common/a.c '#include <trainer/run/train.h>'
plant common/a.c '#include <librog/sync/rows.h>'
plant trainer/y/a.c '#include <trainer/main.h>'
plant plugins/a.c '#include <common/file.h>'
plant librog/sync/a.c '#include <sys/socket.h>'
plant librog/sync/a.c '#include <time.h>'
plant librog/sync/a.c '#include "server.h"'
plant librog/sync/a.c '    char *home = getenv("HOME");'
plant librog/sync/a.c '    printf("hello");'
plant librog/codecs/a.c '#include <time.h>'
plant librog/codecs/a.c '#include <librog/sync/rows.h>'

clear
printf '%s\n' '#include <trainer/y/b.h>' >"$planted/trainer/a.c"
see_nothing 'of includes'
printf '%s\n' '#include <trainer/y/c.h>' >"$planted/trainer/y/b.h"
printf '%s\n' '#include <trainer/y/b.h>' >"$planted/trainer/y/c.c"
see 'two files that include each other'

clear
printf '%s\n' '#include <curl/curl.h>' >"$planted/orchestrator/http/own.h"
printf '%s\n' '#include <orchestrator/http/own.h>' >"$planted/orchestrator/http/own.c"
see_nothing 'of a library in its wrapper'
printf '%s\n' '#include <orchestrator/http/own.h>' >"$planted/orchestrator/x/a.c"
see "a library's header by way of its wrapper's"

clear
object trainer/a.c rog_a rog_b
object trainer/y/b.c rog_b
see_nothing 'of calls'
cp "$layers" "$work/before"
echo 'unit trainer/a.c trainer/y/b.c' >>"$layers"
if [ -z "$(needless "$work/arrows")" ]; then
    echo "this test does not see an exception that nothing needs" >&2
    exit 1
fi
mv "$work/before" "$layers"
object common/c.c rog_c rog_a
see 'a call upwards'
clear
object orchestrator/x/a.c rog_a rog_b
object trainer/y/b.c rog_b
see 'a call of another tree'
clear
object trainer/y/a.c rog_a rog_b
object trainer/y/b.c rog_b rog_a
see 'two files that call each other'
printf '%s\n' '#include <trainer/y/a_state.h>' >"$planted/trainer/y/b.c"
see_nothing 'of files with a state in common'
rm "$planted/trainer/y/b.c"
see_nothing 'of a source that is gone'

# ---- the sources and the build ----

layers=$(dirname "$0")/layers.txt
: >"$objects"
if command -v nm >/dev/null; then
    # shellcheck disable=SC2086
    (cd "$ROG_BUILD" && find $trees -name '*.c.o' -exec nm -A -g {} + 2>/dev/null) >"$objects" || true
    if ! calls "$ROG_SOURCE" <"$objects" | grep -qxF 'call librog/net/serve.c librog/sync/server.c'; then
        echo "the build's objects do not tell that the server's link calls its core" >&2
        exit 1
    fi
else
    echo "calls are not looked at: there is no nm"
fi
found=$(check_tree "$ROG_SOURCE" "$objects")
if [ -z "$found" ] && [ -s "$objects" ]; then
    found=$(needless "$work/arrows")
fi
if [ -n "$found" ]; then
    printf 'not allowed here:\n%s\n' "$found" >&2
    exit 1
fi
echo "no boundary is crossed: $(grep -c ^include "$work/arrows") includes, $(grep -c ^call "$work/arrows") calls"
