/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ERROR_H
#define ROG_ERROR_H

/*
 * Errors: a negative code for programs and a sentence for people.
 *
 * Every function that can fail returns 0 or one of the codes below and fills its argument `err`,
 * if it takes one. The message names the object, the offending value and the cause, and gives a
 * hint if there is one. A message that is too long loses its middle, not the cause at its end.
 * `err` may be NULL if the caller only needs the code.
 */

enum rog_code {
    ROG_OK = 0,
    ROG_EINVAL = -1,     /* bad usage, bad configuration, bad value */
    ROG_ENOMEM = -2,     /* out of memory */
    ROG_EIO = -3,        /* a system call failed: open, read, write, disk full */
    ROG_EFORMAT = -4,    /* a file or message has the wrong format, or is damaged */
    ROG_ENOTFOUND = -5,  /* no object with this name exists */
    ROG_EABI = -6,       /* a plugin was built for another version of this interface */
    ROG_EFAILED = -7,    /* a run, a process or a host failed */
    ROG_EINTR = -8,      /* interrupted by the user */
    ROG_EBUSY = -9,      /* held by another process or user */
    ROG_EREPORTED = -10, /* failed, and the error has already been reported */
    ROG_ELATER = -11,    /* part of the work remains and can be done later */
};

#define ROG_ERROR_MESSAGE_BYTES 1024

struct rog_error {
    int code; /* enum rog_code */
    char message[ROG_ERROR_MESSAGE_BYTES];
};

/* Fills *err (unless it is NULL) and returns `code`, so that callers can write `return
 * rog_fail(...)`. */
int rog_fail(struct rog_error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message in *err; returns err->code, or ROG_EFAILED if err is NULL. */
int rog_fail_prefix(struct rog_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Pass on an error: both return why->code and copy *why to *err (unless NULL); rog_fail_from puts
 * "prefix: " before its message. */
int rog_fail_again(struct rog_error *err, const struct rog_error *why);
int rog_fail_from(struct rog_error *err, const struct rog_error *why, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fills *err with the message for an out-of-memory condition; returns ROG_ENOMEM. */
int rog_fail_nomem(struct rog_error *err);

#endif
