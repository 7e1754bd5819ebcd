/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_IMPORT_ACCOUNT_H
#define ROG_IMPORT_ACCOUNT_H

/* An account of the rows of one file: each is stored or rejected, with the reason. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>

#define ROG_ACCOUNT_REASONS 16

/* Rejected as intended: it does not belong to the run. */
#define ROG_BEFORE_START "from before the start"

struct rog_account {
    const char *file; /* from the run's folder; borrowed */
    const char *row;  /* what a row is, in plural: "iterations"; borrowed */
    int64_t lines, rows, stored;
    int64_t sorted; /* stored rows that came after a later one */
    int64_t others; /* lines that are messages, not rows */
    bool unended;   /* the last row has no line end, and was accepted */
    struct rog_refusal {
        const char *reason; /* a literal */
        int64_t count;
        uint32_t first; /* line */
    } refusal[ROG_ACCOUNT_REASONS];
    size_t refusals;
};

/* Counts a row that is rejected. */
void rog_account_refuse(struct rog_account *account, const char *reason, uint32_t line);

/* Counts a row that is rejected for that reason, or stored if it is NULL. */
void rog_account_settle(struct rog_account *account, const char *reason, uint32_t line);

/* Whether every row is stored or rejected. */
bool rog_account_adds_up(const struct rog_account *account);

/* {"file", "lines", "row", "rows", "others", "stored", "refused", "sorted", "unended", "refusals":
 * [{"reason", "count", "first_line"}]}; NULL without memory. */
struct rog_json *rog_account_json(const struct rog_account *account);

/* Whether it contains anything rejected, odd or unread. */
bool rog_account_is_notable(const struct rog_json *account);

/* Describes the account in a line of text, in heap memory; NULL without memory. The account of a
 * file that was not read has only {"file", "bytes"}. */
char *rog_account_text(const struct rog_json *account);

#endif
