/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_ANSWER_H
#define ROG_UI_ANSWER_H

/* Answers in JSON, and answers for errors. */

#include <common/json.h>
#include <orchestrator/ui/web.h>

/* Takes ownership of the value. */
int rog_answer_json(struct rog_web_answer *answer, struct rog_json *value, struct rog_error *err);
/* Replaces the answer by {"error": {status, code, message}}. */
void rog_answer_error(struct rog_web_answer *answer, int status, const char *code,
                      const char *message);
/* Makes an answer with the status and code for an error; `opened` false: the database could not be
 * read. */
void rog_answer_failure(struct rog_web_answer *answer, const struct rog_error *err, bool opened);

/* Adds the content security policy for the page, and the one for pictures that are opened by
 * themselves. */
void rog_answer_policy(struct rog_web_answer *answer);
void rog_answer_policy_of_picture(struct rog_web_answer *answer);

#endif
