/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DOCTOR_FACTS_H
#define ROG_DOCTOR_FACTS_H

/* What a host says about itself, by one script. */

#include <common/json.h>
#include <orchestrator/hosts/connection.h>

/*
 * *facts (owned by the caller) is an object with texts:
 *   machine (uname -m), system, libc, user, uid, root (rogctl's folder), writable ("yes" or "no"),
 *   free_kib, cache_kib (what lies in root), governor, power_mode
 * and arrays:
 *   lacks  names of programs that are missing
 *   runs   {"name", "busy": a supervisor is at work, "age_s": of its lease, -1: it has none}
 * What a host does not know is missing. ROG_EFAILED, ROG_ENOMEM.
 */
int rog_facts_ask(struct rog_connection *connection, struct rog_json **facts,
                  struct rog_error *err);

#endif
