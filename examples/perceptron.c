/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A two-layer perceptron learns which of two rings a point lies on, on as many workers as you like.
 * perceptron.conf sweeps it; by hand:
 *
 *     cc perceptron.c $(pkg-config --cflags --libs rog) -lm -o perceptron
 *     (umask 077; head -c 32 /dev/urandom >key)
 *     rog-trainer serve --workers 2 --key-file key --listen :7400 --out run &
 *     ./perceptron localhost:7400 key 1 2 & ./perceptron localhost:7400 key 2 2
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <rog/rog.h>

#define HIDDEN 32
#define BATCH 64
#define UNIFORM(seed) ((float)rand_r(seed) / (float)RAND_MAX)

static struct model {
    float w1[HIDDEN][2], b1[HIDDEN], w2[HIDDEN], b2[1];
} m, d; /* and the gradient of the loss at it */

/* The gradient of a batch; its mean loss, and in *right how many points it had right. */
static double learn(unsigned *seed, int *right)
{
    double loss = 0;
    d = (struct model){0};
    for (int i = 0; i < BATCH; i++) {
        float outer = rand_r(seed) % 2, angle = 6.2831853f * UNIFORM(seed), hidden[HIDDEN];
        float radius = 0.5f + outer + 0.3f * (UNIFORM(seed) - 0.5f);
        float x[2] = {radius * cosf(angle), radius * sinf(angle)}, score = m.b2[0];
        for (int k = 0; k < HIDDEN; k++) {
            hidden[k] = tanhf(m.w1[k][0] * x[0] + m.w1[k][1] * x[1] + m.b1[k]);
            score += m.w2[k] * hidden[k];
        }
        float guess = 1 / (1 + expf(-score)), error = (guess - outer) / BATCH;
        loss -= log(outer > 0 ? guess + 1e-9 : 1 - guess + 1e-9) / BATCH;
        *right += (guess > 0.5f) == (outer > 0);
        d.b2[0] += error;
        for (int k = 0; k < HIDDEN; k++) {
            float back = error * m.w2[k] * (1 - hidden[k] * hidden[k]);
            d.w2[k] += error * hidden[k];
            d.b1[k] += back;
            d.w1[k][0] += back * x[0];
            d.w1[k][1] += back * x[1];
        }
    }
    return loss;
}

/* Of a checkpoint: the length of its header, the header, and the tensors as they were registered.
 */
static int test(const char *path)
{
    FILE *file = fopen(path, "rb");
    unsigned long long header = 0;
    int right = 0;
    if (!file || fread(&header, 8, 1, file) != 1 || fseek(file, (long)header, SEEK_CUR) ||
        fread(&m, sizeof m, 1, file) != 1)
        return fprintf(stderr, "perceptron: cannot read %s\n", path);
    for (unsigned seed = 1, i = 0; i < 100; i++)
        learn(&seed, &right);
    return printf("%.2f%%\n", (double)right / BATCH) < 0;
}

int main(int argc, char **argv)
{
    static const uint32_t shapes[][2] = {{HIDDEN, 2}, {HIDDEN}, {HIDDEN}, {1}};
    static const char *const names[] = {"w1", "b1", "w2", "b2"};
    float *const tensors[] = {m.w1[0], m.b1, m.w2, m.b2};
    const float *gradients[] = {d.w1[0], d.b1, d.w2, d.b2};
    const char *rank = argc > 3 ? argv[3] : getenv("ROG_RANK");
    struct rog_rule rule = {.learning_rate = 0.05, .momentum = 0.9, .kind = ROG_RULE_NESTEROV};
    struct rog_step step = {.gradients = gradients, .rules = &rule, .rule_count = 1};
    struct rog_options options;
    struct rog_error err;
    struct rog *rog = NULL;
    if (argc == 2) /* --test */
        return test(getenv("ROG_CHECKPOINT"));
    unsigned seed = rank ? (unsigned)atoi(rank) : 0;
    rog_options_init(&options);
    options.rank = seed;
    if (argc > 4)
        options.server = argv[1], options.key_file = argv[2],
        options.workers = (unsigned)atoi(argv[4]);
    for (int k = 0; k < HIDDEN; k++) {
        m.w1[k][0] = 4 * UNIFORM(&seed) - 2, m.w1[k][1] = 4 * UNIFORM(&seed) - 2;
        m.w2[k] = UNIFORM(&seed) - 0.5f;
    }
    int code = argc > 4 ? rog_open(&rog, &options, &err) : rog_open_from_environment(&rog, &err);
    for (int i = 0; i < 4 && !code; i++)
        code = rog_tensor(rog, names[i], i ? 1 : 2, shapes[i], tensors[i], 0, &err);
    code = code ? code : rog_start(rog, &err);
    for (int i = 1, right = 0; i <= 400 && !code && !rog_over(rog); i++) {
        step.loss = learn(&seed, &right);
        code = rog_exchange(rog, &step, &err);
        if (i % 100 == 0)
            printf("iteration %d: loss %.3f, %.1f%% right\n", i, step.loss, right / 64.0),
                right = 0;
    }
    code = code ? code : rog_finish(rog, &err);
    if (code)
        fprintf(stderr, "perceptron: %s\n", err.message);
    rog_close(rog);
    return code != 0;
}
