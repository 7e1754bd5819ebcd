# SPDX-License-Identifier: Apache-2.0
#
# What docs/tutorials/your-pytorch-program.md tells to do works, in a short form: its scripts and its experiment file
# run as they are printed, but for fewer virtual seconds.
. "$ROG_TEST_TOOLS/lib.sh"

python=/usr/bin/python3
$python -c 'import torch' 2>/dev/null || skip "$python has no module torch (package python3-torch)"
export PYTHONDONTWRITEBYTECODE=1
mkdir bin
ln -s $python bin/python3
export PATH="$PWD/bin:$PATH"
doc=$ROG_SOURCE/docs/tutorials/your-pytorch-program.md

# python_block N, and the indented block after a text
python_block()
{
    awk -v wanted="$1" '$0 == "```python" { inside = ++number == wanted; next } /^```/ { inside = 0 } inside' "$doc"
}
indented_after()
{
    awk -v text="$1" 'index($0, text) { found = 1; next } found && /^    / { print substr($0, 5); begun = 1; next }
        begun && /./ { exit }' "$doc"
}

python_block 1 >plain.py
python_block 2 >train.py
indented_after '`mine.conf` says what is run' >mine.conf
indented_after 'write `cluster.conf`:' >cluster.conf
grep -q 'measured' cluster.conf || fail "no cluster.conf in the tutorial"

grep -q '^for step in range(500):$' plain.py || fail "the tutorial has other steps"
sed -i 's/range(500)/range(100)/' plain.py
try 0 python3 plain.py
awk '$1 > 2 && $1 < 5 { good = 1 } END { exit !good || NR != 1 }' out || fail "bits per byte: $(cat out)"

try 0 rogctl sweep -n mine.conf --cluster cluster.conf
try 0 rogctl sweep -n mine.conf
prints "4 of 4 runs to do"
grep -q '^seconds = 400.0;$' mine.conf || fail "the tutorial has other seconds"
sed -i 's/^seconds = .*/seconds = 25.0;/; s/^checkpoint_period = .*/checkpoint_period = 100.0;/' mine.conf
try 0 rogctl sweep mine.conf --only "ROG 4"
query "SELECT accuracy FROM checkpoints ORDER BY t" >learnt
awk 'NR == 1 { first = $1 } END { exit !(NR == 2 && $1 > 2 && $1 < first - 1) }' learnt || fail "learns nothing: $(xargs <learnt)"
[ -e plots/mine-case0-training-accuracy-against-wall-clock-time.svg ] || fail "no figure"
try 0 rogctl report mine-case0
