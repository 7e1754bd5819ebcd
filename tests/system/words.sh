#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Checks the language of messages, documents and symbols: they contain no words of tests/words.txt, and
# the glossary is sorted. Needs ROG_SOURCE. First it makes sure that such words are found. Checks the
# sources that git lists; without a checkout it does not run.
set -eu
export LC_ALL=C.UTF-8

[ -e "$ROG_SOURCE/.git" ] || { echo "not looked at: $ROG_SOURCE is no checkout"; exit 0; }

# ---- words of each kind that must be found ----
mkdir -p planted/common planted/docs planted/tests
cp "$ROG_SOURCE/tests/messages" "$ROG_SOURCE/tests/words.py" "$ROG_SOURCE/tests/words.txt" planted/tests
sed -i '/^except /d' planted/tests/words.txt
cat >planted/common/planted.c <<'END'
/* A comment may say what it likes about a way out. */
int way_out;
const char *help = "how often a failed run is "
                   "begun again";
END
printf '# Planted\n\nA host that does not let\nus in.\n' >planted/docs/planted.md
git -c init.defaultBranch=main init -q planted
python3 planted/tests/words.py planted >said && { echo "planted words are not seen"; exit 1; }
for place in 'common/planted.c:2: "way_out": say hint' 'common/planted.c:3: "begun again": say' \
    'docs/planted.md:3: "let us in": say authentication failed'; do
    grep -qF "$place" said || { echo "not seen: $place"; cat said; exit 1; }
done
[ "$(wc -l <said)" = 3 ] || { echo "more is seen than was planted:"; cat said; exit 1; }

# ---- the sources ----
wrong=0
python3 "$ROG_SOURCE/tests/words.py" "$ROG_SOURCE" || wrong=1

terms=$(sed -n '/^|---/,$s/^| \([^|]*\) |.*/\1/p' "$ROG_SOURCE/docs/glossary.md")
[ "$(echo "$terms" | wc -l)" -gt 40 ] || { echo "the glossary has lost its terms"; wrong=1; }
[ "$terms" = "$(echo "$terms" | sort -fu)" ] || { echo "the glossary is not sorted"; wrong=1; }
exit $wrong
