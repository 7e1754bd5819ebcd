/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_ROUTES_H
#define ROG_UI_ROUTES_H

/* The table of addresses and their handlers. */

#include <orchestrator/ui/call.h>

struct rog_route {
    const char *path;       /* as for rog_target_is */
    const char *parameters; /* parameters that it accepts: "a,b" */
    rog_ui_handler *handler;
    enum rog_lane lane;
    enum {
        ROG_ROUTE_DB,
        ROG_ROUTE_NO_DB,
        ROG_ROUTE_AT_ONCE
    } kind; /* reads the database; does not read it, or opens it itself; does not block */
};

/* NULL: no such address. */
const struct rog_route *rog_route_find(const struct rog_target *target);

/* For rog_web_hooks; `user` is a struct rog_ui. */
bool rog_routes_begin(void *user, struct rog_web_request *request, struct rog_web_answer *answer);

#endif
