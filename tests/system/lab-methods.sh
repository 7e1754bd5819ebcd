# SPDX-License-Identifier: Apache-2.0
# Methods with each kind of part on real hosts: strategies that send shares of rows, rounds at the
# server, deltas, overlap, codecs of rows and of whole tensors. Then a user's strategy and codec, which
# are deployed to the hosts for the run.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/lab.sh"

lab_up 2
host_states >idle-states
sed '/^    { host/s/ }/ step_s = 0.05; compress_s = 0.01; decompress_s = 0.01; }/' $lab/cluster.conf >cluster.conf
mkdir own
for name in skeleton codec_skeleton; do
    cc -std=c11 -O2 -shared -fPIC -I"$ROG_SOURCE/include" -o own/$name.so "$ROG_SOURCE/plugins/$name.c" -lm ||
        fail "no plugin"
done
cat >x.conf <<END
case = "x"; workload = "none"; wire_model = "convmlp-nano"; seconds = 4.0; epochs = 100000; format = "svg";
trace = "constant:50"; batchsize = 2;
runs = (
    { method = "diloco"; }, { method = "streaming-diloco"; }, { method = "powersgd"; }, { method = "dgc"; },
    { method = "1-bit-adam"; }, { method = "deco-sgd"; },
    { library = "own/skeleton.so"; compression = "own/codec_skeleton.so"; note = "own"; }
);
END
try 0 rogctl sweep x.conf --cluster cluster.conf
nothing_is_left
same "done at the first attempt" 7 "$(query "SELECT count(*) FROM runs WHERE status = 'done' AND attempt = 1")"
same "runs in which a worker was not let go on" "" "$(query "SELECT note FROM runs WHERE
    (SELECT count(DISTINCT rank) FROM iterations WHERE run_id = id AND bytes_pushed > 0 AND bytes_pulled > 0) < 2")"
for id in $(query 'SELECT id FROM runs'); do try 0 rogctl verify "$id"; done
