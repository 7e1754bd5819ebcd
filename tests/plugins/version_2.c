/* SPDX-License-Identifier: Apache-2.0 */

/* A plugin of version 2 of the interface: what version 4 has beyond it means nothing here. */

#define VERSION 2
#define NAME "VERSION_2"
#include "version_5.c"
