/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax, cross-entropy and its gradient. */
#include <trainer/nn/loss.h>

#include <math.h>
#include <stddef.h>

float rog_cross_entropy(uint32_t batch, uint32_t classes, const float *logits, const float *targets,
                        float *dlogits)
{
    double loss = 0;
    for (uint32_t b = 0; b < batch; b++) {
        const float *x = logits + (size_t)b * classes, *t = targets + (size_t)b * classes;
        float *d = dlogits + (size_t)b * classes;
        float largest = x[0];
        for (uint32_t i = 1; i < classes; i++)
            largest = x[i] > largest ? x[i] : largest;
        double sum = 0, weighted = 0;
        for (uint32_t i = 0; i < classes; i++) {
            d[i] = expf(x[i] - largest);
            sum += (double)d[i];
            weighted += (double)t[i] * (double)(x[i] - largest);
        }
        loss += log(sum) - weighted;
        float scale = (float)(1.0 / sum);
        for (uint32_t i = 0; i < classes; i++)
            d[i] = (d[i] * scale - t[i]) / (float)batch;
    }
    return (float)(loss / batch);
}
