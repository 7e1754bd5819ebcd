# SPDX-License-Identifier: Apache-2.0
# Every method of methods.conf in real processes on this machine; and deltas of real local steps, with
# workers and a server that are killed and restarted.
. "$ROG_TEST_TOOLS/lib.sh"

cat >local.conf <<'END'
kind = "local"; stall_limit = 60.0; worker_timeout = 3.0; retries = 1;
workers = ( { step_s = 0.05; compress_s = 0.01; decompress_s = 0.01; count = 4; } );
END

# Each sends and receives, and keeps its promises.
try 0 rogctl methods --json
names=$(json '.[].name')
cat >all.conf <<END
case = "all"; workload = "none"; wire_model = "convmlp-nano"; seconds = 1.5; epochs = 100000; format = "svg";
trace = "constant:100"; batchsize = 2;
matrix = { method = ($(echo "$names" | sed 's/.*/"&"/' | paste -sd,)); };
END
try 0 rogctl sweep all.conf --cluster local.conf
same "done" "$(echo "$names" | wc -l)" "$(query "SELECT count(*) FROM runs WHERE status = 'done' AND attempt = 1")"
same "runs in which a worker was not let go on" "" "$(query "SELECT note FROM runs WHERE
    (SELECT count(DISTINCT rank) FROM iterations WHERE run_id = id AND bytes_pushed > 0 AND bytes_pulled > 0) < 4")"
for id in $(query 'SELECT id FROM runs'); do try 0 rogctl verify "$id"; done

# A worker of DiLoCo is killed, and its server: both are restarted, and training continues.
cat >kill.conf <<END
case = "k"; seconds = 14.0; checkpoint_period = 100.0; pretrain_epochs = 0; test_images = 100; batch = 4;
noise = "none"; epochs = 100000; wire_model = "same"; trace = "constant:200"; batchsize = 2;
runs = ( { method = "diloco"; } );
END
sed 's/count = 4/count = 2/; s/retries = 1/&; state_period = 1.0/' local.conf >two.conf
for victim in "work .*--rank 2" serve; do
    rm -rf results.db*
    rogctl sweep kill.conf --cluster two.conf >out 2>err &
    sweep=$!
    tried="a sweep of which '$victim' is killed"
    for i in $(seq 1800); do
        case $(sqlite3 results.db 'SELECT count(*) > 5 AND max(t) > 2.5 FROM iterations' 2>/dev/null) in 1) break ;; esac
        sleep 0.1
    done
    for process in $(grep -la rog-trainer /proc/[0-9]*/cmdline 2>/dev/null | cut -d / -f 3); do
        config=$(tr '\0' '\n' <"/proc/$process/cmdline" | sed -n '/^--config$/{n;p;}')
        case $config in '' | /*) continue ;; esac
        # Another test's process may have the same name.
        case $(readlink "/proc/$process/cwd") in '' | "$(pwd -P)") ;; *) continue ;; esac
        [ -e "$config" ] && tr '\0' ' ' <"/proc/$process/cmdline" | grep -q -e "$victim" && kill -9 "$process" && break
    done
    wait $sweep
    same "exit status" 0 $?
    says "was killed by signal 9 and is restarted"
    same "done" "done 1" "$(query "SELECT status || ' ' || attempt FROM runs")"
    same "workers that go on" 2 "$(query "SELECT count(DISTINCT rank) FROM iterations WHERE t >
        (SELECT max(json_extract(data, '\$.t')) FROM events WHERE kind = 'restart')")"
    run=$(query 'SELECT id FROM runs')
    try 0 rogctl verify "$run"
    prints "recorded, without findings: 1 process restarted"
    [ "$victim" = serve ] || continue
    # Its saved state is some seconds newer than its checkpoint, and there is only the first.
    try 0 rogctl show "$run" --json
    same "seconds lost" "$(query "SELECT round(sum(json_extract(data, '\$.lost_s')), 6) FROM events")" \
        "$(json '.lost_s * 1e6 | round / 1e6')"
    same "goes on from later than the beginning" 1 \
        "$(query "SELECT min(t - json_extract(data, '\$.lost_s')) > 0.5 FROM events WHERE kind = 'resume'")"
    try 0 rogctl runs
    prints "lost s"
    try 0 rogctl report k-case0
    prints "of the run lost"
    same "state" "" "$(ls -d results.runs/*/state 2>/dev/null)"
done
