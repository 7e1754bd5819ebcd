/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A two-layer perceptron learns which of two rings a point lies on, on as many workers as you like:
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
#define ITERATIONS 400

static float w1[HIDDEN][2], b1[HIDDEN], w2[HIDDEN], b2[1];     /* the model */
static float dw1[HIDDEN][2], db1[HIDDEN], dw2[HIDDEN], db2[1]; /* the loss's gradient at it */

#define UNIFORM(seed) ((float)rand_r(seed) / (float)RAND_MAX)

/* A batch's gradients (added up), mean loss, and in *right how many points it had right. */
static double learn(unsigned *seed, int *right)
{
    double loss = 0;
    for (int i = 0; i < BATCH; i++) {
        float outer = rand_r(seed) % 2, angle = 6.2831853f * UNIFORM(seed), hidden[HIDDEN];
        float radius = 0.5f + outer + 0.3f * (UNIFORM(seed) - 0.5f);
        float x[2] = {radius * cosf(angle), radius * sinf(angle)}, score = b2[0];
        for (int k = 0; k < HIDDEN; k++) {
            hidden[k] = tanhf(w1[k][0] * x[0] + w1[k][1] * x[1] + b1[k]);
            score += w2[k] * hidden[k];
        }
        float guess = 1 / (1 + expf(-score)), d = (guess - outer) / BATCH;
        loss -= log(outer > 0 ? guess + 1e-9 : 1 - guess + 1e-9) / BATCH;
        *right += (guess > 0.5f) == (outer > 0);
        db2[0] += d;
        for (int k = 0; k < HIDDEN; k++) {
            float back = d * w2[k] * (1 - hidden[k] * hidden[k]);
            dw2[k] += d * hidden[k];
            db1[k] += back;
            dw1[k][0] += back * x[0];
            dw1[k][1] += back * x[1];
        }
    }
    return loss;
}

static int train(struct rog *rog, unsigned seed, struct rog_error *err)
{
    const float *gradients[] = {dw1[0], db1, dw2, db2};
    struct rog_rule rule = {.learning_rate = 0.05, .momentum = 0.9, .kind = ROG_RULE_NESTEROV};
    struct rog_step step = {.gradients = gradients, .rules = &rule, .rule_count = 1};
    int code = rog_start(rog, err), right = 0;
    for (int i = 1; i <= ITERATIONS && !code && !rog_over(rog); i++) {
        for (int k = 0; k < HIDDEN; k++)
            dw1[k][0] = dw1[k][1] = db1[k] = dw2[k] = db2[0] = 0;
        step.loss = learn(&seed, &right);
        code = rog_exchange(rog, &step, err);
        if (i % 100 == 0) {
            printf("iteration %d: loss %.3f, %.1f%% right\n", i, step.loss, right / 64.0);
            right = 0;
        }
    }
    return code ? code : rog_finish(rog, err);
}

int main(int argc, char **argv)
{
    static const uint32_t shapes[][2] = {{HIDDEN, 2}, {HIDDEN}, {HIDDEN}, {1}};
    static const char *const names[] = {"w1", "b1", "w2", "b2"};
    float *const tensors[] = {w1[0], b1, w2, b2};
    struct rog_options options;
    struct rog_error err;
    struct rog *rog = NULL;
    unsigned seed = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
    rog_options_init(&options);
    options.server = argc > 4 ? argv[1] : NULL;
    options.key_file = argc > 4 ? argv[2] : NULL;
    options.rank = seed;
    options.workers = argc > 4 ? (unsigned)atoi(argv[4]) : 1;
    for (int k = 0; k < HIDDEN; k++) {
        w1[k][0] = 4 * UNIFORM(&seed) - 2, w1[k][1] = 4 * UNIFORM(&seed) - 2;
        w2[k] = UNIFORM(&seed) - 0.5f;
    }
    int code = rog_open(&rog, &options, &err);
    for (int i = 0; i < 4 && !code; i++)
        code =
            rog_tensor(rog, names[i], i ? 1 : 2, shapes[i], tensors[i], ROG_TENSOR_TRAINED, &err);
    if (!code)
        code = train(rog, seed, &err);
    if (code)
        fprintf(stderr, "perceptron: %s\n", err.message);
    rog_close(rog);
    return code != 0;
}
