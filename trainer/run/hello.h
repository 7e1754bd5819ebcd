/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_HELLO_H
#define ROG_RUN_HELLO_H

/* The settings that must be the same on all nodes of a run, which nodes send each other
 * (librog/net/hello.h). */

#include <common/json.h>
#include <rog/error.h>
#include <trainer/run/train.h>

/* Builds the hello, with the values of all parameters. ROG_EINVAL if it is too long for a frame. */
int rog_train_hello(const struct rog_train *train, struct rog_json **hello, struct rog_error *err);

#endif
