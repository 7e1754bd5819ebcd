# SPDX-License-Identifier: Apache-2.0
# Checkpoints are tested on a separate host (`tester`), over unlimited links. If that host is
# unreachable, the run trains to its end and its checkpoints stay untested: `rogctl test` tests them on
# this machine, and the run is then done; so does the next sweep, once the host is reachable.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/lab.sh"

lab_up 2
# Host 2 is the tester and no worker.
sed '/^ *{ host = "[0-9.]*\.3";.*}$/d; s/\(\.2";.*}\),$/\1/' $lab/cluster.conf >cluster.conf
host=$(sed -n 's/^ *{ host = "\([0-9.]*\.3\)";.*}$/\1/p' $lab/cluster.conf)
echo "tester = { host = \"$host\"; user = \"root\"; }; stall_limit = 240.0; retries = 0;" >>cluster.conf
experiment() {
    cat >"$1.conf" <<CONF
case = "$1"; trace = "unlimited"; seconds = 12.0; checkpoint_period = 4.0; pretrain_epochs = 0;
test_images = 50; batch = 2; noise = "none"; wire_model = "convmlp-nano"; epochs = 100000; runs = ( { library = "SSP"; threshold = 4; } );
CONF
}

experiment good
tried="the sweep"
rogctl sweep good.conf --cluster cluster.conf >out 2>said &
sweep=$!
wait_for 120 'SELECT count(*) FROM iterations'
same "places on the tester" 1 "$(programs 2 rog-claim | grep -c .)"
wait $sweep || fail "the sweep failed: $(cat said)"
same "tested" 0 "$(query "SELECT count(*) FROM checkpoints WHERE accuracy IS NULL")"
[ "$(query "SELECT count(*) FROM checkpoints")" -ge 2 ] || fail "too few checkpoints"
same "tested here" "" "$(find results.runs -name tester.log)"
same "no bandwidth" 0 "$(query "SELECT count(*) FROM bandwidth")"
same "nothing shaped" 0 "$(query "SELECT count(*) FROM events WHERE kind IN ('replay-end', 'replay-audit', 'warning')")"

done_as_it_was() {
    same "done" "done 1 |0" "$(query "SELECT status || ' ' || attempt || ' ' || coalesce(error, ''),
        (SELECT count(*) FROM checkpoints WHERE accuracy IS NULL AND run_id = runs.id) FROM runs WHERE id = '$run'")"
    same "not made again" "$before" "$(query "SELECT count(*) || ' ' || max(t) FROM iterations WHERE run_id = '$run'")"
}
# A run whose tester is unreachable.
# shellcheck disable=SC2046 # a number each
kill $(programs 2 sshd)
sed -i 's/stall_limit = 240.0/stall_limit = 45.0/' cluster.conf
experiment gone
try 1 rogctl sweep gone.conf --cluster cluster.conf
run=$(query "SELECT run_id FROM case_runs WHERE case_name = 'gone-case0'")
says "the tester ($host)"
says "its training is complete: \`rogctl test $run\` tests its checkpoints"
same "failed" "failed 1" "$(query "SELECT status || ' ' || attempt FROM runs WHERE id = '$run'")"
[ "$(query "SELECT count(*) FROM iterations WHERE run_id = '$run'")" -ge 2 ] || fail "not trained"
untested=$(query "SELECT count(*) FROM checkpoints WHERE accuracy IS NULL AND run_id = '$run'")
[ "$untested" -ge 2 ] || fail "$untested untested checkpoints"
says "checkpoints stay untested"
before=$(query "SELECT count(*) || ' ' || max(t) FROM iterations WHERE run_id = '$run'")

# The run is done either way.
mkdir back
cp -R results.db results.runs back
try 0 rogctl test "$run"
done_as_it_was
try 0 rogctl verify "$run"
cd back || exit 1
start_sshd 2
try 0 rogctl sweep ../gone.conf --cluster ../cluster.conf
done_as_it_was
