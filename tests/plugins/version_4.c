/* SPDX-License-Identifier: Apache-2.0 */

/* A plugin of version 4 of the interface: what version 5 has beyond it means nothing here. */

#define VERSION 4
#define NAME "VERSION_4"
#include "version_5.c"
