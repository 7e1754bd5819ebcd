/* SPDX-License-Identifier: Apache-2.0 */
/* Maps a program's shared memory and checks everything in it. */
#include <trainer/programs/region.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <librog/sync/rule.h>

/* Checks that the file cannot shrink: otherwise reading a part that is gone would end this
 * process. */
static int check_file(int fd, size_t *size, struct rog_error *err)
{
    struct stat status;
    struct statfs system;
    int seals = fcntl(fd, F_GET_SEALS), wanted = F_SEAL_SHRINK | F_SEAL_GROW;
    if (fstat(fd, &status) != 0 || fstatfs(fd, &system) != 0)
        return rog_fail(err, ROG_EIO, "cannot inspect its memory: %s", strerror(errno));
    if (seals < 0 || (seals & wanted) != wanted || !S_ISREG(status.st_mode) ||
        system.f_type != TMPFS_MAGIC)
        return rog_fail(err, ROG_EFORMAT, "its memory is not a memory file with a sealed size");
    *size = (size_t)status.st_size;
    return ROG_OK;
}

static int map(struct rog_region *region, int fd, struct rog_error *err)
{
    int code = check_file(fd, &region->size, err);
    if (code)
        return code;
    void *bytes = region->size ? mmap(NULL, region->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                               : MAP_FAILED;
    if (bytes == MAP_FAILED)
        return rog_fail(err, ROG_EFORMAT, "cannot use its memory of %zu bytes: %s", region->size,
                        region->size ? strerror(errno) : "it is empty");
    region->bytes = bytes;
    return ROG_OK;
}

static int check_size(const struct rog_region *region, size_t wanted, struct rog_error *err)
{
    return region->size >= wanted
               ? ROG_OK
               : rog_fail(err, ROG_EFORMAT, "its memory has %zu bytes, but %zu are needed",
                          region->size, wanted);
}

/* Copies and parses the texts. `head` is a copy, too. */
static int read_texts(const struct rog_region *region, const struct rog_virtual_head *head,
                      struct rog_json **hello, struct rog_layout **layout, struct rog_error *err)
{
    size_t size = head->hello_bytes > head->layout_bytes ? head->hello_bytes : head->layout_bytes;
    char *text = malloc(size + 1);
    if (!text)
        return rog_fail_nomem(err);
    memcpy(text, region->bytes + region->places.hello, head->hello_bytes);
    int code = rog_json_parse(text, head->hello_bytes, "its hello", hello, err);
    if (!code && !rog_json_is_object(*hello))
        code = rog_fail(err, ROG_EFORMAT, "its hello is not an object");
    if (!code) {
        memcpy(text, region->bytes + region->places.layout, head->layout_bytes);
        code = rog_layout_parse(layout, text, head->layout_bytes, err);
    }
    free(text);
    return code;
}

static int read_all(struct rog_region *region, struct rog_json **hello, struct rog_layout **layout,
                    struct rog_error *err)
{
    struct rog_virtual_head head;
    int code = check_size(region, sizeof head, err);
    if (code)
        return code;
    memcpy(&head, region->bytes, sizeof head);
    region->without_values = head.without_values != 0;
    code = rog_virtual_plan(&region->places, &head, NULL, err);
    if (!code)
        code = check_size(region, region->places.bytes, err);
    if (!code)
        code = read_texts(region, &head, hello, layout, err);
    if (!code)
        code = rog_virtual_plan(&region->places, &head, *layout, err);
    if (code)
        return code;
    region->trained = (*layout)->trained;
    return check_size(region, region->places.bytes, err);
}

int rog_region_open(struct rog_region *region, int fd, struct rog_json **hello,
                    struct rog_layout **layout, struct rog_error *err)
{
    *region = (struct rog_region){0};
    *hello = NULL;
    *layout = NULL;
    int code = map(region, fd, err);
    if (!code)
        code = read_all(region, hello, layout, err);
    if (!code)
        return ROG_OK;
    rog_json_free(*hello);
    rog_layout_free(*layout);
    rog_region_close(region);
    *hello = NULL;
    *layout = NULL;
    return code;
}

void rog_region_close(struct rog_region *region)
{
    if (region->bytes)
        munmap(region->bytes, region->size);
    *region = (struct rog_region){0};
}

/* Each offset is a multiple of 64, and the memory begins at a page. */
static void *at(const struct rog_region *region, size_t place)
{
    return region->bytes + place;
}

static float *values_at(const struct rog_region *region, size_t place)
{
    return region->bytes && !region->without_values ? at(region, place) : NULL;
}

float *rog_region_values(const struct rog_region *region)
{
    return values_at(region, region->places.values);
}

float *rog_region_constants(const struct rog_region *region)
{
    return values_at(region, region->places.constants);
}

float *rog_region_gradients(const struct rog_region *region)
{
    return values_at(region, region->places.gradients);
}

void rog_region_tell(const struct rog_region *region, uint32_t iteration, uint32_t local_steps,
                     const struct rog_statistics *statistics)
{
    struct rog_virtual_head *head = at(region, 0);
    head->next_iteration = iteration;
    head->local_steps = local_steps;
    head->statistics = *statistics;
}

int rog_region_take(const struct rog_region *region, uint32_t count, bool *given,
                    struct rog_rule *rules, struct rog_error *err)
{
    const uint8_t *flags = at(region, region->places.given);
    int code = ROG_OK;
    if (count > 1 && count != region->trained)
        return rog_fail(err, ROG_EINVAL, "%u rules for %u tensors", count, region->trained);
    for (uint32_t i = 0; i < region->trained; i++)
        given[i] = flags[i] != 0;
    if (count)
        memcpy(rules, at(region, region->places.rules), count * sizeof *rules);
    for (uint32_t i = 0; i < count && !code; i++)
        code = rog_rule_check(&rules[i], err);
    return code;
}
