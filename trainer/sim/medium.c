/* SPDX-License-Identifier: Apache-2.0 */
/* The table of media, and how one is opened. */
#include <trainer/sim/medium.h>

#include <stdlib.h>
#include <string.h>

#include <common/parameters.h>

extern const struct rog_medium rog_medium_independent;

static const struct rog_medium *const media[] = {
    &rog_medium_independent,
};

const struct rog_medium *rog_medium_at(size_t index)
{
    return index < sizeof media / sizeof media[0] ? media[index] : NULL;
}

const struct rog_medium *rog_medium_find(const char *name)
{
    const struct rog_medium *medium;
    for (size_t i = 0; (medium = rog_medium_at(i)); i++)
        if (!strcmp(medium->name, name))
            return medium;
    return NULL;
}

int rog_air_init(struct rog_air *air, const struct rog_medium *medium,
                 const struct rog_medium_station *stations, uint32_t station_count,
                 const struct rog_json *parameters, struct rog_error *err)
{
    void *filled = NULL;
    int code = rog_parameters_make(medium->parameters, medium->parameter_bytes, medium->name,
                                   parameters, NULL, &filled, err);
    const struct rog_medium_setup setup = {stations, station_count, filled};
    if (!code)
        code = medium->new (&air->state, &setup, err);
    if (code)
        rog_fail_prefix(err, "medium %s", medium->name);
    else
        air->medium = medium;
    free(filled);
    return code;
}

void rog_air_release(struct rog_air *air)
{
    if (air->medium)
        air->medium->free(air->state);
    *air = (struct rog_air){0};
}
