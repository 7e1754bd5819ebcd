#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What docs/write-a-strategy.md tells to do works: its strategy in Python runs, its code compiles with
# its command, and its run ends. Needs ROG_SOURCE, and the programs in PATH; works in the current folder, which is empty.
set -eu

doc=$ROG_SOURCE/docs/write-a-strategy.md

# The n-th block of a language: block LANGUAGE N
block()
{
    awk -v fence="\`\`\`$1" -v wanted="$2" '
        $0 == fence { number++; inside = number == wanted; next }
        /^```/ { inside = 0 }
        inside' "$doc"
}

block c 1 >mean.c
ln -s "$ROG_SOURCE/include" include
block python 1 >pairs.py
block sh 1 >try.sh
block sh 2 >build.sh
block sh 3 >run.sh
grep -q 'rogctl run --library pairs.py' try.sh
grep -q 'cc .*mean\.c' build.sh
grep -q 'rogctl run' run.sh

if command -v python3 >/dev/null; then
    sh -e try.sh >out 2>&1 || { cat out >&2; exit 1; }
    grep -q 'parameters.budget  a number from 0 to 60, s; default 0.5' out
    rogctl runs --json | grep -q '"library":[[:space:]]*"PAIRS"'
fi
sh -e build.sh
sh -e run.sh >out 2>&1 || { cat out >&2; exit 1; }
grep -q 'MEAN .*rows above the average first' out
rogctl runs --json | grep -q '"library":[[:space:]]*"MEAN"'
rogctl runs --json | grep -q '"status":[[:space:]]*"done"'
