/* SPDX-License-Identifier: Apache-2.0 */
/* Makes damaged inputs from valid ones, and tries them. */
#include "fuzz_support.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <common/rng.h>

void rog_fuzz_check(bool truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

int rog_fuzz_file(const char *bytes, size_t size, char path[ROG_FUZZ_PATH_BYTES])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    rog_fuzz_check(fd >= 0 && write(fd, bytes, size) == (ssize_t)size, "no file");
    snprintf(path, ROG_FUZZ_PATH_BYTES, "/proc/self/fd/%d", fd);
    return fd;
}

/* Copies the input to memory of exactly its size, so that a sanitizer detects reads beyond it. */
static bool feed(const struct rog_fuzz_target *target, const char *bytes, size_t size)
{
    char *text = malloc(size + 1);
    rog_fuzz_check(text != NULL, "no memory");
    memcpy(text, bytes, size);
    text[size] = '\0';
    bool valid = target->take(text, size);
    free(text);
    return valid;
}

static size_t count_targets(void)
{
    size_t count = 0;
    while (rog_fuzz_targets[count].name)
        count++;
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && size <= ROG_FUZZ_INPUT_MAX)
        feed(&rog_fuzz_targets[data[0] % count_targets()], (const char *)data + 1, size - 1);
    return 0;
}

#ifndef ROG_FUZZ_ENGINE

struct input {
    char bytes[ROG_FUZZ_INPUT_MAX];
    size_t size;
};

/* Replaces the bytes from `at` to `end` by `size` bytes, as far as they fit. */
static void replace(struct input *input, size_t at, size_t end, const char *bytes, size_t size)
{
    size_t tail = input->size - end;
    if (at + size + tail > sizeof input->bytes)
        return;
    memmove(input->bytes + at + size, input->bytes + end, tail);
    memcpy(input->bytes + at, bytes, size);
    input->size = at + size + tail;
}

/* Draws from 0 to size, both included. */
static size_t place(struct rog_rng *rng, size_t size)
{
    return rog_rng_below(rng, (uint32_t)size + 1);
}

static void change_byte(struct rog_rng *rng, struct input *input, const struct rog_fuzz_seed *other)
{
    (void)other;
    if (input->size)
        input->bytes[rog_rng_below(rng, (uint32_t)input->size)] = (char)rog_rng_below(rng, 256);
}

static void cut(struct rog_rng *rng, struct input *input, const struct rog_fuzz_seed *other)
{
    (void)other;
    size_t at = place(rng, input->size), most = input->size - at;
    replace(input, at, at + place(rng, most < 40 || rog_rng_below(rng, 8) == 0 ? most : 40), "", 0);
}

static void double_a_part(struct rog_rng *rng, struct input *input,
                          const struct rog_fuzz_seed *other)
{
    (void)other;
    char part[200];
    size_t at = place(rng, input->size), most = input->size - at;
    size_t size = place(rng, most < sizeof part ? most : sizeof part);
    memcpy(part, input->bytes + at, size);
    replace(input, at, at, part, size);
}

static void splice(struct rog_rng *rng, struct input *input, const struct rog_fuzz_seed *other)
{
    size_t from = place(rng, other->size), at = place(rng, input->size);
    replace(input, at, input->size, other->bytes + from, other->size - from);
}

/* Replaces a number of the input, or inserts, one of these. */
static void sow(struct rog_rng *rng, struct input *input, const struct rog_fuzz_seed *other)
{
    static const char *const seeds[] = {
        "0",          "-1",         "1e308",
        "1e-308",     "1e999",      "nan",
        "inf",        "0x7fffffff", "2147483647",
        "2147483648", "4294967295", "4294967296",
        "1e16",       "-9e15",      "9223372036854775807",
        "-1L",        "0.1",        "-9223372036854775808",
        "\"",         "'",          "null",
        "[]",         "{}",         "()",
        "{",          "((((((((",   "[[[[[[[[",
        ",",          ":",          ";",
        "=",          "\n",         "\r\n",
        "\\u0000",    "\xff\xfe",   "\xc2\x9b",
        "\x1b[2J",    "%s%n",       "../../",
        "/*",         "true",       "18446744073709551616",
    };
    (void)other;
    const char *text = seeds[rog_rng_below(rng, sizeof seeds / sizeof *seeds)];
    size_t at = place(rng, input->size), end;
    for (end = at; end < input->size && !isdigit((unsigned char)input->bytes[end]); end++)
        ;
    if (rog_rng_below(rng, 4) == 0 || end == input->size) {
        end = at;
    } else {
        for (at = end; end < input->size && isdigit((unsigned char)input->bytes[end]); end++)
            ;
    }
    replace(input, at, end, text, strlen(text));
}

static void (*const changes[])(struct rog_rng *, struct input *, const struct rog_fuzz_seed *) = {
    change_byte, cut, double_a_part, splice, sow, sow, sow,
};

static void make_input(struct rog_rng *rng, const struct rog_fuzz_target *target,
                       struct input *input)
{
    uint32_t seeds = 0;
    while (seeds < ROG_FUZZ_SEEDS && target->seeds[seeds].bytes)
        seeds++;
    const struct rog_fuzz_seed *seed = &target->seeds[rog_rng_below(rng, seeds)];
    input->size = 0;
    replace(input, 0, 0, seed->bytes, seed->size);
    for (uint32_t count = rog_rng_below(rng, 6); count > 0; count--)
        changes[rog_rng_below(rng, sizeof changes / sizeof *changes)](
            rng, input, &target->seeds[rog_rng_below(rng, seeds)]);
}

/* A target that rejects its own seeds, or accepts everything, checks nothing. */
static void run(const struct rog_fuzz_target *target, long iterations, uint64_t seed)
{
    struct rog_rng rng;
    struct input *input = malloc(sizeof *input);
    long valid = 0;
    rog_fuzz_check(input != NULL, "no memory");
    printf("%-20s", target->name);
    fflush(stdout);
    rog_rng_derive(&rng, seed, target->name, 0);
    for (size_t i = 0; i < ROG_FUZZ_SEEDS && target->seeds[i].bytes; i++)
        rog_fuzz_check(feed(target, target->seeds[i].bytes, target->seeds[i].size),
                       "a valid input is refused");
    for (long i = 0; i < iterations; i++) {
        make_input(&rng, target, input);
        valid += feed(target, input->bytes, input->size);
    }
    printf(" %ld inputs, %ld valid\n", iterations, valid);
    rog_fuzz_check(iterations < 1000 || (valid > 0 && valid < iterations),
                   "it takes everything, or nothing");
    free(input);
}

int main(int argc, char **argv)
{
    long iterations = argc > 1 ? atol(argv[1]) : 20000;
    uint64_t seed = argc > 2 ? (uint64_t)atoll(argv[2]) : 1;
    for (const struct rog_fuzz_target *target = rog_fuzz_targets; target->name; target++)
        if (argc <= 3 || strcmp(argv[3], target->name) == 0)
            run(target, iterations, seed);
    return 0;
}

#endif
