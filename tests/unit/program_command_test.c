/* SPDX-License-Identifier: Apache-2.0 */
/* Commands for which a process can host several workers, and others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/program_command.h>

#define HOST "-m rog.worker_host --workers 16 "

/* A test is run by copies of a process if a worker could share one, unless its output is
 * redirected. */
static void check_copying(const char *command, const char *hosted)
{
    struct rog_error err = {0};
    char *copying = NULL;
    const char *at = hosted ? strstr(hosted, HOST) : NULL;
    assert_int_equal(rog_program_copying_command(command, &copying, &err), 0);
    if (!at || strchr(command, '>')) {
        assert_null(copying);
        return;
    }
    assert_non_null(copying);
    size_t before = (size_t)(at - hosted);
    assert_int_equal(strncmp(copying, hosted, before), 0);
    assert_string_equal(strstr(copying, "-m rog.test_host "), copying + before);
    assert_string_equal(copying + before + strlen("-m rog.test_host "), at + strlen(HOST));
    free(copying);
}

static void commands_are_hosted(void **state)
{
    (void)state;
    static const struct {
        const char *command, *hosted; /* NULL: cannot be hosted */
    } cases[] = {
        {"python3 train.py", "python3 " HOST "train.py"},
        {"python3\ttrain.py --lr 0.1", "python3\t" HOST "train.py --lr 0.1"},
        {"  python  a/train.py", "  python  " HOST "a/train.py"},
        {"/usr/bin/python3.11 train.py", "/usr/bin/python3.11 " HOST "train.py"},
        {"pypy3 train.py", "pypy3 " HOST "train.py"},
        {"A=1 B='x y' python3 -u train.py", "A=1 B='x y' python3 -u " HOST "train.py"},
        {"A=\"a \\\" b\" python3 train.py", "A=\"a \\\" b\" python3 " HOST "train.py"},
        {"python3 'my train.py' \"a;b\" 'c|d' e\\&f",
         "python3 " HOST "'my train.py' \"a;b\" 'c|d' e\\&f"},
        {"python3 train.py >out 2>&1", "python3 " HOST "train.py >out 2>&1"},
        {"", NULL},
        {"python3", NULL},
        {"python3 ", NULL},
        {"python3 -u", NULL},
        {"python3 -m train", NULL},
        {"python3 -c 'import train'", NULL},
        {"python3 -I train.py", NULL}, /* would not find rog */
        {"python3 -", NULL},
        {"python3 <train.py", NULL},
        {"pythonic train.py", NULL},
        {"./train", NULL},
        {"torchrun train.py", NULL},
        {"cd x && python3 train.py", NULL},
        {"python3 a.py; python3 b.py", NULL},
        {"python3 a.py | tee log", NULL},
        {"python3 a.py &", NULL},
        {"python3 a.py $(date)", NULL},
        {"python3 a.py 'open", NULL},
        {"1A=2 python3 a.py", NULL},
        {"A= ", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_error err = {0};
        char *hosted = NULL;
        int code = rog_program_host_command(cases[i].command, 16, &hosted, &err);
        if (cases[i].hosted && (code || strcmp(hosted, cases[i].hosted) != 0))
            fail_msg("\"%s\" gives \"%s\" %s", cases[i].command, hosted ? hosted : "", err.message);
        check_copying(cases[i].command, hosted);
        if (!cases[i].hosted && (code != ROG_EINVAL || hosted || !strstr(err.message, "PYTHON")))
            fail_msg("\"%s\" gives %d \"%s\" %s", cases[i].command, code, hosted ? hosted : "",
                     err.message);
        free(hosted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(commands_are_hosted)};
    return cmocka_run_group_tests_name("program_command", tests, NULL, NULL);
}
