/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ERROR_H
#define ROG_ERROR_H

/*
 * Errors: a negative code for the program and one sentence for the person.
 *
 * Every function that can fail returns 0 or one of the codes below and, where it takes a
 * `struct rog_error *`, fills it. The message names the object, the offending value and the cause,
 * and a hint where there is one. One that is too long loses its middle, not the
 * cause at its end. `err` may be NULL when the caller only wants the code.
 */

enum rog_code {
    ROG_OK = 0,
    ROG_EINVAL = -1,     /* bad usage, bad configuration, bad value */
    ROG_ENOMEM = -2,     /* memory could not be had */
    ROG_EIO = -3,        /* the system refused: open, read, write, disk full */
    ROG_EFORMAT = -4,    /* a file or message is not what it claims to be, or is damaged */
    ROG_ENOTFOUND = -5,  /* nothing of that name */
    ROG_EABI = -6,       /* a plugin made for another version of this interface */
    ROG_EFAILED = -7,    /* a run, a process or a host failed */
    ROG_EINTR = -8,      /* interrupted by the user */
    ROG_EBUSY = -9,      /* somebody else holds it */
    ROG_EREPORTED = -10, /* it has failed, and what there is to say has been said */
    ROG_ELATER = -11,    /* not all is done, and the rest can be done another time */
};

#define ROG_ERROR_MESSAGE_BYTES 1024

struct rog_error {
    int code; /* enum rog_code */
    char message[ROG_ERROR_MESSAGE_BYTES];
};

/* Fills *err (unless NULL) and returns `code`, so that callers can write `return rog_fail(...)`. */
int rog_fail(struct rog_error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message that *err already holds; returns err->code. With err NULL,
 * where no code is known, ROG_EFAILED. */
int rog_fail_prefix(struct rog_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Hands on an error that somebody else filled: both return why->code and copy *why to *err (unless
 * NULL); rog_fail_from puts "prefix: " before its message. */
int rog_fail_again(struct rog_error *err, const struct rog_error *why);
int rog_fail_from(struct rog_error *err, const struct rog_error *why, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The message for an out-of-memory condition; returns ROG_ENOMEM. */
int rog_fail_nomem(struct rog_error *err);

#endif
