/* SPDX-License-Identifier: Apache-2.0 */
/* Makes answers in JSON. */
#include <orchestrator/ui/answer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

static const char json_type[] = "application/json";

int rog_answer_json(struct rog_web_answer *answer, struct rog_json *value, struct rog_error *err)
{
    char *text = value ? rog_json_text(value) : NULL;
    rog_json_free(value);
    if (!text)
        return rog_fail_nomem(err);
    answer->type = json_type;
    answer->body = text;
    answer->size = strlen(text);
    rog_web_header(answer, "Cache-Control", rog_strdup("no-store"));
    rog_web_header(answer, "Content-Security-Policy",
                   rog_strdup("default-src 'none'; frame-ancestors 'none'"));
    return 0;
}

void rog_answer_error(struct rog_web_answer *answer, int status, const char *code,
                      const char *message)
{
    static const char no_memory[] =
        "{\"error\": {\"status\": 503, \"code\": \"busy\", \"message\": \"out of memory\"}}";
    rog_web_answer_release(answer);
    struct rog_json *object = rog_json_object(), *error = rog_json_object();
    rog_json_put_integer(error, "status", status);
    rog_json_put_string(error, "code", code);
    rog_json_put_string(error, "message", message);
    rog_json_put(object, "error", error);
    answer->status = status;
    if (rog_answer_json(answer, object, NULL) < 0)
        *answer = (struct rog_web_answer){
            .status = 503, .type = json_type, .kept = no_memory, .size = sizeof no_memory - 1};
    if (answer->status == 503)
        rog_web_header(answer, "Retry-After", rog_strdup("2"));
}

void rog_answer_failure(struct rog_web_answer *answer, const struct rog_error *err, bool opened)
{
    static const struct {
        int of, status;
        const char *code;
    } kinds[] = {
        {ROG_EINVAL, 400, "invalid"},
        {ROG_ENOTFOUND, 404, "not-found"},
        {ROG_EBUSY, 503, "busy"},
        {ROG_ENOMEM, 503, "busy"},
        {ROG_EFORMAT, 500, "damaged-database"},
    };
    int status = 500;
    const char *code = "failed";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].of == err->code) {
            status = kinds[i].status;
            code = kinds[i].code;
        }
    if (!opened) {
        status = 503;
        code = err->code == ROG_ENOTFOUND ? "missing-database"
               : err->code == ROG_EFORMAT ? "damaged-database"
                                          : code;
    }
    rog_answer_error(answer, status, code, err->message);
}

void rog_answer_policy(struct rog_web_answer *answer)
{
    rog_web_header(
        answer, "Content-Security-Policy",
        rog_strdup("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' "
                   "data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
                   "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"));
}

void rog_answer_policy_of_picture(struct rog_web_answer *answer)
{
    rog_web_header(answer, "Content-Security-Policy",
                   rog_strdup("default-src 'none'; style-src 'unsafe-inline'; sandbox; "
                              "frame-ancestors 'none'"));
}
