/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps what is known of runs that cannot be planned. */
#include <orchestrator/plan/faulty.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/settings.h>
#include <common/trace_name.h>

bool rog_plan_is_fault(int code)
{
    return code == ROG_EINVAL || code == ROG_EABI || code == ROG_EFORMAT || code == ROG_ENOTFOUND ||
           code == ROG_EIO;
}

/* Returns the run's label if the user has given none. */
static const char *note_of(const struct rog_json *settings)
{
    const struct rog_setting *library = rog_setting_find(rog_run_settings, "library");
    return rog_json_get_string(settings, "note",
                               rog_json_get_string(settings, "library", library->fallback));
}

int rog_plan_add_faulty(struct rog_json *faulty, const struct rog_json *settings, int line,
                        const char *fault, struct rog_error *err)
{
    struct rog_json *row = rog_json_object(), *filled = rog_json_copy(settings);
    rog_trace_fill_unlimited(filled);
    int code =
        row && filled ? rog_settings_fill(rog_run_settings, filled, err) : rog_fail_nomem(err);
    char *label = code ? NULL
                       : rog_format("%s, %s, %s, batchsize %lld, seed %lld", note_of(settings),
                                    rog_json_get_string(filled, "library", ""),
                                    rog_json_get_string(filled, "control", ""),
                                    (long long)rog_json_get_integer(filled, "batchsize", 1),
                                    (long long)rog_json_get_integer(filled, "seed", 0));
    if (code == 0 && !label)
        code = rog_fail_nomem(err);
    if (code < 0) {
        rog_json_free(row);
        rog_json_free(filled);
        return code;
    }
    rog_json_put_string(filled, "note", note_of(settings));
    rog_json_put_integer(row, "line", line);
    rog_json_put_string(row, "label", label);
    rog_json_put_string(row, "fault", fault);
    rog_json_put(row, "settings", filled);
    rog_json_append(faulty, row);
    free(label);
    return 0;
}

size_t rog_plan_keep_faulty(struct rog_json **faulty, const char *only)
{
    size_t all = rog_json_size(*faulty);
    struct rog_json *kept = rog_json_array();
    for (size_t i = 0; kept && i < all; i++) {
        const struct rog_json *row = rog_json_at(*faulty, i);
        if (strstr(rog_json_get_string(row, "label", ""), only))
            rog_json_append(kept, rog_json_copy(row));
    }
    if (kept) {
        rog_json_free(*faulty);
        *faulty = kept;
    }
    return all;
}
