/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses the kernels for this processor. */
#include <trainer/nn/kernels.h>

#include <stdbool.h>
#include <stddef.h>

#include <trainer/nn/kernels_levels.h>

#ifdef __x86_64__
static bool runs_v4(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

static bool runs_v3(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}
#endif

static bool runs_always(void)
{
    return true;
}

static const struct {
    bool (*runs)(void);
    const struct rog_kernels *kernels;
} levels[] = {
#ifdef __x86_64__
    {runs_v4, &rog_kernels_x86_64_v4},
    {runs_v3, &rog_kernels_x86_64_v3},
#endif
    {runs_always, &rog_kernels_baseline},
};

const struct rog_kernels *rog_kernels_level(uint32_t index)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (levels[i].runs() && index-- == 0)
            return levels[i].kernels;
    return NULL;
}

const struct rog_kernels *rog_kernels(void)
{
    return rog_kernels_level(0);
}
