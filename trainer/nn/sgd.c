/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of SGD, and the learning rate of one cycle. */
#include <trainer/nn/sgd.h>

#include <math.h>

void rog_sgd_step(const struct rog_sgd *sgd, const struct rog_arch *arch, float rate,
                  const float *grads, float *velocity, float *params)
{
    float momentum = sgd->momentum;
    for (uint32_t t = 0; t < arch->tensor_count; t++) {
        const struct rog_arch_tensor *tensor = &arch->tensors[t];
        float decay = tensor->dims > 1 ? sgd->weight_decay : 0.0f;
        uint64_t end = tensor->offset + tensor->size;
        for (uint64_t i = tensor->offset; i < end; i++) {
            float g = grads[i] + decay * params[i];
            velocity[i] = momentum * velocity[i] + g;
            params[i] -= rate * (g + momentum * velocity[i]);
        }
    }
}

double rog_one_cycle(double peak, double rise, double done)
{
    if (done < rise)
        return peak * done / rise;
    return peak * 0.5 * (1 + cos(3.14159265358979323846 * (done - rise) / (1 - rise)));
}
