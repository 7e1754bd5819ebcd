/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_UI_H
#define ROG_UI_UI_H

/*
 * The live page over a database of results: a server of HTTP that reads it and changes nothing
 * (docs/live-page.md). The database need not be there yet, and may be written by others meanwhile.
 */

#include <stdbool.h>

#include <orchestrator/ui/hooks.h>

struct rog_ui;

struct rog_ui_options {
    const char *database;
    const char *listen; /* listen.h; NULL: loopback */
    bool needs_token;   /* also on loopback */
    const char *token;  /* of the user's choice; NULL: one is made where it is needed */
    const struct rog_ui_hooks *hooks;
};

/* Errors: listen.h, access.h. */
int rog_ui_start(struct rog_ui **ui, const struct rog_ui_options *options, struct rog_error *err);
/* NULL is harmless. */
void rog_ui_stop(struct rog_ui *ui);

/* Where it is, with the token where one is needed. */
const char *rog_ui_url(const struct rog_ui *ui);
/* {url, host, port, token (or null), database, loopback}. Owned by the caller. */
struct rog_json *rog_ui_json(const struct rog_ui *ui);
bool rog_ui_needs_token(const struct rog_ui *ui);
/* Whether only this machine reaches it. */
bool rog_ui_is_loopback(const struct rog_ui *ui);

#endif
