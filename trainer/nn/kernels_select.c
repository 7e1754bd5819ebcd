/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/nn/kernels.h>

#include <trainer/nn/kernels_levels.h>

const struct rog_kernels *rog_kernels(void)
{
#ifdef ROG_KERNELS_X86
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return &rog_kernels_x86_64_v4;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"))
        return &rog_kernels_x86_64_v3;
#endif
    return &rog_kernels_baseline;
}
