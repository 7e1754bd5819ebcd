/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FUZZ_SUPPORT_H
#define ROG_FUZZ_SUPPORT_H

/*
 * Fuzzing of parsers: a program has a table of targets, each with a few valid inputs. The program
 * makes inputs of them that are cut, doubled, spliced, and sown with numbers and characters that
 * are seldom thought of: [iterations of each target [seed [target]]]. With ROG_FUZZ_ENGINE the
 * fuzzer of the compiler drives it (clang -fsanitize=fuzzer) and the first byte of an input says
 * which target it is for.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROG_FUZZ_INPUT_MAX 8192
#define ROG_FUZZ_SEEDS 8
#define ROG_FUZZ_PATH_BYTES 32

struct rog_fuzz_seed {
    const char *bytes; /* NULL: the last */
    size_t size;
};
#define ROG_FUZZ_SEED(text)    \
    {                          \
        text, sizeof(text) - 1 \
    }

struct rog_fuzz_target {
    const char *name;
    /* Whether it is valid. `text` has a NUL after its `size` bytes. What must not happen ends the
     * program (rog_fuzz_check). */
    bool (*take)(const char *text, size_t size);
    struct rog_fuzz_seed seeds[ROG_FUZZ_SEEDS];
};

/* The program's; the last has no name. */
extern const struct rog_fuzz_target rog_fuzz_targets[];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void rog_fuzz_check(bool truth, const char *what);

/* A file of these bytes for readers that take a path; the descriptor is to be closed. */
int rog_fuzz_file(const char *bytes, size_t size, char path[ROG_FUZZ_PATH_BYTES]);

#endif
