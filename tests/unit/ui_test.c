/* SPDX-License-Identifier: Apache-2.0 */
/* How the live page handles a request before it reads the database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <common/json.h>
#include <orchestrator/ui/access.h>
#include <orchestrator/ui/cache.h>
#include <orchestrator/ui/differ.h>
#include <orchestrator/ui/listen.h>
#include <orchestrator/ui/routes.h>
#include <orchestrator/ui/target.h>

/* ---- addresses ---- */

static void targets_are_parsed(void **state)
{
    struct rog_target target;
    const char *runs[4];
    (void)state;
    assert_int_equal(
        rog_target_parse(&target, "/api/runs/a%2Fb%20c/log?text=x+y&run=1&run=2&e=", NULL), 0);
    assert_int_equal(target.parts, 4);
    assert_string_equal(target.part[2], "a/b c");
    assert_string_equal(rog_target_text(&target, "text"), "x y");
    assert_null(rog_target_text(&target, "e"));
    assert_null(rog_target_text(&target, "tex"));
    assert_int_equal(rog_target_texts(&target, "run", runs, 4), 2);
    assert_string_equal(runs[1], "2");
    assert_true(rog_target_is(&target, "api/runs/?/log"));
    assert_false(rog_target_is(&target, "api/runs/?"));
    assert_false(rog_target_is(&target, "api/runs/?/log/?"));
    rog_target_release(&target);
    assert_int_equal(rog_target_parse(&target, "/", NULL), 0);
    assert_true(rog_target_is(&target, ""));
    rog_target_release(&target);
}

static void damaged_targets_are_refused(void **state)
{
    static const char *const damaged[] = {"",         "api",
                                          "*",        "http://x/",
                                          "/%",       "/%4",
                                          "/%zz",     "/%00",
                                          "/a%0a",    "/?x=%0",
                                          "/%ff",     "/%c0%af",
                                          "/?a=\xff", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r"};
    struct rog_target target;
    char *long_one = calloc(1, ROG_TARGET_MAX_BYTES + 2);
    (void)state;
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        assert_int_equal(rog_target_parse(&target, damaged[i], NULL), ROG_EINVAL);
        assert_int_equal(target.parts, 0);
    }
    memset(long_one, '/', ROG_TARGET_MAX_BYTES + 1);
    assert_int_equal(rog_target_parse(&target, long_one, NULL), ROG_EINVAL);
    memset(long_one, '&', ROG_TARGET_MAX_BYTES);
    memcpy(long_one, "/?", 2);
    for (size_t i = 2; i + 1 < ROG_TARGET_MAX_BYTES; i += 2)
        long_one[i] = 'a';
    long_one[ROG_TARGET_MAX_BYTES] = '\0';
    assert_int_equal(rog_target_parse(&target, long_one, NULL), ROG_EINVAL);
    free(long_one);
}

static void values_are_checked(void **state)
{
    struct rog_target target;
    int64_t limit = 7, worker = 1;
    double from = 0.5;
    bool flag = false;
    int order = 0;
    struct rog_error err;
    (void)state;
    assert_int_equal(rog_target_parse(&target,
                                      "/?limit=500&worker=-1&from=nan&to=1e3&rows=1&order=desc&big="
                                      "99999999999999999999&none=",
                                      NULL),
                     0);
    assert_int_equal(rog_target_int(&target, "limit", 1, 500, &limit, NULL), 0);
    assert_int_equal(limit, 500);
    assert_int_equal(rog_target_int(&target, "limit", 1, 499, &limit, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "limit must be a whole number from 1 to 499 (found 500)"));
    assert_int_equal(rog_target_int(&target, "worker", 0, 9, &worker, NULL), ROG_EINVAL);
    assert_int_equal(worker, 1);
    assert_int_equal(rog_target_int(&target, "big", 0, INT64_MAX, &worker, NULL), ROG_EINVAL);
    assert_int_equal(rog_target_int(&target, "none", 0, 9, &worker, NULL), 0);
    assert_int_equal(rog_target_real(&target, "from", 0, 1e9, &from, NULL), ROG_EINVAL);
    assert_int_equal(rog_target_real(&target, "to", 0, 1e9, &from, NULL), 0);
    assert_true(from == 1000);
    assert_int_equal(rog_target_flag(&target, "rows", &flag, NULL), 0);
    assert_true(flag);
    assert_int_equal(rog_target_choice(&target, "order", "asc|desc", &order, NULL), 0);
    assert_int_equal(order, 1);
    assert_int_equal(rog_target_choice(&target, "order", "up|down", &order, NULL), ROG_EINVAL);
    assert_int_equal(rog_target_check(&target, "limit,worker,from,to,rows,order,big", &err),
                     ROG_EINVAL);
    assert_non_null(strstr(err.message, "unknown parameter none"));
    rog_target_release(&target);
}

static void routes_are_found(void **state)
{
    static const struct {
        const char *text;
        bool is_there;
    } addresses[] = {{"/", true},
                     {"/assets/x.js", true},
                     {"/assets/", false},
                     {"/assets/..%2f..%2fetc%2fpasswd", true}, /* not the name of a file */
                     {"/api/runs/x", true},
                     {"/api/runs/x/series", true},
                     {"/api/runs/x/y", false},
                     {"/api", false},
                     {"/../etc/passwd", false},
                     {"/figure/case/c/p.svg", true},
                     {"/figure/chosen/p.svg", true},
                     {"/download/run/r/runs.csv", true},
                     {"//", false}};
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct rog_target target;
        assert_int_equal(rog_target_parse(&target, addresses[i].text, NULL), 0);
        assert_int_equal(rog_route_find(&target) != NULL, addresses[i].is_there);
        rog_target_release(&target);
    }
}

/* ---- access ---- */

static enum rog_access_verdict judge(const struct rog_access *access, const char *address,
                                     struct rog_access_request request)
{
    struct rog_target target;
    assert_int_equal(rog_target_parse(&target, address, NULL), 0);
    enum rog_access_verdict verdict = rog_access_judge(access, &request, &target);
    rog_target_release(&target);
    return verdict;
}

static void hosts_are_known(void **state)
{
    static const struct {
        const char *host;
        bool loopback, open;
    } hosts[] = {{"127.0.0.1:8264", true, true},
                 {"localhost", true, true},
                 {"LOCALHOST:1", true, true},
                 {"[::1]:8264", true, true},
                 {"127.1.2.3", true, true},
                 {"10.0.0.5:8264", false, true},
                 {"[fe80::1]", false, true},
                 {"evil.com", false, false},
                 {"127.0.0.1.evil.com", false, false},
                 {"localhost.evil.com", false, false},
                 {"evil.com:127.0.0.1", false, false},
                 {"", false, false},
                 {"[::1", false, false},
                 {"127.0.0.1:x", false, false},
                 {"robotlab", false, true},
                 {"RobotLab:8264", false, true},
                 {"robotlab.local:8264", false, false},
                 {"robotlab.evil.com", false, false},
                 {"robotlab.example.org:8264", false, true},
                 {"robotlabx", false, false},
                 {"x.localhost", true, true}};
    struct rog_access loopback, open;
    (void)state;
    assert_int_equal(rog_access_init(&loopback, true, 8264, false, NULL, NULL), 0);
    assert_int_equal(rog_access_init(&open, false, 8264, true, NULL, NULL), 0);
    strcpy(open.own_name, "robotlab");
    strcpy(open.listened, "robotlab.example.org");
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        assert_int_equal(rog_access_knows_host(&loopback, hosts[i].host), hosts[i].loopback);
        assert_int_equal(rog_access_knows_host(&open, hosts[i].host), hosts[i].open);
    }
    assert_false(rog_access_knows_host(&loopback, NULL));
}

static void tokens_open(void **state)
{
    static const char token[] = "0123456789abcdef-_XY";
    struct rog_access access;
    const struct rog_access_request plain = {.host = "localhost"};
    struct rog_access_request request = plain;
    (void)state;
    assert_int_equal(rog_access_init(&access, true, 8264, true, token, NULL), 0);
    assert_string_equal(access.cookie, "rogctl_ui_8264");
    assert_int_equal(judge(&access, "/", plain), ROG_ACCESS_NO_TOKEN);
    assert_int_equal(judge(&access, "/?token=0123456789abcdef-_XY", plain), ROG_ACCESS_FIRST);
    assert_int_equal(judge(&access, "/?token=0123456789abcdef-_X", plain), ROG_ACCESS_NO_TOKEN);
    assert_int_equal(judge(&access, "/?token=0123456789abcdef-_XYY", plain), ROG_ACCESS_NO_TOKEN);
    assert_int_equal(judge(&access, "/?token=", plain), ROG_ACCESS_NO_TOKEN);
    request.cookie = "a=b; rogctl_ui_8264=0123456789abcdef-_XY; c=d";
    assert_int_equal(judge(&access, "/api/runs", request), ROG_ACCESS_GRANTED);
    request.cookie = "rogctl_ui_8265=0123456789abcdef-_XY; rogctl_ui_8264=";
    assert_int_equal(judge(&access, "/api/runs", request), ROG_ACCESS_NO_TOKEN);
    request.cookie = "xrogctl_ui_8264=0123456789abcdef-_XY";
    assert_int_equal(judge(&access, "/api/runs", request), ROG_ACCESS_NO_TOKEN);
    request.cookie = NULL;
    request.authorization = "Bearer 0123456789abcdef-_XY";
    assert_int_equal(judge(&access, "/api/runs", request), ROG_ACCESS_GRANTED);
    request.host = "evil.com";
    assert_int_equal(judge(&access, "/api/runs", request), ROG_ACCESS_UNNAMED);
}

static void tokens_are_made_and_checked(void **state)
{
    struct rog_access one, other;
    (void)state;
    assert_int_equal(rog_access_init(&one, false, 1, true, NULL, NULL), 0);
    assert_int_equal(rog_access_init(&other, false, 1, true, NULL, NULL), 0);
    assert_int_equal(strlen(one.token), 32);
    assert_string_not_equal(one.token, other.token);
    assert_int_equal(rog_access_init(&one, true, 1, true, "short", NULL), ROG_EINVAL);
    assert_int_equal(rog_access_init(&one, true, 1, true, "0123456789abcdef;x", NULL), ROG_EINVAL);
    assert_int_equal(rog_access_init(&one, true, 1, false, NULL, NULL), 0);
    assert_string_equal(one.token, "");
}

static void other_sites_are_kept_out(void **state)
{
    struct rog_access access;
    struct rog_access_request request = {.host = "localhost", .fetch_site = "cross-site"};
    (void)state;
    assert_int_equal(rog_access_init(&access, true, 8264, false, NULL, NULL), 0);
    assert_int_equal(judge(&access, "/api/runs", request), ROG_ACCESS_FOREIGN);
    request.fetch_mode = "no-cors";
    assert_int_equal(judge(&access, "/figure/case/a/b.svg", request), ROG_ACCESS_FOREIGN);
    request.fetch_mode = "navigate";
    assert_int_equal(judge(&access, "/", request), ROG_ACCESS_GRANTED);
    request.fetch_site = "same-origin";
    request.fetch_mode = "cors";
    assert_int_equal(judge(&access, "/api/runs", request), ROG_ACCESS_GRANTED);
    request.fetch_site = "none";
    assert_int_equal(judge(&access, "/api/runs", request), ROG_ACCESS_GRANTED);
}

static void addresses_to_listen_on(void **state)
{
    static const struct {
        const char *text, *host;
        int port;
    } good[] = {{NULL, "127.0.0.1", 8264},
                {"9000", "127.0.0.1", 9000},
                {"0.0.0.0:80", "0.0.0.0", 80},
                {"[::1]:81", "::1", 81},
                {"::1", "::1", 8264},
                {"[::1]", "::1", 8264},
                {"localhost", "localhost", 8264},
                {":0", "127.0.0.1", 0}};
    static const char *const bad[] = {"x:y", "1:65536", "[::1", "[::1]x", "a:-1", "70000", "a:"};
    struct rog_listen door;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(rog_listen_parse(&door, good[i].text, NULL), 0);
        assert_string_equal(door.host, good[i].host);
        assert_int_equal(door.port, good[i].port);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(rog_listen_parse(&door, bad[i], NULL), ROG_EINVAL);
}

/* ---- answers ---- */

static void differences_are_named(void **state)
{
    static const char one[] = "{\"a\": 1, \"b\": {\"c\": [1, 2]}, \"d\": \"x\"}";
    static const char two[] = "{\"a\": 1, \"b\": {\"c\": [1, 3, 4]}, \"e\": null}";
    struct rog_json *first = NULL, *second = NULL, *differs = rog_json_array();
    (void)state;
    assert_int_equal(rog_json_parse(one, strlen(one), "", &first, NULL), 0);
    assert_int_equal(rog_json_parse(two, strlen(two), "", &second, NULL), 0);
    assert_int_equal(rog_differ("", first, second, differs), 2);
    char *text = rog_json_text(differs);
    assert_string_equal(text, "[{\"name\":\"b.c[1]\",\"value\":2,\"other\":3},"
                              "{\"name\":\"b.c[2]\",\"value\":null,\"other\":4},"
                              "{\"name\":\"d\",\"value\":\"x\",\"other\":null},"
                              "{\"name\":\"e\",\"value\":null,\"other\":null}]");
    free(text);
    rog_json_free(differs);
    rog_json_free(first);
    rog_json_free(second);
}

static void the_cache_forgets(void **state)
{
    struct rog_cache *cache = NULL;
    char big[30];
    size_t size = 0;
    (void)state;
    memset(big, 'x', sizeof big);
    assert_int_equal(rog_cache_new(&cache, 100, NULL), 0);
    rog_cache_put(cache, "a", 1, "one", 3);
    char *found = rog_cache_get(cache, "a", 1, &size);
    assert_int_equal(size, 3);
    assert_memory_equal(found, "one", 3);
    free(found);
    assert_null(rog_cache_get(cache, "a", 2, &size)); /* it has changed */
    assert_null(rog_cache_get(cache, "a", 1, &size));
    rog_cache_put(cache, "too big", 1, big, sizeof big);
    assert_null(rog_cache_get(cache, "too big", 1, &size));
    for (int i = 0; i < 6; i++)
        rog_cache_put(cache, (const char[]){(char)('a' + i), '\0'}, 1, big, 20);
    assert_null(rog_cache_get(cache, "a", 1, &size)); /* the least recently used */
    found = rog_cache_get(cache, "f", 1, &size);
    assert_non_null(found);
    free(found);
    rog_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_parsed),
        cmocka_unit_test(damaged_targets_are_refused),
        cmocka_unit_test(values_are_checked),
        cmocka_unit_test(routes_are_found),
        cmocka_unit_test(hosts_are_known),
        cmocka_unit_test(tokens_open),
        cmocka_unit_test(tokens_are_made_and_checked),
        cmocka_unit_test(other_sites_are_kept_out),
        cmocka_unit_test(addresses_to_listen_on),
        cmocka_unit_test(differences_are_named),
        cmocka_unit_test(the_cache_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
