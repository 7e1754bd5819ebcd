# SPDX-License-Identifier: Apache-2.0
# Trainers and testers that fail in various ways: the run fails with the cause, other runs continue, and
# a second sweep with a working trainer completes everything.
. "$ROG_TEST_TOOLS/lib.sh"

cat >x.conf <<END
case = "f"; figure = "1"; $tiny
runs = ( { threshold = 4; note = "good"; }, { threshold = 20; note = "bad"; } );
END

# A trainer that does what $1 says for runs with threshold 20, and otherwise is the real one.
trainer() {
    cat >trainer <<END
#!/bin/sh
real=$ROG_BUILD/bin/rog-trainer
for word; do case \$word in
    --config) take=config ;; --out) take=out ;;
    *) [ "\${take-}" = config ] && config=\$word; [ "\${take-}" = out ] && out=\$word; take= ;;
esac; done
grep -q '"threshold": 20' "\$config" || exec "\$real" "\$@"
what=\$1
begin() { echo '{"event":"start","t":0}' >"\$out/events.jsonl"; }
case \$what in
pretrain) exec "\$real" "\$@" ;;
$1
esac
exec "\$real" "\$@"
END
    chmod +x trainer
}

# fails TEXT: checks that the sweep fails with TEXT, and has done the other run.
fails() {
    try 1 env ROG_TRAINER="$PWD/trainer" rogctl sweep x.conf
    says "(bad) failed: $1"
    same "good run" done "$(query "SELECT status FROM runs WHERE note = 'good'")"
    same "bad run" failed "$(query "SELECT status FROM runs WHERE note = 'bad'")"
    same "cause" 1 "$(query "SELECT instr(error, '$1') > 0 FROM runs WHERE note = 'bad'")"
}
trainer 'simulate) begin; echo "cannot find the way" >&2; exit 3 ;;'
fails 'the trainer exited with status 3: cannot find the way'
[ -s plots/f-case0-statistical-efficiency.svg ] || fail "what is done was not drawn"
trainer 'simulate) begin; exit 0 ;;'
fails 'the trainer ended without an end event'
trainer "simulate) begin; echo '{\"event\":\"end\",\"t\":1}' >>\"\$out/events.jsonl\"; exit 5 ;;"
fails 'the trainer exited with status 5'
trainer 'simulate) begin; kill -9 $$ ;;'
sed -i 's/kill -9 .*;;/kill -9 \$\$ ;;/' trainer
fails 'the trainer was killed by signal 9'
trainer "simulate) begin; echo '{\"event\":\"error\",\"t\":1,\"message\":\"no such data\"}' >>\"\$out/events.jsonl\"; sleep 60 ;;"
fails 'no such data'
trainer "simulate) begin; echo 'not an event' >>\"\$out/events.jsonl\"; sleep 60 ;;"
fails './results.runs/'
says '/events.jsonl, line 2: '
trainer "simulate) begin; echo '{\"event\":\"checkpoint\",\"t\":0,\"path\":\"../../../etc/passwd\"}' >>\"\$out/events.jsonl\"; sleep 60 ;;"
fails './results.runs/'
says '/events.jsonl, line 2: '
trainer 'test) read -r path; echo "out of luck" >&2; exit 4 ;;'
fails 'results.runs/'
says 'cannot be tested: the tester exited with status 4: out of luck'
trainer "test) while read -r path; do echo '{\"event\":\"accuracy\",\"t\":0,\"accuracy\":99,\"sha256\":\"0000\"}'; done; exit ;;"
fails 'results.runs/'
says 'the checkpoint is not the one that was saved'
# If only one run was to be done, its failure is reported once.
same "what is said of one failure" 1 "$(grep -c '^rogctl: ' err)"

same "attempts" "1
9" "$(query 'SELECT attempt FROM runs ORDER BY attempt')"
try 0 rogctl sweep x.conf
says ", failed)"
same "done" 2 "$(query "SELECT count(*) FROM runs WHERE status = 'done' AND error IS NULL")"
same "checkpoints of each run" "4
4" "$(query 'SELECT count(accuracy) FROM checkpoints GROUP BY run_id')"

# No trainer at all.
try 1 env ROG_TRAINER=/nonexistent rogctl sweep x.conf
says '/nonexistent: no such program'

# A checkpoint that is damaged later is not tested as if it were intact.
path=$(query 'SELECT path FROM checkpoints ORDER BY t LIMIT 1')
query "UPDATE checkpoints SET accuracy = NULL, tested_at = NULL" >out
printf 'XXXXXXXX' | dd of="$path" bs=1 seek=5000 conv=notrunc 2>err
try 1 rogctl test
says "$path"
same "untested" 4 "$(query 'SELECT count(*) FROM checkpoints WHERE accuracy IS NULL')"
truncate -s 1000 "$path"
try 1 rogctl test
says "$path"
rm "$path"
try 1 rogctl test "$(basename "$(dirname "$(dirname "$path")")")"
says "$path"
