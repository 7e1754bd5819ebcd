/* SPDX-License-Identifier: Apache-2.0 */
/* Quoting for shells. */
#include <orchestrator/ssh/quote.h>

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
            if (*c == '\'') { /* ends the quotes, stands alone, begins them again */
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

char *rog_ssh_quote_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "@%+=:,./_-";
    const char *const argv[] = {word, NULL};
    return word[0] && !word[strspn(word, plain)] ? rog_strdup(word) : rog_ssh_quote(argv);
}
