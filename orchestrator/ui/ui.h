/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_UI_H
#define ROG_UI_UI_H

/*
 * The live page about a database of results: an HTTP server that only reads it (docs/live-page.md).
 * The database need not exist yet, and other processes may write to it.
 */

#include <stdbool.h>

#include <orchestrator/ui/hooks.h>

struct rog_ui;

struct rog_ui_options {
    const char *database;
    const char *listen; /* listen.h; NULL: loopback */
    bool needs_token;   /* require a token also on loopback */
    const char *token;  /* chosen by the user; NULL: one is generated if needed */
    const struct rog_ui_hooks *hooks;
};

/* Errors: listen.h, access.h. */
int rog_ui_start(struct rog_ui **ui, const struct rog_ui_options *options, struct rog_error *err);
/* NULL is harmless. */
void rog_ui_stop(struct rog_ui *ui);

/* The address of the page, with the token if one is needed. */
const char *rog_ui_url(const struct rog_ui *ui);
/* {url, host, port, token (or null), database, loopback}. Owned by the caller. */
struct rog_json *rog_ui_json(const struct rog_ui *ui);
bool rog_ui_needs_token(const struct rog_ui *ui);
/* Returns whether it is reachable only from this machine. */
bool rog_ui_is_loopback(const struct rog_ui *ui);

#endif
