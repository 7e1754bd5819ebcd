/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of initial models (with random weights, which take no time), and testing a model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/file.h>
#include <common/hash.h>
#include <trainer/data/batch.h>
#include <trainer/data/sources.h>
#include <trainer/nn/net.h>
#include <trainer/nn/safetensors.h>
#include <trainer/run/evaluate.h>
#include <trainer/data/cache.h>
#include <trainer/run/pretrain.h>

static int setup(void **state)
{
    char *folder = strdup("/tmp/rog-pretrain-XXXXXX");
    *state = folder;
    return folder && mkdtemp(folder) ? setenv("XDG_CACHE_HOME", folder, 1) : -1;
}

static int teardown(void **state)
{
    rog_dir_remove(*state, NULL);
    free(*state);
    return 0;
}

static struct rog_run_config *config_of(const char *text)
{
    struct rog_run_config *config = NULL;
    struct rog_error err;
    if (rog_run_config_parse(&config, text, strlen(text), "test", &err))
        fail_msg("%s", err.message);
    return config;
}

static struct rog_pretrained ensure(const char *text)
{
    struct rog_run_config *config = config_of(text);
    struct rog_pretrained pretrained;
    struct rog_error err;
    if (rog_pretrain_ensure(config, NULL, &pretrained, &err))
        fail_msg("%s", err.message);
    rog_run_config_free(config);
    return pretrained;
}

#define RANDOM "{\"pretrain_epochs\": 0}"

static void test_made_once(void **state)
{
    struct rog_pretrained a = ensure(RANDOM), b = ensure(RANDOM);
    assert_true(a.made);
    assert_false(b.made);
    assert_string_equal(a.path, b.path);
    assert_string_equal(a.sha256, b.sha256);
    assert_int_equal(strncmp(a.path, *state, strlen(*state)), 0);
    char hash[ROG_SHA256_HEX_BYTES];
    struct rog_error err;
    assert_int_equal(rog_sha256_file(a.path, hash, &err), 0);
    assert_string_equal(hash, a.sha256);
    rog_pretrained_release(&a);
    rog_pretrained_release(&b);
}

static void test_damage_is_detected(void **state)
{
    (void)state;
    struct rog_pretrained a = ensure(RANDOM);
    struct rog_error err;
    char *data = NULL;
    size_t size = 0;
    assert_int_equal(rog_file_read(a.path, 1 << 24, &data, &size, &err), 0);

    data[size / 2] ^= 1;
    assert_int_equal(rog_file_write(a.path, data, size, &err), 0);
    struct rog_pretrained b = ensure(RANDOM);
    assert_true(b.made);
    assert_string_equal(a.sha256, b.sha256);

    char *sidecar = rog_format("%s.checksum", a.path);
    assert_int_equal(unlink(sidecar), 0);
    struct rog_pretrained c = ensure(RANDOM);
    assert_true(c.made);

    assert_int_equal(rog_file_write(a.path, data, size / 2, &err), 0);
    struct rog_pretrained d = ensure(RANDOM), e = ensure(RANDOM);
    assert_true(d.made);
    assert_false(e.made);
    assert_string_equal(a.sha256, e.sha256);
    free(sidecar);
    free(data);
    rog_pretrained_release(&a);
    rog_pretrained_release(&b);
    rog_pretrained_release(&c);
    rog_pretrained_release(&d);
    rog_pretrained_release(&e);
}

/* Every setting that the model depends on gives another model; those of the run do not. */
static void test_settings_that_matter(void **state)
{
    (void)state;
    struct rog_pretrained base = ensure(RANDOM);
    static const struct {
        const char *text;
        bool same;
    } cases[] = {
        {"{\"pretrain_epochs\": 0, \"pretrain_seed\": 2}", false},
        {"{\"pretrain_epochs\": 0, \"pretrain_batch\": 48}", false},
        {"{\"pretrain_epochs\": 0, \"pretrain_learning_rate\": 0.0123}", false},
        {"{\"pretrain_epochs\": 0, \"image_size\": 64}", false},
        {"{\"pretrain_epochs\": 0, \"model\": \"convmlp-s\"}", false},
        {"{\"pretrain_epochs\": 0, \"seed\": 7, \"noise\": \"blur\", \"batch\": 3}", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_pretrained other = ensure(cases[i].text);
        assert_int_equal(!strcmp(base.path, other.path), cases[i].same);
        rog_pretrained_release(&other);
    }
    rog_pretrained_release(&base);
}

static void test_initial_model(void **state)
{
    (void)state;
    struct rog_pretrained made = ensure(RANDOM);
    char *text = rog_format("{\"initial_model\": \"%s\"}", made.path);
    struct rog_pretrained given = ensure(text);
    assert_string_equal(given.path, made.path);
    assert_string_equal(given.sha256, made.sha256);
    assert_false(given.made);
    free(text);
    rog_pretrained_release(&given);
    rog_pretrained_release(&made);

    struct rog_run_config *config = config_of("{\"initial_model\": \"/nonexistent\"}");
    struct rog_error err;
    assert_int_equal(rog_pretrain_ensure(config, NULL, &given, &err), ROG_EINVAL);
    assert_string_equal(err.message, "initial_model: the file /nonexistent does not exist");
    assert_null(given.path);
    rog_run_config_free(config);
}

static int end_after_three(void *user, double since_s)
{
    int *calls = user;
    assert_true(since_s >= 0);
    return ++*calls == 3;
}

/* A process that waits for another one is told so, and may stop waiting. */
static void test_waiting(void **state)
{
    (void)state;
    struct rog_pretrained made = ensure(RANDOM), none;
    struct rog_lock lock = ROG_LOCK_NONE;
    struct rog_run_config *config = NULL;
    struct rog_error err = {0};
    int calls = 0;
    const struct rog_pretrain_watch watch = {NULL, end_after_three, &calls};
    assert_int_equal(unlink(made.path), 0);
    assert_int_equal(rog_lock_take(&lock, made.path, &err), ROG_OK);
    assert_int_equal(rog_run_config_parse(&config, RANDOM, strlen(RANDOM), "test", &err), ROG_OK);
    assert_int_equal(rog_pretrain_ensure(config, &watch, &none, &err), ROG_EINTR);
    assert_int_equal(calls, 3);
    rog_lock_release(&lock);
    assert_int_equal(rog_pretrain_ensure(config, &watch, &none, &err), ROG_OK);
    assert_int_equal(calls, 3);
    rog_pretrained_release(&none);
    rog_pretrained_release(&made);
    rog_run_config_free(config);
}

static void test_two_at_once(void **state)
{
    (void)state;
    enum { PROCESSES = 4 };
    pid_t children[PROCESSES];
    int made = 0;
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (!children[i]) {
            struct rog_run_config *config = NULL;
            struct rog_pretrained pretrained;
            int code = rog_run_config_parse(&config, RANDOM, strlen(RANDOM), "child", NULL);
            if (!code)
                code = rog_pretrain_ensure(config, NULL, &pretrained, NULL);
            _exit(code ? 100 : pretrained.made);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        made += WEXITSTATUS(status);
    }
    assert_int_equal(made, 1);
}

static void test_unknown_data(void **state)
{
    (void)state;
    struct rog_run_config *config = config_of("{\"data\": \"cifar100:/nonexistent\"}");
    struct rog_pretrained pretrained;
    struct rog_error err;
    assert_int_equal(rog_pretrain_ensure(config, NULL, &pretrained, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "/nonexistent/train.bin"));
    rog_run_config_free(config);
}

/* ---- testing ---- */

/* Tests the first 130 noisy test images one by one. */
static void judge_by_hand(const char *path, double *accuracy, double *loss)
{
    struct rog_dataset *dataset = NULL;
    struct rog_arch *arch = NULL;
    struct rog_net *net = NULL;
    struct rog_error err;
    assert_int_equal(
        rog_dataset_open(&dataset, "synth100", ROG_SPLIT_TEST, "mixed", ROG_DATASET_SEED, &err), 0);
    assert_int_equal(rog_safetensors_arch(path, &arch, &err), 0);
    assert_int_equal(rog_net_new(&net, arch, 1, ROG_NET_INFER, &err), 0);
    float *params = calloc(arch->params, sizeof(float));
    float *buffers = calloc(arch->buffers, sizeof(float));
    float *image = calloc(32 * 32 * 3, sizeof(float));
    assert_int_equal(rog_safetensors_read(path, arch, params, buffers, &err), 0);
    *accuracy = *loss = 0;
    for (uint32_t i = 0; i < 130; i++) {
        const float *logits = NULL;
        uint32_t best = 0;
        double sum = 0;
        rog_batch_plain(dataset, i, 1, 32, image);
        assert_int_equal(rog_net_forward(net, params, buffers, image, &logits, &err), 0);
        for (uint32_t c = 0; c < 100; c++) {
            best = logits[c] > logits[best] ? c : best;
            sum += exp((double)logits[c]);
        }
        *accuracy += best == dataset->labels[i] ? 100.0 / 130 : 0;
        *loss += (log(sum) - (double)logits[dataset->labels[i]]) / 130;
    }
    free(params);
    free(buffers);
    free(image);
    rog_net_free(net);
    rog_arch_free(arch);
    rog_dataset_free(dataset);
}

static void test_tester(void **state)
{
    struct rog_run_config *config = config_of("{\"test_images\": 130}");
    struct rog_pretrained start = ensure(RANDOM), other = ensure("{\"pretrain_epochs\": 0, "
                                                                 "\"model\": \"convmlp-s\"}");
    struct rog_tester *tester = NULL;
    struct rog_test_result result, again;
    struct rog_error err;
    assert_int_equal(rog_tester_new(&tester, config, NULL, &err), 0);
    assert_int_equal(rog_tester_run(tester, start.path, &result, &err), 0);
    assert_int_equal(result.images, 130);
    assert_string_equal(result.sha256, start.sha256);
    double accuracy, loss;
    judge_by_hand(start.path, &accuracy, &loss);
    assert_true(fabs(result.accuracy - accuracy) < 1e-6);
    assert_true(fabs(result.loss - loss) < 1e-4);

    /* An invalid file is rejected, and the tester continues. */
    char *broken = rog_format("%s/broken.safetensors", (char *)*state);
    assert_int_equal(rog_file_write(broken, "not a model", 11, &err), 0);
    assert_int_equal(rog_tester_run(tester, broken, &again, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, broken));
    assert_int_equal(rog_tester_run(tester, other.path, &again, &err), ROG_EFORMAT);
    assert_int_equal(rog_tester_run(tester, "/nonexistent", &again, &err), ROG_ENOTFOUND);
    assert_int_equal(rog_tester_run(tester, start.path, &again, &err), 0);
    assert_true(again.accuracy == result.accuracy && again.loss == result.loss);
    rog_tester_free(tester);

    /* With another noise, the images differ. */
    assert_int_equal(rog_tester_new(&tester, config, "none", &err), 0);
    assert_int_equal(rog_tester_run(tester, start.path, &again, &err), 0);
    assert_true(again.loss != result.loss);
    rog_tester_free(tester);
    free(broken);
    rog_pretrained_release(&start);
    rog_pretrained_release(&other);
    rog_run_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_made_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_is_detected, setup, teardown),
        cmocka_unit_test_setup_teardown(test_settings_that_matter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_initial_model, setup, teardown),
        cmocka_unit_test_setup_teardown(test_waiting, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_data, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tester, setup, teardown),
    };
    return cmocka_run_group_tests_name("pretrain", tests, NULL, NULL);
}
