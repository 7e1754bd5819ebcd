/* SPDX-License-Identifier: Apache-2.0 */

/* The queue for a host: names of sockets, and places taken by processes. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <trainer/claim/claim.h>

#define HEAD "ffff8881: 00000002 00000000 00010000 0001 01 5678 "
#define FIRST "00000000000000aa"
#define SECOND "00000000000000bb"
#define LONG_TEXT                                                                              \
    "alice-the-experimenter@controller-of-the-robots, sweep threshold-case0, run 11-29-08-30-" \
    "SSP-4-outdoors-and-then-some"

static void names_identify_the_holder_of_a_host(void **state)
{
    (void)state;
    struct rog_claims claims;
    char table[4096], name[ROG_CLAIM_NAME_BYTES];
    const struct rog_claim_entry run = {.at_ms = 1000, .token = FIRST, .pid = 77};
    const char *rest = LONG_TEXT;
    int used = snprintf(table, sizeof table,
                        "Num       RefCount Protocol Flags    Type St Inode Path\n" HEAD
                        "/run/dbus\n" HEAD "@rogctl/2000/" SECOND "/5/0/bob@lab, sweep b-case0\n");
    for (unsigned part = 0; *rest; part++) {
        rest += rog_claim_name(name, &run, part, rest);
        used += snprintf(table + used, sizeof table - (size_t)used, HEAD "@%s\n", name);
    }
    snprintf(table + used, sizeof table - (size_t)used,
             HEAD "@rogctl/1000/" FIRST "/6/0/alice\n" HEAD "@rogctl-claims\n" HEAD
                  "@rogctl/9/short/1/0/x\n" HEAD "@rogctl/x/" FIRST "/1/0/x\n" HEAD "@rogctl/\n");
    assert_int_equal(rog_claims_read(&claims, table, NULL), 0);
    assert_int_equal(claims.count, 3);
    assert_string_equal(rog_claims_holder(&claims)->text, LONG_TEXT);
    assert_int_equal(rog_claims_holder(&claims)->pid, 77);
    assert_int_equal(rog_claims_before(&claims, FIRST), 0);
    assert_int_equal(rog_claims_before(&claims, SECOND), 1);
    assert_int_equal(rog_claims_before(&claims, "00000000000000cc"), 2);
    assert_string_equal(rog_claims_find(&claims, SECOND)->text, "bob@lab, sweep b-case0");
    assert_null(rog_claims_find(&claims, "00000000000000cc"));
    rog_claims_release(&claims);

    assert_int_equal(rog_claims_read(&claims, "", NULL), 0);
    assert_null(rog_claims_holder(&claims));
    assert_int_equal(rog_claims_before(&claims, FIRST), 0);
    rog_claims_release(&claims);
}

/* Returns the number of sweeps before this one, of the two. */
static size_t before(const char *token, const char *other)
{
    struct rog_claims claims;
    assert_int_equal(rog_claim_look(&claims, NULL), 0);
    const struct rog_claim_entry *own = rog_claims_find(&claims, token);
    const struct rog_claim_entry *its = rog_claims_find(&claims, other);
    assert_non_null(own);
    size_t count = its && its->at_ms < own->at_ms;
    rog_claims_release(&claims);
    return count;
}

static void places_are_taken_in_order(void **state)
{
    (void)state;
    char a[ROG_CLAIM_TOKEN_BYTES], b[ROG_CLAIM_TOKEN_BYTES];
    struct rog_claim first, second, run;
    snprintf(a, sizeof a, "aa%014x", (unsigned)getpid());
    snprintf(b, sizeof b, "bb%014x", (unsigned)getpid());
    assert_int_equal(rog_claim_enter(&first, a, LONG_TEXT, NULL), 0);
    assert_int_equal(rog_claim_enter(&second, b, "b\nc\x7f", NULL), 0);
    assert_int_equal(before(a, b), 0);
    assert_int_equal(before(b, a), 1);

    /* Other claims of a sweep are at the sweep's place, and keep it. */
    int end[2], status = 0;
    char byte = 1;
    assert_int_equal(pipe(end), 0);
    pid_t child = fork();
    if (child == 0) {
        int code = rog_claim_enter(&run, a, "run", NULL);
        rog_claim_leave(&first); /* the fork's copy */
        rog_claim_leave(&second);
        code |= write(end[1], &byte, 1) != 1;
        pause();
        _exit(code);
    }
    assert_int_equal(read(end[0], &byte, 1), 1);
    rog_claim_leave(&first);
    assert_int_equal(before(a, b), 0);
    assert_int_equal(before(b, a), 1);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);

    /* A sweep that returns is last; nothing is left of a sweep that has gone. */
    assert_int_equal(before(b, a), 0);
    assert_int_equal(rog_claim_enter(&first, a, "a", NULL), 0);
    assert_int_equal(before(b, a), 0);
    assert_int_equal(before(a, b), 1);
    rog_claim_leave(&first);
    rog_claim_leave(&second);
    struct rog_claims claims;
    assert_int_equal(rog_claim_look(&claims, NULL), 0);
    assert_null(rog_claims_find(&claims, a));
    rog_claims_release(&claims);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_identify_the_holder_of_a_host),
        cmocka_unit_test(places_are_taken_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
