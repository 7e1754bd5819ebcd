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

static void __attribute__((format(printf, 2, 0)))
put_before(struct rog_error *err, const char *format, va_list args)
{
    char prefix[ROG_ERROR_MESSAGE_BYTES], whole[2 * ROG_ERROR_MESSAGE_BYTES + 2];
    vsnprintf(prefix, sizeof prefix, format, args);
    snprintf(whole, sizeof whole, "%s: %s", prefix, err->message);
    memcpy(err->message, whole, sizeof err->message - 1);
    err->message[sizeof err->message - 1] = '\0';
}

int rog_fail_prefix(struct rog_error *err, const char *format, ...)
{
    if (!err)
        return ROG_EFAILED;
    va_list args;
    va_start(args, format);
    put_before(err, format, args);
    va_end(args);
    return err->code;
}

int rog_fail_again(struct rog_error *err, const struct rog_error *why)
{
    if (err)
        *err = *why;
    return why->code;
}

int rog_fail_from(struct rog_error *err, const struct rog_error *why, const char *format, ...)
{
    struct rog_error whole = *why;
    va_list args;
    va_start(args, format);
    put_before(&whole, format, args);
    va_end(args);
    return rog_fail_again(err, &whole);
}

int rog_fail_nomem(struct rog_error *err)
{
    return rog_fail(err, ROG_ENOMEM, "out of memory");
}
