/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_HUB_H
#define ROG_UI_HUB_H

/*
 * Looks at the database twice a second while anybody listens, and tells all listeners what is new:
 * server-sent events (docs/live-page.md). A thread of its own.
 */

#include <orchestrator/store/db.h>
#include <orchestrator/ui/web.h>

#define ROG_HUB_LISTENERS_MAX 64

struct rog_hub;

struct rog_hub_hooks {
    void (*second)(void *user);  /* about once a second, whether anybody listens or not */
    void (*changed)(void *user); /* the database has */
    void *user;
};

/* `path` stays the caller's. The thread begins with rog_hub_run. */
int rog_hub_new(struct rog_hub **hub, const char *path, const struct rog_hub_hooks *hooks,
                struct rog_error *err);
int rog_hub_run(struct rog_hub *hub, struct rog_error *err);
/* Takes leave of all listeners. NULL is harmless. */
void rog_hub_free(struct rog_hub *hub);

/* One more listener, to what happens in all runs, and to the rows of `run` (an id; NULL: of none)
 * from now on. ROG_EBUSY: there are too many. */
int rog_hub_add(struct rog_hub *hub, const char *run, struct rog_web_stream **stream,
                struct rog_error *err);

/* Counts the changes of the database that were seen. */
int64_t rog_hub_changes(struct rog_hub *hub);
/* How many summaries are known (summaries.h). */
void rog_hub_tell_measured(struct rog_hub *hub, size_t known, size_t of);

/* "ok", or what there is in its place for who cannot open the database. */
const char *rog_database_state(const char *path, int code);

#endif
