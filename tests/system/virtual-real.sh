# SPDX-License-Identifier: Apache-2.0
# The same program with a real server and in virtual time: one worker under BSP has the same tensors,
# momentum and residual after each exchange, to the bit, with gradients and deltas, also with
# overlapping exchanges, and if it writes to what rog_state returns.
. "$ROG_TEST_TOOLS/lib.sh"

cat >probe.c <<'END'
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rog/rog.h>
#define ROWS 24
#define COLUMNS 32
#define LAST 12
static float weight[ROWS * COLUMNS], bias[COLUMNS], frozen[3] = {1, 2, 3};
static float d_weight[ROWS * COLUMNS], d_bias[COLUMNS];
static float *const values[] = {weight, bias}, *const slopes[] = {d_weight, d_bias};
static const unsigned sizes[] = {ROWS * COLUMNS, COLUMNS};
static void fail(const struct rog_error *err)
{
    fprintf(stderr, "probe: %s\n", err->message);
    exit(1);
}
static unsigned long long hash(unsigned long long seed, const float *floats, unsigned count)
{
    const unsigned char *bytes = (const void *)floats;
    for (unsigned i = 0; floats && i < count * sizeof *floats; i++)
        seed = (seed ^ bytes[i]) * 1099511628211ull;
    return seed;
}
static void compute(unsigned iteration, int deltas)
{
    for (int k = 0; k < 2; k++)
        for (unsigned i = 0; i < sizes[k]; i++) {
            slopes[k][i] = values[k][i] - sinf((float)(i + 7 * iteration));
            if (deltas)
                values[k][i] -= 0.1f * slopes[k][i];
        }
}
/* changes: also what has been handed out */
static void tell(struct rog *rog, unsigned iteration, int looks, int changes)
{
    unsigned long long model = hash(5, frozen, 3), state = 7;
    struct rog_error err;
    for (unsigned k = 0; k < 2; k++) {
        float *momentum, *residual;
        model = hash(model, values[k], sizes[k]);
        if (!looks)
            continue;
        if (rog_state(rog, k, &momentum, &residual, &err))
            fail(&err);
        state = hash(hash(state, momentum, sizes[k]), residual, sizes[k]);
        for (unsigned i = 0; changes && i < sizes[k]; i += 3) {
            residual[i] += 0.125f;
            if (momentum)
                momentum[i] *= 0.5f;
        }
    }
    printf("%u %016llx %016llx\n", iteration, model, state);
}
int main(int count, char **words)
{
    int settles = count > 1 && strstr(words[1], "settles"), looks = count > 1 && strstr(words[1], "looks");
    const struct rog_rule rules[] = {{0.05, 0.9, 0.01, ROG_RULE_NESTEROV}, {0.02, 0.5, 0, ROG_RULE_BLOCK}};
    const uint32_t shape[] = {ROWS, COLUMNS}, flat[] = {COLUMNS}, three[] = {3};
    struct rog *rog = NULL;
    struct rog_error err;
    for (unsigned i = 0; i < ROWS * COLUMNS; i++)
        weight[i] = cosf((float)i);
    if (rog_open_from_environment(&rog, &err) ||
        rog_tensor(rog, "weight", 2, shape, weight, ROG_TENSOR_TRAINED, &err) ||
        rog_tensor(rog, "bias", 1, flat, bias, ROG_TENSOR_TRAINED, &err) ||
        rog_tensor(rog, "frozen", 1, three, frozen, ROG_TENSOR_CONSTANT, &err) || rog_start(rog, &err))
        fail(&err);
    int deltas = rog_takes_deltas(rog);
    for (unsigned i = 1; i <= LAST; i++) {
        const float *gradients[] = {d_weight, i % 4 ? d_bias : NULL};
        struct rog_step step = {.gradients = gradients, .rules = rules, .rule_count = 2, .loss = i};
        if (deltas)
            step = (struct rog_step){.loss = i};
        compute(i, deltas);
        if (rog_exchange(rog, &step, &err))
            fail(&err);
        if (settles && i % 2 && rog_exchange_wait(rog, -1, &err))
            fail(&err);
        if (rog_over(rog)) {
            tell(rog, i, looks, 0);
            break;
        }
        tell(rog, i, looks && (!settles || i % 2), i % 5 == 3);
    }
    if (rog_finish(rog, &err))
        fail(&err);
    tell(rog, LAST + 1, looks, 0);
    rog_close(rog);
    return 0;
}
END
cc -O1 -Wall -Werror ${ROG_SANITIZE:+-fsanitize=$ROG_SANITIZE} -I"$ROG_SOURCE/include" probe.c "$ROG_BUILD/lib/librog.so.0" \
    -Wl,-rpath,"$ROG_BUILD/lib" -lm -o probe || fail "probe.c"
head -c 32 /dev/urandom >key
chmod 600 key

# compare SETTINGS WHAT_THE_PROBE_DOES
compare() {
    cat >c.json <<END
{"library": "BSP", "threshold": 0, "workload": "program", "command": "exec $PWD/probe '$2' >$PWD/virtual",
 "files": [], "sources": [], "trace": "synth:outdoors", $1
 "workers": [{"rank": 1, "step_s": 0, "compress_s": 0, "decompress_s": 0, "watts_compute": 12.7,
              "watts_communicate": 4.2, "watts_stall": 3.85}]}
END
    rm -rf port real virtual out-real out-virtual
    try 0 rog-trainer simulate --config c.json --out out-virtual
    rog-trainer serve --config c.json --key-file key --listen 127.0.0.1:0 --port-file port --out out-real \
        >serve.out 2>serve.err &
    server=$!
    for _ in $(seq 600); do
        [ -s port ] && break
        sleep 0.05
    done
    tried="probe $2, $1"
    ROG_SERVER=127.0.0.1:$(cat port) ROG_KEY_FILE=key ROG_CONFIG=c.json ROG_RANK=1 ROG_OUT=out-real/worker1 \
        ./probe "$2" >real 2>err || fail "the real run, $1 $2"
    wait $server || fail "the server: $(cat serve.err)"
    same "lines" 13 "$(wc -l <real)"
    cmp real virtual >err 2>&1 || fail "$1 $2: $(diff real virtual | head -n 4)"
    [ "$(cut -d ' ' -f 2 real | sort -u | wc -l)" -gt 6 ] || fail "nothing was trained"
}
for codec in none sign; do
    for kind in gradient delta; do
        settings="\"compression\": \"$codec\", \"contribution\": \"$kind\","
        compare "$settings" ''
        compare "$settings" 'looks'
        compare "$settings \"overlap\": true," ''
        compare "$settings \"overlap\": true," 'settles, looks'
    done
done
compare '"contribution": "delta", "merge": 0.5, "overlap": true,' 'settles, looks'

# The run ends while programs compute and ask for their state: they get answers, and the same ones
# however many compute at the same time.
device='"compress_s": 0.39, "decompress_s": 0.61, "watts_compute": 12.7, "watts_communicate": 4.2,
    "watts_stall": 3.85'
for settings in '' '"contribution": "delta",' '"overlap": true,'; do
    cat >c.json <<END
{"library": "ROG", "threshold": 1, "workload": "program", "seconds": 7.0, $settings
 "command": "exec $PWD/probe 'settles, looks' >\$ROG_OUT/said", "files": [], "sources": [],
 "trace": "synth:outdoors",
 "workers": [{"rank": 1, "step_s": 0.8, $device}, {"rank": 2, "step_s": 1.5, $device},
             {"rank": 3, "step_s": 3.3, $device}]}
END
    for jobs in 1 3; do
        try 0 timeout 60 rog-trainer simulate --config c.json --out out-$jobs --jobs $jobs
        grep -q . out-$jobs/worker3/said || fail "it said nothing"
    done
    same "$settings" "$(cat out-1/events.jsonl out-1/worker*/said | sha256sum)" \
        "$(cat out-3/events.jsonl out-3/worker*/said | sha256sum)"
    rm -r out-1 out-3
done
