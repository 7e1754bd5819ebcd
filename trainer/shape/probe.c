/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what the kernel can shape here. */
#include <trainer/shape/shape.h>

#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <common/process.h>
#include <trainer/shape/host.h>

#define DEVICE_NAME "rogtry" /* followed by the process number */

/* Creates a device for the test: an ifb if available, otherwise a dummy or a veth. */
static bool make_device(const char *name, struct rog_shape_probe *probe, struct rog_error *err)
{
    static const char *const kinds[] = {"ifb", "dummy", "veth"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (rog_shape_command(err, "ip link add name %s type %s", name, kinds[i]) == ROG_OK) {
            probe->ifb = i == 0;
            return true;
        }
    }
    return false;
}

/* Removes devices of earlier tests that were killed. */
static void remove_left_over(void)
{
    struct if_nameindex *all = if_nameindex();
    for (const struct if_nameindex *at = all; at && at->if_index; at++) {
        struct rog_error ignored;
        long pid = 0;
        int used = 0;
        bool is_one = sscanf(at->if_name, DEVICE_NAME "%8ld%n", &pid, &used) == 1 && pid > 0 &&
                      at->if_name[used] == '\0';
        if (is_one && kill((pid_t)pid, 0) != 0 && errno == ESRCH)
            rog_shape_command(&ignored, "ip link del dev %s", at->if_name);
    }
    if (all)
        if_freenameindex(all);
}

static void try_out(const char *name, struct rog_shape_probe *probe)
{
    struct rog_error ignored;
    probe->htb = rog_shape_command(&ignored, "tc qdisc add dev %s root handle 1: htb", name) == 0;
    if (probe->htb) {
        probe->u32 = rog_shape_command(&ignored,
                                       "tc class add dev %s parent 1: classid 1:1 htb "
                                       "rate 1mbit",
                                       name) == 0 &&
                     rog_shape_command(&ignored,
                                       "tc filter add dev %s parent 1: protocol ip u32 "
                                       "match ip dst 192.0.2.1/32 flowid 1:1",
                                       name) == 0;
        rog_shape_command(&ignored, "tc qdisc del dev %s root", name);
    }
    probe->tbf = rog_shape_command(&ignored,
                                   "tc qdisc add dev %s root handle 1: tbf rate 1mbit "
                                   "burst 3000b limit 30000b",
                                   name) == 0;
    probe->mirred =
        rog_shape_command(&ignored, "tc qdisc add dev %s handle ffff: ingress", name) == 0 &&
        rog_shape_command(&ignored,
                          "tc filter add dev %s parent ffff: protocol all u32 match u32 "
                          "0 0 action mirred egress redirect dev %s",
                          name, name) == 0;
}

int rog_shape_probe(const char *iface, struct rog_shape_probe *probe, struct rog_error *err)
{
    *probe = (struct rog_shape_probe){0};
    unsigned index;
    struct rog_shape_qdiscs qdiscs = {0};
    int code = ROG_OK;
    probe->exists = rog_shape_iface_index(iface, &index, NULL) == ROG_OK;
    probe->tools = rog_program_exists("tc") && rog_program_exists("ip");
    if (probe->tools && probe->exists)
        code = rog_shape_look(iface, &qdiscs, err);
    if (code || !probe->tools)
        return code;
    probe->left_over = qdiscs.root_is_ours;
    if (qdiscs.root_kind[0] && !qdiscs.recreate[0])
        snprintf(probe->obstacle, sizeof probe->obstacle, "%s", qdiscs.root_kind);

    char name[ROG_SHAPE_IFACE_BYTES];
    struct rog_error why;
    remove_left_over();
    snprintf(name, sizeof name, DEVICE_NAME "%ld", (long)getpid() % 100000000);
    probe->permitted = make_device(name, probe, &why);
    if (probe->permitted) {
        try_out(name, probe);
        code = rog_shape_command(err, "ip link del dev %s", name);
    }
    bool free_root = probe->exists && !probe->obstacle[0];
    probe->egress = free_root && probe->tbf;
    probe->ingress = probe->exists && probe->tbf && probe->ifb && probe->mirred && probe->u32 &&
                     (!qdiscs.has_ingress || probe->left_over);
    probe->downlink = free_root && probe->tbf && probe->htb && probe->u32;
    return code;
}
