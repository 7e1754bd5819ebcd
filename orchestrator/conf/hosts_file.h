/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_HOSTS_FILE_H
#define ROG_CONF_HOSTS_FILE_H

/*
 * Files of hosts that execute runs of virtual clusters (pool/hosts/hosts.c).
 *
 *     kind = "hosts";
 *     hosts = ( { host = "desk{1..8}"; slots = 4; }, { host = "big"; user = "me"; } );
 *     host_defaults = { nice = 10; };
 *     lease = 300.0;
 *
 * A group is one host, or one for each name that `host` expands to (ranges.h). Settings that it
 * lacks come from host_defaults. The kind of connection has settings of its own (cluster_kind.h).
 */

#include <stddef.h>

#include <common/json.h>
#include <common/settings.h>
#include <orchestrator/conf/cluster_kind.h>
#include <rog/error.h>

#define ROG_HOSTS_KIND "hosts" /* `kind` in such a file */
#define ROG_HOSTS_MOST 1000

struct rog_hosts {
    char *path;
    struct rog_json *host; /* [{host, settings of rog_hosts_host_settings}] */
    struct rog_json *own;  /* {settings of the kind of connection} */
    double lease_s;
};

/* `given` is a file, or the bare name of an installed one; `reached` is the kind of cluster whose
 * connections are used. ROG_EINVAL names file, line and setting. */
int rog_hosts_read(struct rog_hosts **hosts, const char *given,
                   const struct rog_cluster_kind *reached, struct rog_error *err);
void rog_hosts_free(struct rog_hosts *hosts);

/* Settings of the file, and of each of its hosts. */
extern const struct rog_setting rog_hosts_settings[];
extern const struct rog_setting rog_hosts_host_settings[];

#endif
