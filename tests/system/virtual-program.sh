# SPDX-License-Identifier: Apache-2.0
# Training programs as the workers of a virtual cluster: the same bytes each time, however many compute
# at the same time, and even if the run was killed and resumed; and one sentence if a run is not
# possible.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/descent.sh"
descent_make

# config LIBRARY THRESHOLD SETTINGS COMMAND: writes c.json, with three workers
device='"compress_s": 0.39, "decompress_s": 0.61, "watts_compute": 12.7, "watts_communicate": 4.2,
    "watts_stall": 3.85'
config() {
    cat >c.json <<END
{"library": "$1", "threshold": $2, "workload": "program", "command": "$4", "files": [], "sources": [],
 "trace": "synth:outdoors", "checkpoint_period": 20.0, $3
 "workers": [{"rank": 1, "step_s": 1.11, $device}, {"rank": 2, "step_s": 1.5, $device},
             {"rank": 3, "step_s": 1.11, $device}]}
END
}
simulate() { rog-trainer simulate --config c.json --out "$@"; }
# Prints a checksum of events and checkpoints.
sum_of() { cat "$1/events.jsonl" "$1"/chkpt/* | sha256sum; }

# Two repeats, and more at the same time.
for which in BSP:0 SSP:4 ROG:4; do
    config ${which%:*} ${which#*:} '"seconds": 60.0,' "$PWD/descent"
    for out in first again; do
        try 0 simulate $out --jobs 1
    done
    try 0 simulate two --jobs 2
    same "again, $which" "$(sum_of first)" "$(sum_of again)"
    same "with --jobs 2, $which" "$(sum_of first)" "$(sum_of two)"
    grep -q '"loss":' first/events.jsonl || fail "no loss"
    grep -q '"program":true' first/events.jsonl || fail "not said to be programs"
    rm -r first again two
done

# A program that ends by itself has finished, and the others continue.
config ROG 4 '' "[ \$ROG_RANK = 2 ] && LAST=3 exec $PWD/descent; LAST=5 exec $PWD/descent"
try 0 simulate early
same "iterations" "5 3 5" "$(for rank in 1 2 3; do
    jq -s "[.[] | select(.event == \"iteration\" and .rank == $rank)] | length" early/events.jsonl
done | tr '\n' ' ' | sed 's/ $//')"
same "leave" 3 "$(grep -c '"reason":"finished"' early/events.jsonl)"

# Killed repeatedly, the result is the same: gradients and deltas, also with overlap, and with workers
# that have finished.
resumed=0
kill_and_resume() { # SETTINGS COMMAND
    config ROG 4 "$1 \"snapshot_period\": 0.02," "$2"
    rm -rf whole killed
    try 0 simulate whole --jobs 2
    resume= done=
    for kill in 1 2 3 4; do
        # shellcheck disable=SC2086
        rog-trainer simulate --config c.json --out killed --jobs 2 $resume >out 2>err &
        pid=$!
        tried="simulate, to be killed"
        for i in $(seq 300); do
            [ -n "$(find killed/snapshot/state -newer mark 2>/dev/null)" ] && break
            kill -0 $pid 2>/dev/null || break
            sleep 0.02
        done
        kill -9 $pid 2>/dev/null
        wait $pid && done=1 && break
        touch mark
        resume=
        [ -e killed/snapshot/state ] && resume=--resume && resumed=$((resumed + 1))
    done
    # shellcheck disable=SC2086
    [ "$done" ] || try 0 simulate killed $resume
    same "killed, $1" "$(sum_of whole)" "$(sum_of killed)"
    [ ! -e killed/snapshot ] || fail "a snapshot is left of a run that is done"
}
touch -d '2000-01-01' mark
slow="PAUSE=5000 exec $PWD/descent"
kill_and_resume '"seconds": 60.0,' "$slow"
kill_and_resume '"seconds": 60.0, "contribution": "delta",' "$slow"
kill_and_resume '"seconds": 60.0, "contribution": "delta", "overlap": true, "merge": 0.5,' "$slow"
kill_and_resume '"overlap": true,' "export LAST=30; [ \$ROG_RANK = 2 ] && export LAST=4; $slow"
[ $resumed -ge 4 ] || fail "only $resumed runs were resumed"
for i in $(seq 1200); do
    pgrep -f "$PWD/descent" >/dev/null || break
    sleep 0.1
done
[ $i -lt 1200 ] || fail "programs are left: $(pgrep -af "$PWD/descent")"

# A program beside the built-in network, with whose tensors it works: their names and shapes are those
# of a checkpoint. It calls keep without any state.
cat >beside.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rog/rog.h>
int main(void)
{
    static const float *gradients[1000];
    char name[256];
    unsigned dims, shape[4], trained = 0;
    struct rog_error err;
    struct rog_rule rule = {.learning_rate = 0.01, .kind = ROG_RULE_NESTEROV};
    struct rog *rog = NULL;
    FILE *list = fopen(getenv("TENSORS"), "r");
    int code = rog_open_from_environment(&rog, &err);
    while (!code && fscanf(list, "%255s %u", name, &dims) == 2) {
        size_t size = 1;
        for (unsigned i = 0; i < dims; i++)
            if (fscanf(list, "%u", &shape[i]) == 1)
                size *= shape[i];
        int constant = strstr(name, ".running_") != NULL;
        code = rog_tensor(rog, name, dims, shape, calloc(size, sizeof(float)),
                          constant ? ROG_TENSOR_CONSTANT : ROG_TENSOR_TRAINED, &err);
        float *gradient = calloc(size, sizeof(float));
        for (size_t i = 0; i < size; i++)
            gradient[i] = 0.001f * (float)(i % 7);
        if (!constant)
            gradients[trained++] = gradient;
    }
    struct rog_step step = {.gradients = gradients, .rules = &rule, .rule_count = 1, .loss = 7};
    if (!code)
        code = rog_start(rog, &err);
    while (!code && !rog_over(rog)) {
        if (rog_keep_due(rog)) {
            char path[4096];
            snprintf(path, sizeof path, "%s/kept", getenv("ROG_OUT"));
            fclose(fopen(path, "w"));
            code = rog_kept(rog, NULL, &err);
        }
        if (!code)
            code = rog_exchange(rog, &step, &err);
    }
    if (!code)
        code = rog_finish(rog, &err);
    if (code)
        fprintf(stderr, "beside: %s\n", err.message);
    rog_close(rog);
    return code != 0;
}
END
cc -O1 -Wall -Werror ${ROG_SANITIZE:+-fsanitize=$ROG_SANITIZE} -I"$ROG_SOURCE/include" beside.c \
    "$ROG_BUILD/lib/librog.so.0" -Wl,-rpath,"$ROG_BUILD/lib" -o beside || fail "beside.c"
network='"model": "convmlp-nano", "data": "synth100", "pretrain_epochs": 0, "batch": 4,'
config ROG 4 "$network \"seconds\": 1.0," true
sed -i 's/"workload": "program", "command": "true", "files": \[\], "sources": \[\]/"workload": "train"/' c.json
try 0 simulate network
tail -c +9 network/chkpt/0000.safetensors | head -c "$(od -An -t u8 -N 8 network/chkpt/0000.safetensors | tr -d ' ')" |
    jq -r 'to_entries[] | select(.key != "__metadata__") |
        "\(.key) \(.value.shape | length) \(.value.shape | join(" "))"' >tensors
kill_and_resume "\"ranks\": [1, 3], $network \"seconds\": 12.0," "TENSORS=$PWD/tensors exec $PWD/beside"
same "who runs it" "true,false,true" "$(head -n 1 killed/events.jsonl | jq -r '[.workers[].program] | join(",")')"
same "workers" 3 "$(jq -r 'select(.event == "iteration") | .rank' killed/events.jsonl | sort -u | wc -l)"
same "the program's loss" "1 3" "$(jq -r 'select(.event == "iteration" and .loss == 7) | .rank' killed/events.jsonl |
    sort -u | paste -sd ' ')"

# A program that does not call keep: reported once.
config BSP 0 '"seconds": 100.0, "snapshot_period": 0.01,' "PAUSE=1000 FORGETS=1 exec $PWD/descent"
try 0 simulate forgets
same "said" 1 "$(wc -l <err)"
says "program cannot be resumed: it forgets: if this run is interrupted, it must restart from the beginning"

# An error of a program is the run's error, and its last event.
config BSP 0 '"seconds": 100.0,' "exec $PWD/descent exit 4"
try 1 simulate wrong
says "worker 2's program exited with status 3"
same "lines" 1 "$(wc -l <err)"
tail -n 1 wrong/events.jsonl | jq -e '.event == "error" and (.message | test("worker 2"))' >out ||
    fail "$(tail -n 1 wrong/events.jsonl)"
config BSP 0 '"seconds": 100.0,' "exec $PWD/descent nan 4"
try 1 simulate nan
says "worker 2: a gradient of iteration 4 is not finite, in tensor 1, fc.bias"
# Too few file descriptors are detected before any program is started.
try 1 sh -c 'ulimit -n 40; exec rog-trainer simulate --config c.json --out few'
says "3 workers in 3 processes need 41 open files, but only 40 are allowed (ulimit -Hn)"
