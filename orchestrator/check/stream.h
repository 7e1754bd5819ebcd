/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_STREAM_H
#define ROG_CHECK_STREAM_H

#include <orchestrator/check/findings.h>
#include <orchestrator/store/db.h>

/* Reads the run's event stream again into a separate database and compares the two row by row. For
 * a run without a stream (an imported one) nothing is checked. */
int rog_verify_stream(struct rog_db *db, const char *run_id, struct rog_finding_list *list,
                      struct rog_error *err);

#endif
