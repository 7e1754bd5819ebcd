/* SPDX-License-Identifier: Apache-2.0 */

/* Addresses as users write them; what nodes tell each other before a session begins. */

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/file.h>
#include <librog/net/hello.h>

#include "folder_support.h"

/* Returns the port of the address; -1: rejected. */
static int port_of(const char *text, bool passive)
{
    struct sockaddr_storage address;
    socklen_t bytes;
    if (rog_link_resolve(text, passive, &address, &bytes, NULL) != ROG_OK)
        return -1;
    /* IPv4 and IPv6 addresses have the port in the same place. */
    return ntohs(((const struct sockaddr_in *)&address)->sin_port);
}

static void an_address_is_a_host_and_a_port(void **state)
{
    (void)state;
    assert_int_equal(port_of("127.0.0.1:7700", false), 7700);
    assert_int_equal(port_of("[::1]:65535", false), 65535);
    assert_int_equal(port_of(":0", true), 0);
    assert_int_equal(port_of(":7700", true), 7700);
    assert_int_equal(port_of(":7700", false), -1);
    assert_int_equal(port_of("127.0.0.1", false), -1);
    assert_int_equal(port_of("127.0.0.1:", false), -1);
}

static void a_port_is_a_number_of_16_bits(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        ":65536", ":99999",  ":65616", ":4294967376", ":18446744073709551696",
        ":-1",    ":+7700",  ": 7700", ":7700 ",      ":http",
        ":0x50",  ":7700.0", ":7e3",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(port_of(wrong[i], true), -1);
}

static void a_hello_fits_into_the_first_frame(void **state)
{
    (void)state;
    static const struct rog_strategy strategy = {.name = "chatty", .version = "1"};
    char word[3900];
    struct rog_error err = {0};
    struct rog_json *made = NULL, *parameters = rog_json_object();
    struct rog_hello hello = {
        .strategy = &strategy, .parameters = parameters, .workers = 2, .workload = "none"};
    rog_json_put_string(parameters, "word", "short");
    assert_int_equal(rog_hello_make(&hello, &made, &err), ROG_OK);
    rog_json_free(made);
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    rog_json_put_string(parameters, "word", word);
    made = NULL;
    assert_int_equal(rog_hello_make(&hello, &made, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "chatty"));
    rog_json_free(made);
    rog_json_free(parameters);
}

/* Returns the hello of a run with these settings. */
static struct rog_json *hello_of(const char *text)
{
    static const struct rog_strategy strategy = {.name = "any", .version = "1"};
    struct rog_json *settings = NULL, *made = NULL;
    assert_int_equal(rog_json_parse(text, strlen(text), "settings", &settings, NULL), 0);
    const struct rog_hello hello = {
        .strategy = &strategy, .workers = 2, .workload = "none", .settings = settings};
    assert_int_equal(rog_hello_make(&hello, &made, NULL), ROG_OK);
    rog_json_free(settings);
    return made;
}

/* Returns the server's refusal of a worker with the other settings; NULL: accepted. */
static const char *refusal(const char *server, const char *worker)
{
    static struct rog_error err;
    struct rog_json *own = hello_of(server), *peer = hello_of(worker);
    int code = rog_hello_compare(own, peer, "worker 1", &err);
    rog_json_free(own);
    rog_json_free(peer);
    return code ? err.message : NULL;
}

static void settings_of_both_ends_are_compared(void **state)
{
    (void)state;
    static const char *const pairs[][3] = {
        {"{\"compression\":\"sign\"}", "{\"compression\":\"none\"}",
         "compression of worker 1 is \"none\", but the server has \"sign\""},
        {"{}", "{\"error_feedback\":0.5}",
         "error_feedback of worker 1 is 0.5, but the server has 1:"},
        {"{\"contribution\":\"delta\"}", "{}",
         "contribution of worker 1 is gradient, but the server has \"delta\""},
        {"{\"compression_parameters\":{\"density\":0.1}}",
         "{\"compression_parameters\":{\"density\":0.2}}",
         "compression_parameters of worker 1 is {\"density\":0.2}, but the server has "
         "{\"density\":0.1}"},
        {"{\"compression_parameters\":{\"density\":0.1}}", "{}",
         "compression_parameters of worker 1 is the default"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const char *said = refusal(pairs[i][0], pairs[i][1]);
        assert_non_null(said);
        if (!strstr(said, pairs[i][2]))
            fail_msg("%s", said);
    }
    assert_null(refusal("{\"error_feedback\":1}", "{\"contribution\":\"gradient\"}"));
    /* A plugin has another path on each host. */
    assert_null(refusal("{\"compression\":\"/a/b.so\"}", "{\"compression\":\"/c/d/b.so\"}"));
    assert_non_null(
        strstr(refusal("{\"compression\":\"/a/b.so\"}", "{\"compression\":\"/a/c.so\"}"),
               "compression of worker 1 is \"c.so\", but the server has \"b.so\""));
    /* Settings that affect only one end. */
    assert_null(refusal("{\"server_optimizer\":\"nesterov\"}", "{}"));
}

/* Returns the hello of a run whose strategy and codec are in these files. */
static struct rog_json *hello_with(const char *library_file, const char *compression_file)
{
    static const struct rog_strategy strategy = {.name = "any", .version = "1"};
    struct rog_json *made = NULL;
    const struct rog_hello hello = {.strategy = &strategy,
                                    .workers = 2,
                                    .workload = "none",
                                    .library_file = library_file,
                                    .compression_file = compression_file};
    assert_int_equal(rog_hello_make(&hello, &made, NULL), ROG_OK);
    return made;
}

/* Files with the same name are distinguished by their contents, if both are for the same
 * architecture. */
static void plugins_of_both_ends_are_the_same_file(void **state)
{
    char *folder = NULL, *files[2];
    struct rog_error err = {0};
    (void)state;
    assert_int_equal(temporary_folder(&folder, "hello-test"), 0);
    for (int i = 0; i < 2; i++) {
        char *place = rog_format("%s/%d", folder, i);
        assert_int_equal(rog_dir_make(place, NULL), 0);
        files[i] = rog_path_join(place, "x.so");
        assert_int_equal(rog_file_write(files[i], i ? "two" : "one", 3, NULL), 0);
        free(place);
    }
    for (int codec = 0; codec < 2; codec++) {
        const char *key = codec ? "compression_file" : "library_file";
        struct rog_json *hello[3] = {
            codec ? hello_with(NULL, files[0]) : hello_with(files[0], NULL),
            codec ? hello_with(NULL, files[1]) : hello_with(files[1], NULL),
            hello_with(NULL, NULL)};
        assert_int_equal(rog_hello_compare(hello[0], hello[0], "worker 1", &err), ROG_OK);
        assert_int_equal(rog_hello_compare(hello[0], hello[2], "worker 1", &err), ROG_OK);
        assert_int_equal(rog_hello_compare(hello[0], hello[1], "worker 1", &err), ROG_EINVAL);
        assert_non_null(strstr(err.message, codec ? "the file of compression of worker 1 is"
                                                  : "the file of the strategy of worker 1 is"));
        rog_json_put_string(hello[1], key, "vax 0123");
        assert_int_equal(rog_hello_compare(hello[0], hello[1], "worker 1", &err), ROG_OK);
        for (int i = 0; i < 3; i++)
            rog_json_free(hello[i]);
    }
    free(files[0]);
    free(files[1]);
    rog_dir_remove(folder, NULL);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_a_host_and_a_port),
        cmocka_unit_test(a_port_is_a_number_of_16_bits),
        cmocka_unit_test(a_hello_fits_into_the_first_frame),
        cmocka_unit_test(settings_of_both_ends_are_compared),
        cmocka_unit_test(plugins_of_both_ends_are_the_same_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
