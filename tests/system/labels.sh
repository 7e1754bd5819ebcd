# SPDX-License-Identifier: Apache-2.0
# Notes and names of cases and hosts appear unchanged in figures, pages, tables and files.
. "$ROG_TEST_TOOLS/lib.sh"
command -v gnuplot >/dev/null || skip "gnuplot is not installed"

cat >x.conf <<'END'
case = "l"; figure = "1"; workload = "none"; seconds = 30.0;
runs = ( { library = "BSP"; note = "$5 link"; }, { threshold = 4; note = "'22 #1"; },
         { threshold = 6; note = "a]]>0<b> & \"3\" %d \\1"; }, { threshold = 8; note = "+1 *x* _y_"; } );
END
try 0 rogctl sweep x.conf
cat >check.py <<'END'
import csv, html.parser, json, re, sqlite3, sys, xml.etree.ElementTree as tree

def words(text):
    return "".join(text.split()).replace("\u200c", "")  # ignores how lines were wrapped

db = sqlite3.connect("results.db")
notes = [row[0] for row in db.execute("SELECT note FROM runs ORDER BY rowid")]
svg = words("".join(tree.parse(sys.argv[1]).getroot().itertext()))
for note in notes:
    assert words(note) in svg, (note, svg)

class Page(html.parser.HTMLParser):
    texts = []
    def handle_data(self, data):
        self.texts.append(data)
page = Page()
page.feed(open("page.html", encoding="utf-8").read())
host = "h\\x1b[2J\\x9b\\u202e#1 </td>"
for text in notes + [host]:
    assert text in page.texts, (text, page.texts)

rows = list(csv.DictReader(open(sys.argv[2], encoding="utf-8", newline="")))
# A text that a spreadsheet would evaluate has a leading apostrophe.
assert [re.sub(r"^'(?='*[-=+@])", "", row["note"]) for row in rows] == notes, rows
assert any(row["note"].startswith("'+1") for row in rows), rows
shown = json.load(open("run.json"))
assert shown["note"] in notes
END
host="$(printf 'h\033[2J\302\233\342\200\256#1 </td>')"
sqlite3 results.db "UPDATE workers SET host = '$host' WHERE rank = 1"
for name in l-case0 "#1 \$5 ''22 \"x\" ]]>0 %d é"; do
    sqlite3 results.db "PRAGMA foreign_keys = ON; UPDATE cases SET name = '$name'"
    name=$(query "SELECT name FROM cases")
    rm -rf plots csv
    try 0 rogctl redraw "$name"
    same "pictures of $name" 3 "$(wc -l <out | tr -d ' ')"
    try 0 rogctl export "$name" --to csv
    try 0 rogctl report "$name" --html
    cp out page.html
    try 0 rogctl show "$(query 'SELECT id FROM runs LIMIT 1')" --json
    cp out run.json
    python3 check.py plots/*-average-time-composition.svg csv/*-runs.csv || fail "a text of $name does not arrive"
done

# No command prints a control character.
id=$(query "SELECT id FROM runs LIMIT 1")
query "UPDATE runs SET note = '$host' WHERE id = '$id'"
for command in runs cases "show $id" "show $id --json" "runs --json" "redraw #1" report; do
    case $command in
    report) rogctl report "$name" >out 2>err ;;
    *) rogctl $command >out 2>err ;;
    esac
    for byte in '\033' '\302\233' '\342\200\256'; do
        grep -q "$(printf "$byte")" out err && fail "$byte reaches the terminal: $command"
    done
done
same "the note in JSON" "$host" "$(rogctl show "$id" --json | jq -r .note)"

# Names of runs and of layers may come from anyone.
cat >rename.py <<'END'
import json, sqlite3
db = sqlite3.connect("results.db")
db.execute("PRAGMA foreign_keys = ON")
for rowid, data in db.execute("SELECT rowid, data FROM events WHERE kind = 'start'").fetchall():
    data = json.loads(data)
    for layer in data.get("layers", []):
        layer[0] = "#1$5'2%d\"]]>\U0010fffd\x1b\u202e" + layer[0]
    db.execute("UPDATE events SET data = ? WHERE rowid = ?", (json.dumps(data), rowid))
db.execute("UPDATE runs SET id = 'a#1 $5' || char(10) || char(10) || '0 99' || char(27) WHERE library = 'BSP'")
db.commit()
END
python3 rename.py || fail "cannot rename"
try 0 rogctl microevents "$(query "SELECT id FROM runs WHERE library = 'BSP'")" 1 0 --span 20 --rows
same "pictures of a worker" 6 "$(wc -l <out | tr -d ' ')"
same "data that a name put there" 0 "$(grep -c '^0 99' plots/*microevents*.dat | grep -vc ':0$')"
