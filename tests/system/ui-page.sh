# SPDX-License-Identifier: Apache-2.0
# The live page in a browser (Chromium, by tools/browser.py): it follows a sweep to its end, filters,
# sorts, compares, moves through microevents, goes back, loses and regains the server; numbers equal
# those of sqlite3 and `rogctl report`. With axe-core (of the Python package axe-playwright-python, or
# the file $ROG_AXE) it also checks accessibility.
. "$ROG_TEST_TOOLS/lib.sh"
command -v chromium || command -v chromium-browser || skip "no chromium"

# A trainer whose events arrive in as many of four parts as the file `parts` says, and which fails if
# `bad` exists.
cat >trainer <<END
#!/bin/sh
[ -e $PWD/bad ] && { echo "rog-trainer: the disk is full" >&2; exit 1; }
[ "\$1" = simulate ] && [ -e $PWD/parts ] || exec $ROG_BUILD/bin/rog-trainer "\$@"
last=
for word; do
    shift
    [ "\$last" = --out ] && { folder=\$word; word=$PWD/real; }
    last=\$word
    set -- "\$@" "\$word"
done
rm -rf $PWD/real
mkdir $PWD/real
$ROG_BUILD/bin/rog-trainer "\$@" || exit
count=\$(wc -l <$PWD/real/events.jsonl)
from=1
for part in 1 2 3 4; do
    until [ ! -e $PWD/parts ] || [ "\$(cat $PWD/parts)" -ge \$part ]; do sleep 0.1; done
    sed -n "\$from,\$((count * part / 4))p" $PWD/real/events.jsonl >>"\$folder/events.jsonl"
    from=\$((count * part / 4 + 1))
done
cd $PWD/real
for file in *; do [ "\$file" = events.jsonl ] || cp -R "\$file" "\$folder/"; done
END
chmod +x trainer
ROG_TRAINER=$PWD/trainer
export ROG_TRAINER

cat >first.conf <<END
case = "first"; $tiny checkpoint_period = 20;
matrix = { library = ["SSP", "ROG"]; threshold = [4]; seed = [1, 2]; };
END
cat >live.conf <<END
case = "live"; $quick
runs = ( { library = "ROG"; threshold = 4; note = "followed"; } );
END
cat >cut.conf <<END
case = "cut"; $quick
runs = ( { library = "BSP"; note = "interrupted"; } );
END
cat >bad.conf <<END
case = "bad"; $quick
runs = ( { library = "BSP"; note = "out of space"; } );
END
python3 "$ROG_TEST_TOOLS/ui_page.py" || fail "the live page"
