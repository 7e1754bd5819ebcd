# SPDX-License-Identifier: Apache-2.0
# The live page shows the same as the commands, during a sweep and before there is anything; it admits only permitted
# requests, and malicious clients do no harm.
. "$ROG_TEST_TOOLS/lib.sh"
export XDG_STATE_HOME="$PWD/state"
cat >x.conf <<END
case = "c"; figure = "1"; contender = "ROG"; $quick
matrix = { library = ["SSP", "ROG"]; threshold = [4]; seed = [1, 2, 3]; };
END
cat >more.conf <<END
case = "more"; workload = "none"; seconds = 20000.0; runs = ( { library = "ROG"; threshold = 4; } );
END
python3 "$ROG_TEST_TOOLS/ui.py" || fail 'the live page'
