/* SPDX-License-Identifier: Apache-2.0 */
/* Identifies processes by number, start time, and boot of the machine. */
#include <orchestrator/sweeps/presence.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>

#define NAME_BYTES 256
#define STAT_MAX_BYTES 4096
/* Index among the fields of /proc/PID/stat after the program's name: start time, in ticks since
 * boot (field 22). */
#define START_FIELD 20

/* Gets the boot id; "" if it is unknown. */
static void boot_id(char text[NAME_BYTES])
{
    char *data = NULL;
    size_t size = 0;
    text[0] = '\0';
    if (rog_file_read("/proc/sys/kernel/random/boot_id", NAME_BYTES, &data, &size, NULL) == 0)
        snprintf(text, NAME_BYTES, "%.*s", (int)strcspn(data, "\n"), data);
    free(data);
}

/* Gets the namespace that process numbers belong to. */
static void number_space(char text[NAME_BYTES])
{
    ssize_t size = readlink("/proc/self/ns/pid", text, NAME_BYTES - 1);
    text[size > 0 ? size : 0] = '\0';
}

static void host_name(char text[NAME_BYTES])
{
    if (gethostname(text, NAME_BYTES) != 0)
        text[0] = '\0';
    text[NAME_BYTES - 1] = '\0';
}

/* Gets the start time of a process; 0: there is no such process. */
static int64_t start_of(long pid)
{
    char *path = rog_format("/proc/%ld/stat", pid), *data = NULL;
    size_t size = 0;
    int64_t start = 0;
    if (path && rog_file_read(path, STAT_MAX_BYTES, &data, &size, NULL) == 0) {
        /* The name may contain anything, but after its last parenthesis there are only numbers. */
        char *field = strrchr(data, ')'), *rest = NULL;
        field = field ? strtok_r(field + 1, " ", &rest) : NULL;
        bool is_zombie = field && *field == 'Z';
        for (int i = 1; field && i < START_FIELD; i++)
            field = strtok_r(NULL, " ", &rest);
        start = field && !is_zombie ? (int64_t)atoll(field) : 0;
    }
    free(data);
    free(path);
    return start;
}

void rog_presence_put(struct rog_json *object)
{
    char text[NAME_BYTES];
    rog_json_put_integer(object, "pid", (int64_t)getpid());
    rog_json_put_integer(object, "start", start_of((long)getpid()));
    host_name(text);
    rog_json_put_string(object, "host", text);
    boot_id(text);
    rog_json_put_string(object, "boot", text);
    number_space(text);
    rog_json_put_string(object, "space", text);
}

enum rog_presence rog_presence_of(const struct rog_json *object)
{
    char host[NAME_BYTES], boot[NAME_BYTES], space[NAME_BYTES];
    host_name(host);
    boot_id(boot);
    number_space(space);
    if (strcmp(rog_json_get_string(object, "boot", ""), boot) != 0)
        return strcmp(rog_json_get_string(object, "host", ""), host) == 0 ? ROG_GONE : ROG_FOREIGN;
    if (strcmp(rog_json_get_string(object, "space", ""), space) != 0)
        return ROG_FOREIGN;
    int64_t start = start_of((long)rog_json_get_integer(object, "pid", 0));
    return start > 0 && start == rog_json_get_integer(object, "start", 0) ? ROG_PRESENT : ROG_GONE;
}
