/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_AGAIN_H
#define ROG_UI_AGAIN_H

/* An experiment file that repeats recorded runs. */

#include <orchestrator/store/db.h>

/* For `rogctl sweep`: the case's runs with all settings that differ from the defaults. *text is
 * heap memory. */
int rog_again_write(struct rog_db *db, const char *case_name, char **text, struct rog_error *err);

#endif
