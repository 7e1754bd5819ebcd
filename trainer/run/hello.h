/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_HELLO_H
#define ROG_RUN_HELLO_H

/* What all nodes of a run must have alike, as they tell each other (librog/net/hello.h). */

#include <common/json.h>
#include <rog/error.h>
#include <trainer/run/train.h>

/* With the values of all parameters. ROG_EINVAL where it is too long for a frame. */
int rog_train_hello(const struct rog_train *train, struct rog_json **hello, struct rog_error *err);

#endif
