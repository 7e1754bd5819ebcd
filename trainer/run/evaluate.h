/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_EVALUATE_H
#define ROG_RUN_EVALUATE_H

/* Tests checkpoints on the test images of a configuration, with its noise. */

#include <stdint.h>

#include <common/run_config.h>
#include <rog/error.h>

struct rog_tester;

struct rog_test_result {
    double accuracy; /* percent; for a program the metric that it measures (common/metric.h) */
    double loss;     /* mean cross-entropy with the true class */
    uint32_t images;
    char sha256[65]; /* of the file */
};

/* noise: NULL for the configuration's. The configuration may be freed afterwards. */
int rog_tester_new(struct rog_tester **tester, const struct rog_run_config *config,
                   const char *noise, struct rog_error *err);
void rog_tester_free(struct rog_tester *tester);

/* ROG_EFORMAT for a file that is damaged or of another architecture; the tester stays usable. */
int rog_tester_run(struct rog_tester *tester, const char *path, struct rog_test_result *result,
                   struct rog_error *err);
/* The same for weights in memory (result->sha256 is empty). */
int rog_tester_run_weights(struct rog_tester *tester, const float *params, const float *buffers,
                           struct rog_test_result *result, struct rog_error *err);

#endif
