/* SPDX-License-Identifier: Apache-2.0 */

/* A plugin of version 3 of the interface: what version 4 has beyond it means nothing here. */

#define VERSION 3
#define NAME "VERSION_3"
#include "version_5.c"
