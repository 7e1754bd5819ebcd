# SPDX-License-Identifier: Apache-2.0
# Databases of other programs, damaged, of another version, or missing.
. "$ROG_TEST_TOOLS/lib.sh"
printf 'case = "d"; %s runs = ( { } );\n' "$quick" >x.conf

# answered STATUS TEXT FILE: checks the error of a command that reads and of one that writes; the file
# is not changed.
answered() {
    before=$(sha256sum <"$3")
    try "$1" rogctl runs --db "$3"
    says "$2"
    try "$1" rogctl sweep x.conf --db "$3"
    says "$2"
    same "the file" "$before" "$(sha256sum <"$3")"
    [ -e "$3-wal" ] && fail "a journal was left"
}
try 3 rogctl runs
says 'results.db: no such database'
[ -e results.db ] && fail "a database was made"

seq 1000 >text.db
answered 1 'text.db: not an SQLite database' text.db
sqlite3 other.db 'CREATE TABLE mine(a)'
answered 1 'other.db: a database of another program' other.db
try 0 rogctl sweep x.conf --db newer.db
known=$(sqlite3 newer.db 'PRAGMA user_version')
newer=$((known + 1))
sqlite3 newer.db "PRAGMA journal_mode = DELETE; PRAGMA user_version = $newer" >out
answered 1 "newer.db: its schema is version $newer, this program knows up to version $known" newer.db
try 1 rogctl runs --db .
says 'a folder, not a database'
mkfifo pipe.db
try 1 timeout 100 rogctl runs --db pipe.db
says 'pipe.db: a pipe, not a database'
sqlite3 piped.db 'CREATE TABLE runs(a)' && mkfifo piped.db-wal
try 1 timeout 100 rogctl sweep x.conf --db piped.db
says 'piped.db-wal: a pipe, not a database'
try 1 timeout 100 rogctl runs --db /dev/zero
says '/dev/zero: a device, not a database'
# A name with a zero byte, or a blob, would be read as another name.
for name in "'a' || char(0) || 'b'" "x'41'"; do
    for table in "runs SET id" "cases SET name"; do
        cp newer.db names.db
        sqlite3 names.db "PRAGMA user_version = $known; PRAGMA foreign_keys = ON; UPDATE $table = $name"
        answered 1 'names.db: damaged: a run or a case has a name that is not text' names.db
    done
done

# Views, triggers and computed columns in place of rogctl's tables are rejected.
odd() {
    cp newer.db odd.db
    sqlite3 odd.db "PRAGMA user_version = $known; PRAGMA legacy_alter_table = ON; $1" || fail "$1"
    try 1 rogctl "${2:-runs}" ${3-} --db odd.db
    says "odd.db: damaged: a view, a trigger or a computed column is in the place of"
}
endless='WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT'
tables=$(query "SELECT name FROM sqlite_master WHERE type = 'table'" newer.db)
for table in $tables; do
    odd "ALTER TABLE $table RENAME TO was; CREATE VIEW $table AS $endless was.* FROM was, n"
    odd "ALTER TABLE $table ADD COLUMN more GENERATED ALWAYS AS (length(zeroblob(400000000)))"
    odd "CREATE TRIGGER t BEFORE INSERT ON $table BEGIN SELECT 1; END"
done
odd "ALTER TABLE events RENAME TO was; CREATE VIEW Events AS $endless was.* FROM was, n"
odd "CREATE TRIGGER t BEFORE INSERT ON runs BEGIN SELECT 1; END" sweep x.conf
odd "CREATE VIEW json_each AS $endless i FROM n"
odd "CREATE VIEW pragma_table_xinfo AS $endless i FROM n"
cp newer.db mine.db
sqlite3 mine.db "PRAGMA user_version = $known; CREATE VIEW mine AS SELECT * FROM runs; CREATE TABLE json_mine(a)"
try 0 rogctl runs --db mine.db

# A cache is trusted, so one that other users can write to is not used.
mkdir -p shared/rogctl && chmod 777 shared/rogctl
XDG_CACHE_HOME=$PWD/shared try 1 rogctl doctor
prints 'shared/rogctl: other users can write into this cache folder (mode 777)'
prints 'hint: chmod -R go-w'
if [ "$(id -u)" = 0 ]; then
    chmod 755 shared/rogctl && chown 65534 shared/rogctl
    XDG_CACHE_HOME=$PWD/shared try 1 rogctl doctor
    prints 'shared/rogctl: this cache folder belongs to user 65534'
fi
long=$(printf '%0200d/%0200d/%0200d' 0 0 0)
mkdir -p "$long"
try 1 rogctl sweep x.conf --db "$long/x.db"
says 'File name too long'
try 1 rogctl sweep x.conf --db no/folder/x.db
says 'no/folder/x.db'

# An event with invalid JSON: the error says where it is.
try 0 rogctl sweep x.conf --db event.db
run=$(query 'SELECT id FROM runs' event.db)
query "INSERT INTO events (run_id, rank, t, kind, data) VALUES ('$run', 2, 12.5, 'published-means', '{broken')" event.db
try 1 rogctl verify "$run" --db event.db
prints 'event published-means of rank 2 at 12.500000 s is not valid JSON: {broken'
try 1 rogctl report d-case0 --as-published --db event.db
says "event.db: run $run is damaged: the data of its event published-means of rank 2 at 12.5 s is not JSON; "
