#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Checks that every C file states its purpose: a source in a comment below the licence line, a header
# within its first 15 lines. Needs ROG_SOURCE, the root of the source tree.
set -eu

# $1: root of a tree. Prints the files that do not state it.
silent()
{
    find "$1" -path "$1/build*" -prune -o -name '*.[ch]' -print | sort | while read -r file; do
        case $file in
        *.c) sed -n '2,3p' "$file" | sed '/^$/d' | head -n 1 ;;
        *) sed -n '2,15p' "$file" ;;
        esac | grep -q '^/\*' || echo "$file"
    done
}

planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
plant()
{
    rm -f "$planted"/*
    printf '/* SPDX-License-Identifier: Apache-2.0 */\n%b\n' "$2" >"$planted/$1"
}
plant a.c '/* Adds. */\n#include <a.h>'
plant a.h '#ifndef A_H\n#define A_H\n\n/* Adds. */\n'
if [ -n "$(silent "$planted")" ]; then
    echo "this test does not see a purpose that is there" >&2
    exit 1
fi
for text in '#include <a.h>\n/* Adds. */' 'static int a; /* Adds. */'; do
    plant a.c "$text"
    if [ -z "$(silent "$planted")" ]; then
        echo "this test does not see that a file says nothing: $text" >&2
        exit 1
    fi
done

found=$(silent "$ROG_SOURCE")
if [ -n "$found" ]; then
    printf 'these files do not say what they are for:\n%s\n' "$found" >&2
    exit 1
fi
echo "every file says what it is for"
