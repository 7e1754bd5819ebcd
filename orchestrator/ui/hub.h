/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_HUB_H
#define ROG_UI_HUB_H

/*
 * Polls the database twice a second while there are listeners, and sends all of them what is new:
 * server-sent events (docs/live-page.md). Has a thread of its own.
 */

#include <orchestrator/store/db.h>
#include <orchestrator/ui/web.h>

#define ROG_HUB_LISTENERS_MAX 64

struct rog_hub;

struct rog_hub_hooks {
    void (*second)(void *user);  /* called about once a second, with or without listeners */
    void (*changed)(void *user); /* called when the database has changed */
    void *user;
};

/* `path` is borrowed. The thread starts with rog_hub_run. */
int rog_hub_new(struct rog_hub **hub, const char *path, const struct rog_hub_hooks *hooks,
                struct rog_error *err);
int rog_hub_run(struct rog_hub *hub, struct rog_error *err);
/* Closes all listeners. NULL is harmless. */
void rog_hub_free(struct rog_hub *hub);

/* Adds a listener to what happens in all runs, and to new rows of `run` (an id; NULL: of none).
 * ROG_EBUSY: there are too many. */
int rog_hub_add(struct rog_hub *hub, const char *run, struct rog_web_stream **stream,
                struct rog_error *err);

/* The number of changes of the database so far. */
int64_t rog_hub_changes(struct rog_hub *hub);
/* Sends how many summaries are known (summaries.h). */
void rog_hub_tell_measured(struct rog_hub *hub, size_t known, size_t of);

/* "ok", or a word for why the database cannot be opened. */
const char *rog_database_state(const char *path, int code);

#endif
