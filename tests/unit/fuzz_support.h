/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FUZZ_SUPPORT_H
#define ROG_FUZZ_SUPPORT_H

/*
 * Fuzzing of parsers: a program has a table of targets, each with a few valid inputs. From these it
 * makes inputs that are truncated, doubled, spliced, and contain special numbers and characters:
 * [iterations of each target [seed [target]]]. With ROG_FUZZ_ENGINE the compiler's fuzzer drives it
 * (clang -fsanitize=fuzzer) and the first byte of an input selects the target.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROG_FUZZ_INPUT_MAX 8192
#define ROG_FUZZ_SEEDS 8
#define ROG_FUZZ_PATH_BYTES 32

struct rog_fuzz_seed {
    const char *bytes; /* NULL: after the last */
    size_t size;
};
#define ROG_FUZZ_SEED(text)    \
    {                          \
        text, sizeof(text) - 1 \
    }

struct rog_fuzz_target {
    const char *name;
    /* Returns whether the text is valid. `text` has a NUL after its `size` bytes. Anything that
     * must not happen ends the program (rog_fuzz_check). */
    bool (*take)(const char *text, size_t size);
    struct rog_fuzz_seed seeds[ROG_FUZZ_SEEDS];
};

/* Defined by the program; the last one has no name. */
extern const struct rog_fuzz_target rog_fuzz_targets[];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void rog_fuzz_check(bool truth, const char *what);

/* Creates a file of these bytes for readers that take a path; the caller closes the descriptor. */
int rog_fuzz_file(const char *bytes, size_t size, char path[ROG_FUZZ_PATH_BYTES]);

#endif
