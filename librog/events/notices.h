/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EVENTS_NOTICES_H
#define ROG_EVENTS_NOTICES_H

/* The events of a server's notices, for drivers in real and in virtual time. */

#include <librog/events/events.h>
#include <librog/sync/server.h>
#include <rog/error.h>

/* For ROG_SERVER_STALLED: writes ROG_EVENT_STALL_BEGIN. */
int rog_stall_report(struct rog_events *events, const struct rog_server_notice *notice,
                     struct rog_error *err);
/* For ROG_SERVER_ADMITTED: writes ROG_EVENT_ADMIT, preceded by ROG_EVENT_STALL_END if a stall of
 * this length was reported; NAN: none was. */
int rog_admit_report(struct rog_events *events, const struct rog_server_notice *notice,
                     double stall_s, struct rog_error *err);
/* For ROG_SERVER_DEMANDED: writes ROG_EVENT_MUST_UPDATE. */
int rog_demand_report(struct rog_events *events, const struct rog_server_notice *notice,
                      struct rog_error *err);

#endif
