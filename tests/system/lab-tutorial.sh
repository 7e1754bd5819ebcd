#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# docs/tutorials/a-fleet-of-three.md works on the hosts of a lab, except for parts that need devices. Needs root and
# sshd.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/lab.sh"

command -v python3 >/dev/null || skip "python3 is missing"
lab_up 3
mkdir followed
cd followed
try 0 python3 "$ROG_TEST_TOOLS/tutorial.py" "$ROG_SOURCE/docs/tutorials/a-fleet-of-three.md"
cat out
