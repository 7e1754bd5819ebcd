# SPDX-License-Identifier: Apache-2.0
# Checks that some things are used in one place only: commands contain no SQL (the store does), and the
# trainer, which is deployed to hosts, does not link libunistring. First it makes sure that a planted
# query is found.
. "$ROG_TEST_TOOLS/lib.sh"

sql_in() {
    grep -nE '"[^"]*(SELECT .*|DELETE FROM|INSERT (OR [A-Z]+ )?INTO|UPDATE [a-z_]+ SET|PRAGMA) ?' "$@" /dev/null
}
echo '    code = rog_db_run(db, err, "UPDATE cases SET name = ?", "s", name);' >cmd_planted.c
[ -n "$(sql_in cmd_planted.c)" ] || fail 'a query is not seen'
found=$(sql_in "$ROG_SOURCE"/orchestrator/cmd_*.c)
[ -z "$found" ] || fail "SQL belongs into orchestrator/store: $found"

trainer=$(dirname "$(command -v rogctl)")/rog-trainer
[ -x "$trainer" ] || fail "no $trainer"
ldd "$trainer" >libraries || fail "ldd $trainer"
grep -q libsodium libraries || fail 'ldd does not show libraries'
if grep unistring libraries; then fail 'the trainer links libunistring'; fi
