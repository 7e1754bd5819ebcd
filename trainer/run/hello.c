/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the hello of a run. */
#include <trainer/run/hello.h>

#include <librog/net/hello.h>

static int make(const struct rog_train *train, const struct rog_json *settings,
                struct rog_json **made, struct rog_error *err)
{
    const struct rog_run_config *config = train->config;
    char model[ROG_SHA256_HEX_BYTES] = "none";
    struct rog_hello hello = {
        .strategy = train->plugin.strategy,
        .threshold = train->threshold,
        .parameters = train->plugin.values,
        .workers = config->worker_count,
        .workload = config->workload,
        .settings = settings,
        .seed = config->seed,
        .library_file = train->plugin.path,
        .compression_file = train->parts.plugin[ROG_PART_PUSH_CODEC].path,
        .pull_compression_file = train->parts.plugin[ROG_PART_PULL_CODEC].path,
    };
    if (rog_train_is_program(config))
        return rog_hello_make(&hello, made, err);
    hello.wire_model = config->wire_model;
    hello.data_sha256 = train->learner ? rog_learner_data_sha256(train->learner) : "none";
    hello.model_sha256 = model;
    int code = train->params ? rog_train_model_sha256(train, model, err) : ROG_OK;
    return code ? code : rog_hello_make(&hello, made, err);
}

int rog_train_hello(const struct rog_train *train, struct rog_json **hello, struct rog_error *err)
{
    *hello = NULL;
    struct rog_json *settings = rog_json_copy(train->config->json);
    int code = settings ? rog_parts_put(&train->parts, false, settings, err) : rog_fail_nomem(err);
    if (!code)
        code = make(train, settings, hello, err);
    rog_json_free(settings);
    return code;
}
