/* SPDX-License-Identifier: Apache-2.0 */
/* Fills in errors: a code and a message. */
#include <rog/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes of a message before it is shortened: two paths of maximum length, and words */
#define WHOLE_BYTES 16384
#define LEFT_OUT "[...]"

/* A message that is too long loses its middle, because names and paths are there and the cause is
 * at its end. Characters are not split. */
static void put_message(struct rog_error *err, const char *whole)
{
    size_t length = strlen(whole), room = sizeof err->message - 1;
    if (length <= room) {
        memcpy(err->message, whole, length + 1);
        return;
    }
    size_t kept = room - strlen(LEFT_OUT), head = kept / 2, tail = length - (kept - head);
    while (head > 0 && ((unsigned char)whole[head] & 0xc0) == 0x80)
        head--;
    while (tail < length && ((unsigned char)whole[tail] & 0xc0) == 0x80)
        tail++;
    snprintf(err->message, sizeof err->message, "%.*s" LEFT_OUT "%s", (int)head, whole,
             whole + tail);
}

int rog_fail(struct rog_error *err, int code, const char *format, ...)
{
    char whole[WHOLE_BYTES];
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(whole, sizeof whole, format, args);
        va_end(args);
        err->code = code;
        put_message(err, whole);
    }
    return code;
}

static void __attribute__((format(printf, 2, 0)))
put_before(struct rog_error *err, const char *format, va_list args)
{
    char prefix[WHOLE_BYTES], whole[WHOLE_BYTES + ROG_ERROR_MESSAGE_BYTES + 2];
    vsnprintf(prefix, sizeof prefix, format, args);
    snprintf(whole, sizeof whole, "%s: %s", prefix, err->message);
    put_message(err, whole);
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
