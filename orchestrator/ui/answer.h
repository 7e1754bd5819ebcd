/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_ANSWER_H
#define ROG_UI_ANSWER_H

/* Answers as JSON, and errors as answers. */

#include <common/json.h>
#include <orchestrator/ui/web.h>

/* Takes over the value. */
int rog_answer_json(struct rog_web_answer *answer, struct rog_json *value, struct rog_error *err);
/* In the place of what is there: {"error": {status, code, message}}. */
void rog_answer_error(struct rog_web_answer *answer, int status, const char *code,
                      const char *message);
/* The status and code that belong to an error; where `opened` is false the database could not be
 * read. */
void rog_answer_failure(struct rog_web_answer *answer, const struct rog_error *err, bool opened);

/* What a browser may do with the page; for pictures that are shown by themselves. */
void rog_answer_policy(struct rog_web_answer *answer);
void rog_answer_policy_of_picture(struct rog_web_answer *answer);

#endif
