/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_FOLDER_H
#define ROG_HOST_FOLDER_H

/* Files in the folder of a run on a host, which the controller puts there (host.h describes their
 * contents), and the lock beside them. */

#define ROG_HOST_SPEC "host.json"
#define ROG_HOST_CONFIG "config.json"
#define ROG_HOST_KEY "key"
#define ROG_HOST_LEASE "lease"
#define ROG_HOST_END "end"
#define ROG_HOST_LOCK "lock"

#endif
