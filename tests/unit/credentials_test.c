/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the user for passphrases: once for each, however many connections need it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/ssh/credentials.h>

#define THREADS 8

/* The user who is asked. */
struct person {
    const char *const *answers; /* in order; NULL: declines */
    unsigned asked;
    char text[256]; /* of the last question */
    bool echo, waits, saw_cancel;
    struct rog_credentials *credentials;
};

static bool prompt(void *user, const char *text, bool echo, int cancel_fd, char *answer,
                   size_t bytes)
{
    struct person *person = user;
    struct pollfd cancel = {.fd = cancel_fd, .events = POLLIN};
    snprintf(person->text, sizeof person->text, "%s", text);
    person->echo = echo;
    if (!rog_credentials_is_asking(person->credentials))
        return false;
    if (person->waits)
        person->saw_cancel = poll(&cancel, 1, 20000) == 1;
    const char *given = person->waits ? NULL : person->answers[person->asked];
    person->asked++;
    if (given)
        snprintf(answer, bytes, "%s", given);
    return given != NULL;
}

static void begin(struct person *person, const char *const *answers)
{
    *person = (struct person){.answers = answers};
    assert_int_equal(rog_credentials_new(&person->credentials, prompt, person, NULL), 0);
}

static void asked_again_until_it_is_right(void **state)
{
    (void)state;
    static const char *const answers[] = {"one", "two", "three", "four"};
    struct person person;
    char text[32];
    unsigned number = 0, other = 0;
    begin(&person, answers);
    assert_true(
        rog_credentials_ask(person.credentials, "key a", false, &number, text, sizeof text));
    assert_string_equal(text, "one");
    assert_string_equal(person.text, "key a: ");
    assert_false(person.echo);
    assert_true(
        rog_credentials_ask(person.credentials, "key a", false, &number, text, sizeof text));
    assert_string_equal(text, "two");
    assert_string_equal(person.text, "Wrong answer. key a: ");
    /* Another connection gets the newest answer at once, whether it has tried one or not. */
    assert_true(rog_credentials_ask(person.credentials, "key a", false, &other, text, sizeof text));
    assert_string_equal(text, "two");
    assert_int_equal(other, 2);
    other = 1;
    assert_true(rog_credentials_ask(person.credentials, "key a", false, &other, text, sizeof text));
    assert_string_equal(text, "two");
    assert_int_equal(person.asked, 2);
    /* A third time, but not a fourth. */
    assert_true(
        rog_credentials_ask(person.credentials, "key a", false, &number, text, sizeof text));
    assert_string_equal(text, "three");
    assert_false(
        rog_credentials_ask(person.credentials, "key a", false, &number, text, sizeof text));
    assert_int_equal(person.asked, 3);
    /* Another key has its own question. */
    number = 0;
    assert_true(rog_credentials_ask(person.credentials, "code", true, &number, text, sizeof text));
    assert_true(person.echo);
    assert_string_equal(text, "four");
    assert_false(rog_credentials_is_asking(person.credentials));
    rog_credentials_free(person.credentials);
}

static void a_user_who_declines_is_not_asked_again(void **state)
{
    (void)state;
    static const char *const answers[] = {NULL, "too late"};
    struct person person;
    char text[32];
    unsigned number = 0;
    begin(&person, answers);
    assert_false(rog_credentials_ask(person.credentials, "key", false, &number, text, sizeof text));
    assert_false(rog_credentials_ask(person.credentials, "key", false, &number, text, sizeof text));
    assert_int_equal(person.asked, 1);
    assert_false(rog_credentials_ask(NULL, "key", false, &number, text, sizeof text));
    rog_credentials_free(person.credentials);
}

static void a_long_answer_is_not_cut(void **state)
{
    (void)state;
    static const char *const answers[] = {"123456789"};
    struct person person;
    char text[9] = "";
    unsigned number = 0;
    begin(&person, answers);
    assert_false(rog_credentials_ask(person.credentials, "key", false, &number, text, sizeof text));
    assert_string_equal(text, "");
    rog_credentials_free(person.credentials);
}

struct thread {
    pthread_t thread;
    struct person *person;
    const char *right;
    bool good;
};

/* Asks like a connection, until the key opens. */
static void *connect_one(void *user)
{
    struct thread *thread = user;
    char text[32] = "";
    unsigned number = 0;
    while (!thread->good && rog_credentials_ask(thread->person->credentials, "key", false, &number,
                                                text, sizeof text))
        thread->good = strcmp(text, thread->right) == 0;
    return NULL;
}

static void connect_all(struct thread *threads, struct person *person, const char *right)
{
    for (int i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){.person = person, .right = right};
        assert_int_equal(pthread_create(&threads[i].thread, NULL, connect_one, &threads[i]), 0);
    }
}

static void many_connections_ask_once(void **state)
{
    (void)state;
    static const char *const answers[] = {"wrong", "right", NULL};
    struct thread threads[THREADS];
    struct person person;
    begin(&person, answers);
    connect_all(threads, &person, "right");
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i].thread, NULL);
        assert_true(threads[i].good);
    }
    assert_int_equal(person.asked, 2);
    rog_credentials_free(person.credentials);
}

static void a_question_is_withdrawn(void **state)
{
    (void)state;
    struct thread threads[THREADS];
    struct person person;
    begin(&person, NULL);
    person.waits = true;
    connect_all(threads, &person, "right");
    while (!rog_credentials_is_asking(person.credentials))
        usleep(1000);
    rog_credentials_cancel(person.credentials);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i].thread, NULL);
        assert_false(threads[i].good);
    }
    assert_true(person.saw_cancel);
    assert_int_equal(person.asked, 1);
    rog_credentials_free(person.credentials);
    rog_credentials_free(NULL);
    rog_credentials_cancel(NULL);
    assert_false(rog_credentials_is_asking(NULL));
}

/* According to the kernel: "lo" locked and "dd" not dumped. */
static void answers_are_in_locked_memory(void **state)
{
    (void)state;
    static const char *const answers[] = {"a passphrase"};
    struct person person;
    char text[32], line[512];
    unsigned number = 0, kinds = 0;
    begin(&person, answers);
    assert_true(rog_credentials_ask(person.credentials, "key", false, &number, text, sizeof text));
    FILE *maps = fopen("/proc/self/smaps", "re");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps))
        if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " dd") && strstr(line, " dc"))
            kinds |= strstr(line, " lo") ? 2 : 1;
    fclose(maps);
    rog_credentials_free(person.credentials);
    if (kinds == 1) { /* a limit of 0, or AddressSanitizer, which does not lock memory */
        print_message("not tried: no memory may be locked here\n");
        skip();
    }
    assert_true(kinds & 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asked_again_until_it_is_right),
        cmocka_unit_test(a_user_who_declines_is_not_asked_again),
        cmocka_unit_test(a_long_answer_is_not_cut),
        cmocka_unit_test(many_connections_ask_once),
        cmocka_unit_test(a_question_is_withdrawn),
        cmocka_unit_test(answers_are_in_locked_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
