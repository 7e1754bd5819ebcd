# SPDX-License-Identifier: Apache-2.0
# A small training program in C: . "$ROG_TEST_TOOLS/descent.sh" after lib.sh, then descent_make makes
# ./descent. Each worker draws noisy gradients of |w - 1|^2 from a random state of its own, which it
# keeps in snapshots, and sums up whatever else it has learned of the run. `descent --test` prints the
# mean of |w - 1| of $ROG_CHECKPOINT. `descent FAULT N`: rank 2 does that in iteration N: exit (with
# status 3), leave (status 0), hang, abort, nan, close (its connection), change (a tensor behind
# librog), grow (by 400 MiB), print (64 MiB, and goes on) or fork (processes that stay, and goes on). $PAUSE: it sleeps so many microseconds an iteration.
# $LAST: after so many iterations it is through. $FORGETS: it keeps nothing.

descent_make() {
    cat >descent.c <<'END'
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <rog/rog.h>
#define ROWS 8
#define COLUMNS 64
static float weight[ROWS * COLUMNS], bias[COLUMNS], d_weight[ROWS * COLUMNS], d_bias[COLUMNS];
static unsigned long long state;
static float noise(void)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (float)(state >> 40) / (float)(1 << 24) - 0.5f;
}
static int test(void)
{
    unsigned char size[8];
    long header = 0, count = ROWS * COLUMNS + COLUMNS;
    float value;
    double sum = 0;
    FILE *file = fopen(getenv("ROG_CHECKPOINT"), "rb");
    if (!file || fread(size, 1, 8, file) != 8)
        return 1;
    for (int i = 7; i >= 0; i--)
        header = header << 8 | size[i];
    fseek(file, header, SEEK_CUR);
    for (long i = 0; i < count; i++) {
        if (fread(&value, sizeof value, 1, file) != 1)
            return 1;
        sum += fabs(value - 1);
    }
    printf("%.6f\n", sum / (double)count);
    return 0;
}
static void gradients(float *w, float *d, int count, double *loss)
{
    for (int i = 0; i < count; i++) {
        d[i] = w[i] - 1 + noise();
        *loss += (w[i] - 1) * (w[i] - 1) / count / 2;
    }
}
static void misbehave(const char *fault, struct rog *rog)
{
    if (strcmp(fault, "exit") == 0) {
        fprintf(stderr, "oh dear\n");
        _exit(3);
    }
    if (strcmp(fault, "leave") == 0)
        _exit(0);
    if (strcmp(fault, "abort") == 0)
        abort();
    if (strcmp(fault, "nan") == 0)
        d_bias[3] = NAN;
    if (strcmp(fault, "hang") == 0)
        for (;;)
            pause();
    if (strcmp(fault, "close") == 0) {
        rog_close(rog);
        for (;;)
            pause();
    }
    if (strcmp(fault, "change") == 0)
        bias[7] += 1;
    if (strcmp(fault, "grow") == 0) {
        char *memory = malloc(400 << 20);
        for (int i = 0; memory && i < 400 << 20; i += 4096)
            memory[i] = 1;
        for (;;)
            pause();
    }
    for (int i = 0; i < 1 << 20 && strcmp(fault, "print") == 0; i++)
        printf("%063d\n", i);
    if (strcmp(fault, "fork") == 0 && fork() == 0) {
        setsid();
        if (fork() == 0)
            execl("/bin/sleep", "sleep", "54321", (char *)NULL);
        _exit(0);
    }
}
static void local_steps(unsigned steps, double *loss)
{
    for (unsigned i = 0; i < steps; i++) {
        gradients(weight, d_weight, ROWS * COLUMNS, loss);
        gradients(bias, d_bias, COLUMNS, loss);
        for (int k = 0; k < ROWS * COLUMNS; k++)
            weight[k] -= 0.02f * d_weight[k];
        for (int k = 0; k < COLUMNS; k++)
            bias[k] -= 0.02f * d_bias[k];
    }
}
static int keep(struct rog *rog, struct rog_error *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/kept", getenv("ROG_OUT"));
    if (rog_keep_due(rog) && getenv("FORGETS"))
        return rog_kept(rog, "it forgets", err);
    if (rog_keep_due(rog)) {
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(&state, sizeof state, 1, file) != 1 || fclose(file))
            return rog_kept(rog, "cannot write it", err);
        return rog_kept(rog, NULL, err);
    }
    return 0;
}
int main(int count, char **words)
{
    const float *list[] = {d_weight, d_bias};
    const uint32_t shape[] = {ROWS, COLUMNS}, flat[] = {COLUMNS};
    struct rog *rog = NULL;
    struct rog_error err = {0};
    struct rog_rule rule = {.learning_rate = 0.02, .momentum = 0.5, .kind = ROG_RULE_NESTEROV};
    struct rog_statistics now;
    if (count > 1 && strcmp(words[1], "--test") == 0)
        return test();
    int code = rog_open_from_environment(&rog, &err);
    int rank = atoi(getenv("ROG_RANK") ? getenv("ROG_RANK") : "0");
    int pause_us = atoi(getenv("PAUSE") ? getenv("PAUSE") : "0");
    unsigned last = (unsigned)atoi(getenv("LAST") ? getenv("LAST") : "0");
    state = (unsigned long long)rank;
    if (!code)
        code = rog_tensor(rog, "fc.weight", 2, shape, weight, ROG_TENSOR_TRAINED, &err);
    if (!code)
        code = rog_tensor(rog, "fc.bias", 1, flat, bias, ROG_TENSOR_TRAINED, &err);
    if (!code)
        code = rog_start(rog, &err);
    if (!code && rog_resumed(rog)) {
        char path[4096];
        snprintf(path, sizeof path, "%s/kept", getenv("ROG_OUT"));
        FILE *file = fopen(path, "rb");
        if (!file || fread(&state, sizeof state, 1, file) != 1)
            return 1;
        fclose(file);
    }
    while (!code && !rog_over(rog)) {
        struct rog_step step = {.loss = 0};
        rog_statistics(rog, &now);
        code = keep(rog, &err);
        if (code || (last && now.iteration >= last))
            break;
        usleep((unsigned)pause_us);
        if (rog_takes_deltas(rog)) {
            local_steps(rog_local_steps(rog), &step.loss);
        } else {
            gradients(weight, d_weight, ROWS * COLUMNS, &step.loss);
            gradients(bias, d_bias, COLUMNS, &step.loss);
            step.gradients = list;
            step.rules = &rule;
            step.rule_count = 1;
        }
        if (count > 2 && rank == 2 && (int)now.iteration + 1 == atoi(words[2]))
            misbehave(words[1], rog);
        code = rog_exchange(rog, &step, &err);
    }
    if (!code)
        code = rog_finish(rog, &err);
    if (code)
        fprintf(stderr, "descent: %s\n", err.message);
    rog_close(rog);
    return code != 0;
}
END
    cc -O1 -Wall -Werror ${ROG_SANITIZE:+-fsanitize=$ROG_SANITIZE} -I"$ROG_SOURCE/include" descent.c "$ROG_BUILD/lib/librog.so.0" \
        -Wl,-rpath,"$ROG_BUILD/lib" -lm -o descent || fail "descent.c"
}
