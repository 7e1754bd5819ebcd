/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_ROUTE_H
#define ROG_HOST_ROUTE_H

/* Which interface leads to another host. */

#include <stdbool.h>

#include <net/if.h>

/* The interface by which HOST:PORT is reached; nothing is sent. False, and "", where it cannot be
 * told. */
bool rog_host_route(const char *target, char iface[IF_NAMESIZE]);

#endif
