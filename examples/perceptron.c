/* SPDX-License-Identifier: Apache-2.0 */
/* A two-layer perceptron learns on which of two rings a point lies. perceptron.conf sweeps it;
 * docs/your-own-training.md shows how to run it by hand. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rog/rog.h>

enum { HIDDEN = 32, BATCH = 64 };
#define UNIFORM(seed) ((float)rand_r(seed) / (float)RAND_MAX)

/* A neuron's weights of x, y and 1, and the weight of what it says; d: the loss's gradient. */
static float w[HIDDEN][4], d[HIDDEN][4];

/* The gradient of a batch; its loss, and *right: for how many points the ring was found. */
static double learn(unsigned *seed, int *right)
{
    double loss = 0;
    memset(d, 0, sizeof d);
    for (int i = 0; i < BATCH; i++) {
        float outer = rand_r(seed) % 2, angle = 6.2831853f * UNIFORM(seed), hidden[HIDDEN];
        float radius = 0.35f + outer + 0.3f * UNIFORM(seed), score = 0;
        float in[3] = {radius * cosf(angle), radius * sinf(angle), 1};
        for (int k = 0; k < HIDDEN; k++) {
            hidden[k] = tanhf(w[k][0] * in[0] + w[k][1] * in[1] + w[k][2]);
            score += w[k][3] * hidden[k];
        }
        float guess = 1 / (1 + expf(-score)), error = (guess - outer) / BATCH;
        loss -= log(outer > 0 ? guess + 1e-9 : 1 - guess + 1e-9) / BATCH;
        *right += (guess > 0.5f) == (outer > 0);
        for (int k = 0; k < HIDDEN; k++) {
            for (int j = 0; j < 3; j++)
                d[k][j] += error * w[k][3] * (1 - hidden[k] * hidden[k]) * in[j];
            d[k][3] += error * hidden[k];
        }
    }
    return loss;
}

int main(int argc, char **argv)
{
    struct rog_rule rule = {.learning_rate = 0.05, .momentum = 0.9, .kind = ROG_RULE_NESTEROV};
    struct rog_step step = {(const float *[]){d[0]}, .rules = &rule, .rule_count = 1};
    struct rog_options options;
    struct rog_error err;
    struct rog *rog = NULL;
    const char *rank = argc == 5 ? argv[3] : getenv("ROG_RANK"), *path = getenv("ROG_CHECKPOINT");
    unsigned seed = rank ? (unsigned)atoi(rank) : 1;
    int right = 0;
    if (path) { /* what `test` of the experiment file is run for: tensors are the file's end */
        FILE *file = fopen(path, "rb");
        if (!file || fseek(file, -(long)sizeof w, SEEK_END) || fread(w, sizeof w, 1, file) != 1)
            return perror(path), 1;
        for (int i = 0; i < 100; i++)
            learn(&seed, &right);
        return printf("%.2f%%\n", (double)right / BATCH) < 0;
    }
    rog_options_init(&options);
    if (argc == 5)
        options.server = argv[1], options.key_file = argv[2], options.rank = seed,
        options.workers = (unsigned)atoi(argv[4]);
    for (int k = 0; k < 4 * HIDDEN; k++)
        w[k / 4][k % 4] = 2 * UNIFORM(&seed) - 1;
    int code = argc == 5 ? rog_open(&rog, &options, &err) : rog_open_from_environment(&rog, &err);
    code = code ? code : rog_tensor(rog, "w", 2, (uint32_t[]){HIDDEN, 4}, w[0], 0, &err);
    code = code ? code : rog_start(rog, &err);
    for (int i = 1; i <= 400 && !code && !rog_over(rog); i++, right = 0) {
        step.loss = learn(&seed, &right);
        code = rog_exchange(rog, &step, &err);
        if (i % 100 == 0)
            printf("iteration %d: loss %.3f, %d of %d right\n", i, step.loss, right, BATCH);
    }
    code = code ? code : rog_finish(rog, &err);
    rog_close(rog);
    return code ? fprintf(stderr, "perceptron: %s\n", err.message) > 0 : 0;
}
