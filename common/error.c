/* SPDX-License-Identifier: Apache-2.0 */
/* Filling in what went wrong: a code and a message. */
#include <rog/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int rog_fail(struct rog_error *err, int code, const char *format, ...)
{
    if (err) {
        err->code = code;
        va_list args;
        va_start(args, format);
        vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
    }
    return code;
}

int rog_fail_prefix(struct rog_error *err, const char *format, ...)
{
    if (!err)
        return ROG_EFAILED;
    char prefix[ROG_ERROR_MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);

    char whole[2 * ROG_ERROR_MESSAGE_BYTES + 2];
    snprintf(whole, sizeof whole, "%s: %s", prefix, err->message);
    memcpy(err->message, whole, sizeof err->message - 1);
    err->message[sizeof err->message - 1] = '\0';
    return err->code;
}

int rog_fail_nomem(struct rog_error *err)
{
    return rog_fail(err, ROG_ENOMEM, "out of memory");
}
