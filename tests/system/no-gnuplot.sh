# SPDX-License-Identifier: Apache-2.0
# Without gnuplot a sweep keeps its runs and reports what is missing; the figures can be drawn later.
. "$ROG_TEST_TOOLS/lib.sh"
cat >x.conf <<END
case = "g"; figure = "1"; $tiny
runs = ( { seconds = 70.0; } );
END
mkdir bin
for tool in sh; do ln -s "$(command -v $tool)" bin/; done
full=$PATH
rogctl=$(command -v rogctl)
try 1 env PATH="$PWD/bin" "$rogctl" sweep x.conf
says gnuplot
says 'the runs are recorded, but their figures are not drawn (`rogctl redraw g-case0` tries again)'
same "done" 1 "$(query "SELECT count(*) FROM runs WHERE status = 'done'")"
[ -e plots ] && [ -n "$(ls -A plots)" ] && fail "something is left in plots"
try 1 env PATH="$PWD/bin" "$rogctl" doctor
prints 'apt-get install gnuplot-nox'
PATH=$full
try 0 rogctl redraw g-case0
[ -s plots/g-case0-average-time-composition.pdf ] || fail "not drawn"
