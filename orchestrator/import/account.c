/* SPDX-License-Identifier: Apache-2.0 */
/* Counts rows of files by whether they were stored or rejected. */
#include <orchestrator/import/account.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rog_account_refuse(struct rog_account *account, const char *reason, uint32_t line)
{
    size_t i = 0;
    while (i < account->refusals && strcmp(account->refusal[i].reason, reason) != 0)
        i++;
    assert(i < ROG_ACCOUNT_REASONS);
    struct rog_refusal *refusal = &account->refusal[i];
    if (i == account->refusals) {
        *refusal = (struct rog_refusal){reason, 0, line};
        account->refusals++;
    }
    refusal->count++;
    refusal->first = line < refusal->first ? line : refusal->first;
}

void rog_account_settle(struct rog_account *account, const char *reason, uint32_t line)
{
    if (reason)
        rog_account_refuse(account, reason, line);
    else
        account->stored++;
}

static int64_t refused(const struct rog_account *account)
{
    int64_t count = 0;
    for (size_t i = 0; i < account->refusals; i++)
        count += account->refusal[i].count;
    return count;
}

bool rog_account_adds_up(const struct rog_account *account)
{
    return account->rows == account->stored + refused(account);
}

struct rog_json *rog_account_json(const struct rog_account *account)
{
    struct rog_json *made = rog_json_object(), *refusals = rog_json_array();
    rog_json_put_string(made, "file", account->file);
    rog_json_put_integer(made, "lines", account->lines);
    rog_json_put_string(made, "row", account->row);
    rog_json_put_integer(made, "rows", account->rows);
    rog_json_put_integer(made, "others", account->others);
    rog_json_put_integer(made, "stored", account->stored);
    rog_json_put_integer(made, "refused", refused(account));
    rog_json_put_integer(made, "sorted", account->sorted);
    rog_json_put_bool(made, "unended", account->unended);
    for (size_t i = 0; i < account->refusals; i++) {
        struct rog_json *refusal = rog_json_object();
        rog_json_put_string(refusal, "reason", account->refusal[i].reason);
        rog_json_put_integer(refusal, "count", account->refusal[i].count);
        rog_json_put_integer(refusal, "first_line", account->refusal[i].first);
        rog_json_append(refusals, refusal);
    }
    rog_json_put(made, "refusals", refusals);
    return made;
}

static bool is_before_start(const struct rog_json *refusal)
{
    return strcmp(rog_json_get_string(refusal, "reason", ""), ROG_BEFORE_START) == 0;
}

static void write_refusals(FILE *text, const struct rog_json *refusals)
{
    for (size_t i = 0; i < rog_json_size(refusals); i++) {
        const struct rog_json *refusal = rog_json_at(refusals, i);
        long long count = (long long)rog_json_get_integer(refusal, "count", 0);
        long long line = (long long)rog_json_get_integer(refusal, "first_line", 0);
        if (is_before_start(refusal))
            fprintf(text,
                    "; %lld left out from before the start (from line %lld on); the last one "
                    "before it is kept as the start",
                    count, line);
        else
            fprintf(text, "; %lld rejected: %s (%sline %lld)", count,
                    rog_json_get_string(refusal, "reason", ""), count > 1 ? "first in " : "", line);
    }
}

static void write_account(FILE *text, const struct rog_json *account)
{
    long long rows = (long long)rog_json_get_integer(account, "rows", 0);
    long long stored = (long long)rog_json_get_integer(account, "stored", 0);
    long long lines = (long long)rog_json_get_integer(account, "lines", 0);
    long long sorted = (long long)rog_json_get_integer(account, "sorted", 0);
    long long others = (long long)rog_json_get_integer(account, "others", 0);
    fprintf(text, "%s: ", rog_json_get_string(account, "file", ""));
    if (!rog_json_get(account, "rows")) {
        fprintf(text, "not read: not a known file of a run");
        return;
    }
    fprintf(text, "%lld %s in %lld line%s", rows, rog_json_get_string(account, "row", "rows"),
            lines, lines == 1 ? "" : "s");
    if (rows && stored == rows)
        fprintf(text, ", all stored");
    else if (rows)
        fprintf(text, ", %lld stored", stored);
    if (others)
        fprintf(text, "; %lld other line%s", others, others == 1 ? "" : "s");
    write_refusals(text, rog_json_get(account, "refusals"));
    if (sorted)
        fprintf(text, "; %lld out of order, sorted", sorted);
    if (rog_json_get_bool(account, "unended", false))
        fprintf(text, "; the last one has no newline and was read as it is");
}

bool rog_account_is_notable(const struct rog_json *account)
{
    const struct rog_json *refusals = rog_json_get(account, "refusals");
    bool notable = !rog_json_get(account, "rows") || rog_json_get_integer(account, "sorted", 0) ||
                   rog_json_get_bool(account, "unended", false);
    for (size_t i = 0; i < rog_json_size(refusals); i++)
        notable = notable || !is_before_start(rog_json_at(refusals, i));
    return notable;
}

char *rog_account_text(const struct rog_json *account)
{
    char *line = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&line, &size);
    if (!text)
        return NULL;
    write_account(text, account);
    if (fclose(text) == 0)
        return line;
    free(line);
    return NULL;
}
