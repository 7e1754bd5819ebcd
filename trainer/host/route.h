/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_ROUTE_H
#define ROG_HOST_ROUTE_H

/* Finds the interface that leads to another host. */

#include <stdbool.h>

#include <net/if.h>

/* Finds the interface by which HOST:PORT is reached; sends nothing. False, and "", if unknown. */
bool rog_host_route(const char *target, char iface[IF_NAMESIZE]);

#endif
