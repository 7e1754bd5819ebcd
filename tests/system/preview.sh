# SPDX-License-Identifier: Apache-2.0
# Figures in the terminal: with chafa if it is installed, otherwise one sentence that says how to get
# them. The terminal is that of script(1).
. "$ROG_TEST_TOOLS/lib.sh"
command -v script >/dev/null || skip 'no script(1)'
unset DISPLAY WAYLAND_DISPLAY
cat >x.conf <<END
case = "p"; figure = "1"; $quick
runs = ( { } );
END
try 0 rogctl sweep x.conf
mkdir bin with
for tool in sh env gnuplot; do ln -s "$(command -v $tool)" bin/; done
cp -P bin/* with/
cat >with/chafa <<'END'
#!/bin/sh
[ -t 1 ] && echo "terminal $# words: $1 $2" >>words
echo "[a picture]"
[ ! -e broken ]
END
chmod +x with/chafa
rogctl=$(command -v rogctl)

# in_terminal FOLDER WORDS...: runs rogctl with only the programs of FOLDER; what the terminal shows is in `out`, on
# one line, because messages are wrapped at the terminal's width.
in_terminal() {
    programs=$1
    shift
    tried=$*
    script -qec "env PATH='$PWD/$programs' '$rogctl' $*" /dev/null </dev/null >lines 2>err ||
        fail "exit status of rogctl $*"
    tr -d '\r' <lines | tr '\n' ' ' >out
}

in_terminal with redraw p-case0 --plots=-plots --format pdf,png --open
prints '[a picture]'
pictures=$(find ./-plots -name '*.png' | wc -l)
[ "$pictures" -gt 0 ] || fail "no pictures"
same "pictures shown" "$pictures" "$(grep -c '^terminal 2 words: --size=[0-9]*x \./-plots/p-case0-.*\.png$' words)"

in_terminal with redraw p-case0 --format pdf --open
prints 'hint: terminals can show PNG (--format pdf,png)'
same "pictures shown" "$pictures" "$(wc -l <words)"

touch broken
in_terminal with redraw p-case0 --format png --open
prints 'but cannot be shown: chafa plots/p-case0-'
prints 'failed (exit status 1)'

in_terminal bin redraw p-case0 --format png --open
prints 'the figures are in plots, but cannot be shown: chafa, which shows pictures in a terminal, is not installed; hint: install the package chafa (apt-get install chafa)'
same "times that is said" 1 "$(grep -c 'not installed' out)"

# In a pipe no pictures are shown.
rm broken words
try 0 env PATH="$PWD/with" "$rogctl" redraw p-case0 --format png --open
says 'standard output is not a terminal'
[ ! -e words ] || fail "chafa was run without a terminal"
