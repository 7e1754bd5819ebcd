/* SPDX-License-Identifier: Apache-2.0 */
/* The progress of a run, converted to and from JSON. */
#include <librog/net/moment.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/file.h>
#include <librog/net/conn.h>

#define BOOT_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_BYTES 64

static double wall_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Sets `name` to the ID of this boot of the machine; "" if it has none. */
static void name_boot(char name[BOOT_BYTES])
{
    char *text = NULL;
    size_t size;
    name[0] = '\0';
    if (rog_file_read(BOOT_FILE, BOOT_BYTES - 1, &text, &size, NULL) == ROG_OK)
        snprintf(name, BOOT_BYTES, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
}

void rog_moment_put_origin(const struct rog_run_origin *origin, struct rog_json *to)
{
    char boot[BOOT_BYTES];
    name_boot(boot);
    rog_json_put_number(to, "started_at", origin->wall_s);
    rog_json_put_string(to, "boot", boot);
    rog_json_put_number(to, "origin_s", origin->steady_s);
}

void rog_moment_put(const struct rog_moment *moment, struct rog_json *to)
{
    rog_moment_put_origin(&moment->origin, to);
    rog_json_put_number(to, "t", moment->t_s);
    rog_json_put_integer(to, "index", moment->index);
    rog_json_put_integer(to, "iteration", moment->iteration);
}

/* Returns the seconds since the run's start. The monotonic clock is valid only within one boot of
 * the machine; after a reboot only the date is left, which may be wrong. The result is at least the
 * time that the run had reached. */
static double age_of(const struct rog_json *from)
{
    char boot[BOOT_BYTES];
    double age_s = wall_s() - rog_json_get_number(from, "started_at", 0);
    double reached_s = rog_json_get_number(from, "t", 0);
    name_boot(boot);
    if (boot[0] && strcmp(boot, rog_json_get_string(from, "boot", "")) == 0)
        age_s = rog_link_now() - rog_json_get_number(from, "origin_s", 0);
    return age_s > reached_s ? age_s : reached_s;
}

int rog_moment_read(struct rog_moment *moment, const struct rog_json *from, bool paused,
                    const char *where, struct rog_error *err)
{
    int64_t reached = rog_json_get_integer(from, "iteration", -1);
    int64_t index = rog_json_get_integer(from, "index", -1);
    double started_at = rog_json_get_number(from, "started_at", 0);
    double reached_s = rog_json_get_number(from, "t", 0), age_s = paused ? reached_s : age_of(from);
    if (reached < 0 || reached > UINT32_MAX || index < 0 || index >= UINT32_MAX || started_at <= 0)
        return rog_fail(err, ROG_EFORMAT, "%s does not record the run's progress", where);
    *moment = (struct rog_moment){
        .origin = {.steady_s = rog_link_now() - age_s,
                   .wall_s = paused ? wall_s() - age_s : started_at},
        .t_s = reached_s,
        .paused = paused,
        .index = (uint32_t)index,
        .iteration = (uint32_t)reached,
    };
    return ROG_OK;
}
