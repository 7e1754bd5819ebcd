/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Input of a host: a stream of objects or a list of a tree's files, damaged, truncated or hostile.
 * With any input, only complete objects with the right hash and complete trees exist afterwards,
 * and nothing else.
 *
 * With ROG_FUZZ_ENGINE the compiler's fuzzer drives it (clang -fsanitize=fuzzer); otherwise the
 * program generates inputs itself, valid ones with a few bytes changed: [iterations [seed]].
 */

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zstd.h>

#include <common/deployed.h>
#include <common/file.h>
#include <common/hash.h>
#include <common/rng.h>
#include <trainer/unpack/unpack.h>

#define INPUT_MAX 4096
#define OBJECTS 2 /* announced number in a stream, needed by a tree */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const contents[OBJECTS] = {
    "one", "two two two two two two two two two two two two two two two two two two two two"};

static void check(bool truth, const char *what, const char *which)
{
    if (truth)
        return;
    fprintf(stderr, "unpack_fuzz: %s: %s\n", what, which);
    abort();
}

static void key_of(const char *content, char key[ROG_DEPLOYED_KEY_BYTES])
{
    char hex[ROG_SHA256_HEX_BYTES];
    rog_sha256(content, strlen(content), hex);
    snprintf(key, ROG_DEPLOYED_KEY_BYTES, "%.64s-444", hex);
}

/* Calls `look` with the path and the name of everything in ROOT/NAME; returns the number. */
static size_t each(const char *root, const char *name, void (*look)(const char *, const char *))
{
    char *folder = rog_format("%s/%s", root, name);
    DIR *all = folder ? opendir(folder) : NULL;
    size_t count = 0;
    for (struct dirent *entry; all && (entry = readdir(all));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        char *path = rog_format("%s/%s", folder, entry->d_name);
        count++;
        if (look && path)
            look(path, entry->d_name);
        free(path);
    }
    if (all)
        closedir(all);
    free(folder);
    return count;
}

static void check_object(const char *path, const char *name)
{
    char hex[ROG_SHA256_HEX_BYTES];
    struct stat info;
    check(rog_deployed_key_is_good(name), "no name of an object", name);
    check(rog_sha256_file(path, hex, NULL) == ROG_OK && strncmp(hex, name, sizeof hex - 1) == 0,
          "not what its name says", name);
    check(stat(path, &info) == 0 && (info.st_mode & 07777 & ~0555u) == 0, "a bad mode", name);
}

static void check_root_name(const char *path, const char *name)
{
    static const char *const names[] = {"objects", "trees", "manifests", "marks"};
    bool known = false;
    (void)path;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        known = known || strcmp(name, names[i]) == 0;
    check(known, "was left", name);
}

static void make_root(const char *root)
{
    static const char *const folders[] = {"objects", "trees", "manifests", "marks"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char *path = rog_path_join(root, folders[i]);
        check(path && rog_dir_make(path, NULL) == ROG_OK, "no folder", folders[i]);
        free(path);
    }
}

static void put(const char *root, const char *folder, const char *name, const void *data,
                size_t size)
{
    char *path = rog_format("%s/%s/%s", root, folder, name);
    FILE *file = path ? fopen(path, "wb") : NULL;
    check(file && fwrite(data, 1, size, file) == size && fclose(file) == 0, "cannot write", name);
    check(chmod(path, 0444) == 0, "no mode", name);
    free(path);
}

static int unpack(const char *root, const char *hash, size_t count, const uint8_t *data,
                  size_t size)
{
    int input = memfd_create("stream", MFD_CLOEXEC);
    check(input >= 0 && write(input, data, size) == (ssize_t)size, "no stream", "");
    lseek(input, 0, SEEK_SET);
    int code = rog_unpack(root, hash, count, input, NULL);
    close(input);
    return code;
}

/* The manifest is right and the stream is the input, or the reverse. */
static bool take(const uint8_t *data, size_t size, bool is_stream)
{
    char folder[] = "/tmp/rog-fuzz-XXXXXX", hash[ROG_SHA256_HEX_BYTES];
    check(mkdtemp(folder) != NULL, "no folder", folder);
    char *root = rog_path_join(folder, "root");
    make_root(root);
    char key[OBJECTS][ROG_DEPLOYED_KEY_BYTES];
    for (size_t i = 0; i < OBJECTS; i++) {
        key_of(contents[i], key[i]);
        if (!is_stream)
            put(root, "objects", key[i], contents[i], strlen(contents[i]));
    }
    char *manifest = rog_format("%.64s 444 a/one\n%.64s 444 two\n", key[0], key[1]);
    const void *text = is_stream ? (const void *)manifest : data;
    size_t text_size = is_stream ? strlen(manifest) : size;
    rog_sha256(text, text_size, hash);
    put(root, "manifests", hash, text, text_size);
    int code = unpack(root, hash, is_stream ? OBJECTS : 0, data, is_stream ? size : 0);

    each(root, "objects", check_object);
    each(root, "", check_root_name);
    check(each(folder, "", NULL) == 1, "something beside the root", folder);
    check(each(root, "manifests", NULL) == 1, "another manifest", hash);
    check(each(root, "trees", NULL) == (code == ROG_OK), "a tree, or none", hash);
    check(each(root, "marks", NULL) == (code == ROG_OK), "a mark, or none", hash);
    if (is_stream && code == ROG_OK) {
        char *tree = rog_format("trees/%s", hash);
        check(each(root, tree, NULL) == OBJECTS, "half a tree", hash);
        free(tree);
    }
    rog_dir_remove(folder, NULL);
    free(manifest);
    free(root);
    return code == ROG_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && size <= INPUT_MAX)
        take(data + 1, size - 1, data[0] % 2 == 0);
    return 0;
}

#ifndef ROG_FUZZ_ENGINE

static const char *const splinters[] = {
    "../",
    "/etc/passwd",
    "-4755 ",
    "-644 ",
    " 99999999999999999999\n",
    "\n",
    " ",
    "\n\n",
    "-",
    "a",
    " 0\n",
    "444 a/../../x\n",
    "444 a/one\n",
    "\x28\xb5\x2f\xfd",
    "\x28\xb5\x2f\xfd\xff\xff\xff\xff",
};

static size_t append(uint8_t *input, size_t size, const void *data, size_t length)
{
    memcpy(input + size, data, length);
    return size + length;
}

/* Makes a valid stream or manifest. */
static size_t make_good(uint8_t *input, bool is_stream)
{
    size_t size = 0;
    for (size_t i = 0; i < OBJECTS; i++) {
        char key[ROG_DEPLOYED_KEY_BYTES], frame[512], line[200];
        key_of(contents[i], key);
        size_t length = ZSTD_compress(frame, sizeof frame, contents[i], strlen(contents[i]), 3);
        check(!ZSTD_isError(length), "cannot compress", contents[i]);
        if (is_stream)
            snprintf(line, sizeof line, "%s %zu\n", key, length);
        else
            snprintf(line, sizeof line, "%.64s 444 %s\n", key, i ? "two" : "a/one");
        size = append(input, size, line, strlen(line));
        if (is_stream)
            size = append(input, size, frame, length);
    }
    return size;
}

/* Changes a few bytes, inserts a splinter, truncates the end. */
static size_t damage(struct rog_rng *rng, uint8_t *input, size_t size)
{
    for (uint32_t hits = rog_rng_below(rng, 3); hits > 0; hits--)
        input[rog_rng_below(rng, (uint32_t)size)] = (uint8_t)rog_rng_below(rng, 256);
    if (rog_rng_below(rng, 2)) {
        const char *text = splinters[rog_rng_below(rng, sizeof splinters / sizeof *splinters)];
        size_t at = rog_rng_below(rng, (uint32_t)size), length = strlen(text);
        if (rog_rng_below(rng, 2)) {
            memmove(input + at + length, input + at, size - at);
            size += length;
        }
        memcpy(input + at, text, length < size - at ? length : size - at);
    }
    if (rog_rng_below(rng, 4) == 0)
        size = rog_rng_below(rng, (uint32_t)size);
    return size;
}

int main(int argc, char **argv)
{
    long iterations = argc > 1 ? atol(argv[1]) : 2000, good = 0;
    struct rog_rng rng;
    rog_rng_init(&rng, argc > 2 ? (uint64_t)atoll(argv[2]) : 1);
    for (long i = 0; i < iterations; i++) {
        uint8_t input[INPUT_MAX];
        bool is_stream = rog_rng_below(&rng, 4) > 0;
        size_t size = make_good(input, is_stream);
        good += take(input, damage(&rng, input, size), is_stream);
    }
    check(good > iterations / 20, "hardly anything was taken", "");
    printf("%ld inputs, %ld taken\n", iterations, good);
    return 0;
}

#endif
