/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DEPLOY_SCRIPTS_H
#define ROG_DEPLOY_SCRIPTS_H

/* Scripts that deploy.c runs on a host with `sh -c`. POSIX sh, with mktemp, find -cnewer and mv -T
 * of the GNU tools. */

/* $1: hash of the manifest, which is the input. Prints "whole ROOT", or "part ROOT" and then the
 * keys of the objects that are missing or damaged. */
extern const char rog_deploy_script_ask[];

/* $1: ROOT, $2: hash of the manifest, $3: number of objects, $4: key of the unpacker, $5: number of
 * input bytes that are the unpacker itself (0: it is already there). Afterwards the tree exists.
 * Status ROG_DEPLOYED_STATUS_DAMAGED: the received bytes are damaged. */
extern const char rog_deploy_script_take[];

/* Prints ROOT. */
extern const char rog_deploy_script_root[];

/* Removes everything except the runs, and prints how many KiB that freed. */
extern const char rog_deploy_script_clean[];

#endif
