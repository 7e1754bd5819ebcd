/* SPDX-License-Identifier: Apache-2.0 */
/* Finds script and interpreter in a command, like a shell. */
#include <common/program_command.h>

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <common/file.h>

#define BLANKS " \t"

/* Returns the length of the word at `at`, including quotes; -1 if a quote is not closed. */
static ptrdiff_t word_length(const char *at)
{
    char quote = '\0';
    const char *end = at;
    for (; *end && (quote || !strchr(BLANKS, *end)); end++) {
        if (*end == '\\' && quote != '\'' && end[1])
            end++;
        else if (quote)
            quote = *end == quote ? '\0' : quote;
        else if (*end == '\'' || *end == '"')
            quote = *end;
    }
    return quote ? -1 : end - at;
}

/* Returns whether the word is NAME=VALUE. */
static bool is_assignment(const char *word, ptrdiff_t length)
{
    ptrdiff_t name = 0;
    while (name < length && (isalnum((unsigned char)word[name]) || word[name] == '_'))
        name++;
    return name > 0 && name < length && word[name] == '=' && !isdigit((unsigned char)word[0]);
}

/* Returns whether the word is python3, /usr/bin/python3.11, pypy3 or similar. */
static bool is_python(const char *word, ptrdiff_t length)
{
    static const char *const names[] = {"python", "pypy"};
    const char *base = word;
    for (ptrdiff_t i = 0; i < length; i++)
        base = word[i] == '/' ? word + i + 1 : base;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t name = strlen(names[i]), rest = (size_t)(word + length - base);
        if (rest >= name && strncmp(base, names[i], name) == 0 &&
            strspn(base + name, "0123456789.t") >= rest - name)
            return true;
    }
    return false;
}

/* Returns whether the word is a Python option without a value that does not keep Python from
 * finding packages. */
static bool is_option(const char *word, ptrdiff_t length)
{
    return length > 1 && word[0] == '-' && strspn(word + 1, "bBdOqsSuv") >= (size_t)length - 1;
}

/* Returns whether a shell would run several commands, or would not find the end. */
static bool is_compound(const char *command)
{
    char quote = '\0';
    for (const char *at = command; *at; at++) {
        if (*at == '\\' && quote != '\'' && at[1])
            at++;
        else if (quote)
            quote = *at == quote ? '\0' : quote;
        else if (*at == '\'' || *at == '"')
            quote = *at;
        else if (strchr(";|()`\n", *at) || (*at == '&' && (at == command || at[-1] != '>')))
            return true;
    }
    return quote;
}

/* Skips blanks and words at *at for which `is` returns true. */
static void skip(const char **at, bool (*is)(const char *word, ptrdiff_t length))
{
    ptrdiff_t length;
    *at += strspn(*at, BLANKS);
    while ((length = word_length(*at)) > 0 && is(*at, length)) {
        *at += length;
        *at += strspn(*at, BLANKS);
    }
}

/* Returns the position of the script in the command; NULL if the command has another form. */
static const char *find_script(const char *command)
{
    const char *at = command;
    skip(&at, is_assignment);
    ptrdiff_t length = word_length(at);
    if (length <= 0 || !is_python(at, length))
        return NULL;
    at += length;
    skip(&at, is_option);
    length = word_length(at);
    return length > 0 && *at != '-' && !strchr("<>", *at) && !is_compound(command) ? at : NULL;
}

int rog_program_host_command(const char *command, uint32_t workers, char **hosted,
                             struct rog_error *err)
{
    const char *script = find_script(command);
    *hosted = NULL;
    if (!script)
        return rog_fail(err, ROG_EINVAL,
                        "command: with workers_per_process = %u the command must be `PYTHON SCRIPT "
                        "ARGUMENTS`, as in \"python3 train.py --lr 0.1\", so that rog.worker_host "
                        "can run the script once for each worker (found \"%.200s\")",
                        workers, command);
    *hosted = rog_format("%.*s-m rog.worker_host --workers %u %s", (int)(script - command), command,
                         workers, script);
    return *hosted ? ROG_OK : rog_fail_nomem(err);
}

int rog_program_copying_command(const char *command, char **copying, struct rog_error *err)
{
    const char *script = strpbrk(command, "<>") ? NULL : find_script(command);
    *copying = NULL;
    if (!script)
        return ROG_OK;
    *copying = rog_format("%.*s-m rog.test_host %s", (int)(script - command), command, script);
    return *copying ? ROG_OK : rog_fail_nomem(err);
}
