/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DEPLOY_SCRIPTS_H
#define ROG_DEPLOY_SCRIPTS_H

/* What runs on a host for deploy.c, as text for its `sh -c`. POSIX sh, with mktemp, find -cnewer
 * and mv -T of the GNU tools. */

/* $1: hash of the manifest, which comes as input. Prints "whole ROOT", or "part ROOT" and then the
 * keys of the objects that are missing or damaged. */
extern const char rog_deploy_script_ask[];

/* $1: ROOT, $2: hash of the manifest, $3: how many objects come, $4: key of the unpacker, $5: how
 * many bytes of the input are the unpacker itself (0: it is there already). Afterwards the tree is
 * there. Status ROG_DEPLOYED_STATUS_DAMAGED: other bytes arrived than were promised. */
extern const char rog_deploy_script_take[];

/* Prints ROOT. */
extern const char rog_deploy_script_root[];

/* Removes everything but the runs, and prints how many KiB that were. */
extern const char rog_deploy_script_clean[];

#endif
