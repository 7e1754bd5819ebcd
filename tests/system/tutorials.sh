#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The tutorials, and other documents with commands in this form, work as written: each is followed in an empty folder,
# and the output of its commands is compared with the document (tools/tutorial.py). The one about hosts is in
# lab-tutorial.
. "$ROG_TEST_TOOLS/lib.sh"

command -v python3 >/dev/null || skip "python3 is missing"
unset MAKEFLAGS
export PYTHONDONTWRITEBYTECODE=1
# A python3 other than the distribution's may lack PyTorch.
if /usr/bin/python3 -c 'import torch' 2>/dev/null; then
    mkdir bin
    ln -s /usr/bin/python3 bin/python3
    PATH="$PWD/bin:$PATH"
fi
top=$PWD

follow() {
    mkdir "$top/followed"
    cd "$top/followed"
    try "$1" python3 "$ROG_TEST_TOOLS/tutorial.py" "$2"
    cat out
    cd "$top"
    rm -rf followed
}

for document in "$ROG_SOURCE"/docs/tutorials/*.md "$ROG_SOURCE/docs/write-a-strategy.md"; do
    case $document in */a-fleet-of-three.md) continue ;; esac
    follow 0 "$document"
done

# Differences that the test must notice.
printf '```console\n$ echo 5.61 of 3\n5.62 of 3\n```\n' >good.md
follow 0 "$PWD/good.md"
for wrong in '5.81 of 3' '5.61 of 4' '5.61' '5.61 of 3 4' '5.61 of 3\nmore'; do
    printf '```console\n$ echo 5.61 of 3\n%b\n```\n' "$wrong" >wrong.md
    follow 1 "$PWD/wrong.md"
done
printf '```console\n$ false\n```\n' >wrong.md
follow 1 "$PWD/wrong.md"
