/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes words for shells. */
#include <orchestrator/ssh/quote.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

char *rog_ssh_quote(const char *const *argv)
{
    size_t bytes = 1;
    for (size_t i = 0; argv[i]; i++) {
        bytes += 3;
        for (const char *c = argv[i]; *c; c++)
            bytes += *c == '\'' ? 4 : 1;
    }
    char *line = malloc(bytes), *at = line;
    for (size_t i = 0; line && argv[i]; i++) {
        if (i)
            *at++ = ' ';
        *at++ = '\'';
        for (const char *c = argv[i]; *c; c++) {
            if (*c == '\'') { /* ends the quotes, adds the character, begins them again */
                memcpy(at, "'\\''", 4);
                at += 4;
            } else {
                *at++ = *c;
            }
        }
        *at++ = '\'';
    }
    if (line)
        *at = '\0';
    return line;
}

/* Returns whether a character has the same meaning within quotes in all shells: csh interprets !
 * and line ends, fish backslashes, and all shells the quote itself. */
static bool is_common(char c)
{
    return c != '\'' && c != '!' && c != '\\' && c != '\n' && c != '\r';
}

char *rog_ssh_command_line(const char *const *argv)
{
    char *line = rog_ssh_quote(argv), *coded = NULL;
    size_t others = 0, length = line ? strlen(line) : 0;
    for (size_t i = 0; argv[i]; i++)
        for (const char *c = argv[i]; *c; c++)
            others += !is_common(*c);
    if (!line || !others)
        return line;
    /* An sh that decodes the line. The encoded line contains no character that is special in any
     * shell. */
    static const char begin[] = "'sh' '-c' 'eval \"exec $(printf %b \"$1\")\"' 'sh' '";
    coded = malloc(sizeof begin + 5 * length + 2);
    char *at = coded ? stpcpy(coded, begin) : NULL;
    for (const char *c = line; coded && *c; c++) {
        if (is_common(*c))
            *at++ = *c;
        else
            at += sprintf(at, "\\0%03o", (unsigned char)*c);
    }
    if (coded)
        strcpy(at, "'");
    free(line);
    return coded;
}

char *rog_ssh_quote_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "@%+=:,./_-";
    const char *const argv[] = {word, NULL};
    return word[0] && !word[strspn(word, plain)] ? rog_strdup(word) : rog_ssh_quote(argv);
}
