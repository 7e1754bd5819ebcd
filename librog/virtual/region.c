/* SPDX-License-Identifier: Apache-2.0 */
/* The memory region that a program shares with the simulation, and copies to and from its
 * tensors. */
#include <librog/virtual/region.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <unistd.h>

#include <common/memory.h>

/* ---- creation ---- */

/* Creates the file with a fixed size, on which a process that maps it can rely. */
static int make_file(size_t bytes, int *fd, struct rog_error *err)
{
    *fd = memfd_create("rog-virtual", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd >= 0 && ftruncate(*fd, (off_t)bytes) == 0 &&
        fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        return ROG_OK;
    return rog_fail(err, ROG_EIO, "cannot allocate %zu bytes to share with the simulation: %s",
                    bytes, strerror(errno));
}

/* Maps the file; a fork does not inherit the mapping. */
static int map_file(struct rog_virtual_region *region, int fd, struct rog_error *err)
{
    size_t bytes = region->places.bytes;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return rog_fail(err, ROG_EIO, "%zu bytes shared with the simulation cannot be mapped: %s",
                        bytes, strerror(errno));
    madvise(memory, bytes, MADV_DONTFORK);
    rog_large_pages(memory, bytes);
    region->memory = memory;
    region->head = memory;
    return ROG_OK;
}

/* Finds the position of each tensor. */
static int find_tensors(struct rog_virtual_region *region, struct rog_error *err)
{
    const struct rog_layout *layout = region->options->layout;
    region->values = calloc(layout->count, sizeof *region->values);
    region->gradients = calloc(layout->trained, sizeof *region->gradients);
    if (!region->values || !region->gradients)
        return rog_fail_nomem(err);
    float *values = (float *)(void *)(region->memory + region->places.values);
    float *constants = (float *)(void *)(region->memory + region->places.constants);
    float *gradients = (float *)(void *)(region->memory + region->places.gradients);
    for (uint32_t i = 0; i < layout->count; i++) {
        float **end = i < layout->trained ? &values : &constants;
        region->values[i] = *end;
        *end += layout->tensors[i].size;
        if (i < layout->trained) {
            region->gradients[i] = gradients;
            gradients += layout->tensors[i].size;
        }
    }
    return ROG_OK;
}

static int fill(struct rog_virtual_region *region, const struct rog_virtual_head *head,
                const char *hello, const char *layout, int *fd, struct rog_error *err)
{
    int code = rog_virtual_plan(&region->places, head, region->options->layout, err);
    if (!code)
        code = make_file(region->places.bytes, fd, err);
    if (!code)
        code = map_file(region, *fd, err);
    if (!code && !head->without_values)
        code = find_tensors(region, err);
    if (code)
        return code;
    *region->head = *head;
    memcpy(region->memory + region->places.hello, hello, head->hello_bytes);
    memcpy(region->memory + region->places.layout, layout, head->layout_bytes);
    rog_virtual_region_put_model(region, true);
    return ROG_OK;
}

int rog_virtual_region_init(struct rog_virtual_region *region,
                            const struct rog_driver_options *options, int *fd,
                            struct rog_error *err)
{
    *region = (struct rog_virtual_region){.options = options};
    *fd = -1;
    char *hello = rog_json_text(options->hello), *layout = rog_layout_text(options->layout);
    int code = hello && layout ? ROG_OK : rog_fail_nomem(err);
    if (!code) {
        const struct rog_virtual_head head = {.hello_bytes = strlen(hello),
                                              .layout_bytes = strlen(layout),
                                              .without_values = !options->tensors};
        code = fill(region, &head, hello, layout, fd, err);
    }
    free(hello);
    free(layout);
    return code;
}

void rog_virtual_region_release(struct rog_virtual_region *region)
{
    if (region->memory)
        munmap(region->memory, region->places.bytes);
    free(region->values);
    free(region->gradients);
    *region = (struct rog_virtual_region){0};
}

/* ---- copying ---- */

void rog_virtual_region_put_model(struct rog_virtual_region *region, bool constants)
{
    const struct rog_layout *layout = region->options->layout;
    uint32_t count = constants ? layout->count : layout->trained;
    for (uint32_t i = 0; region->values && i < count; i++)
        memcpy(region->values[i], region->options->tensors[i],
               layout->tensors[i].size * sizeof(float));
}

void rog_virtual_region_take_model(const struct rog_virtual_region *region, bool constants)
{
    const struct rog_layout *layout = region->options->layout;
    uint32_t count = constants ? layout->count : layout->trained;
    for (uint32_t i = 0; region->values && i < count; i++)
        memcpy(region->options->tensors[i], region->values[i],
               layout->tensors[i].size * sizeof(float));
}

void rog_virtual_region_put_step(struct rog_virtual_region *region,
                                 const struct rog_worker_gradients *given)
{
    const struct rog_layout *layout = region->options->layout;
    uint8_t *there = region->memory + region->places.given;
    for (uint32_t i = 0; i < layout->trained; i++) {
        there[i] = given->tensors && given->tensors[i];
        if (there[i])
            memcpy(region->gradients[i], given->tensors[i],
                   layout->tensors[i].size * sizeof(float));
    }
    if (given->rule_count)
        memcpy(region->memory + region->places.rules, given->rules,
               given->rule_count * sizeof *given->rules);
}

const char *rog_virtual_region_changed(const struct rog_virtual_region *region)
{
    const struct rog_layout *layout = region->options->layout;
    for (uint32_t i = 0; region->values && i < layout->trained; i++)
        if (memcmp(region->options->tensors[i], region->values[i],
                   layout->tensors[i].size * sizeof(float)) != 0)
            return layout->tensors[i].name;
    return NULL;
}
