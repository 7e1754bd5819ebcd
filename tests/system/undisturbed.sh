# SPDX-License-Identifier: Apache-2.0
# A few of the runs that undisturbed.py draws: verify has no findings for any.
. "$ROG_TEST_TOOLS/lib.sh"

python3 "$ROG_TEST_TOOLS/undisturbed.py" "${ROG_TEST_SEED:-6}" 30 60 || fail "findings in runs that nothing disturbs"
