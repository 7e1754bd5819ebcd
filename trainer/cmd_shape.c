/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer shape: replays a bandwidth trace on an interface. */
#include <trainer/commands.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <librog/trace/source.h>
#include <trainer/shape/shape.h>
#include <trainer/shape/signals.h>

static int open_trace(const struct rog_cli *cli, uint32_t rank, struct rog_trace **trace,
                      struct rog_error *err)
{
    const struct rog_trace_source source = {.name = rog_cli_string(cli, "trace"),
                                            .rank = rank,
                                            .seed = (uint64_t)rog_cli_int(cli, "seed")};
    int code = rog_trace_open(trace, &source, err);
    if (!code && !*trace)
        code = rog_fail(err, ROG_EINVAL, "--trace %s: nothing to shape: the trace has no limit",
                        source.name);
    return code;
}

/* RANK:ADDRESS or RANK:ADDRESS@OFFSET. */
static int parse_peer(const char *text, const struct rog_cli *cli, struct rog_shape_peer *peer,
                      struct rog_trace **trace, struct rog_error *err)
{
    char *end = NULL;
    unsigned long rank = strtoul(text, &end, 10);
    const char *address = *end == ':' ? end + 1 : "";
    size_t length = strcspn(address, "@");
    peer->offset_s = rog_cli_real(cli, "offset");
    bool good = end != text && text[0] != '-' && rank <= 100000 && length > 0 &&
                length < sizeof peer->address;
    if (good && address[length] == '@') {
        const char *number = address + length + 1;
        peer->offset_s = strtod(number, &end);
        good = end != number && !*end && isfinite(peer->offset_s) && peer->offset_s >= 0;
    }
    if (!good)
        return rog_fail(err, ROG_EINVAL,
                        "a worker must be RANK:ADDRESS or RANK:ADDRESS@OFFSET (found \"%s\")",
                        text);
    memcpy(peer->address, address, length);
    peer->rank = (uint32_t)rank;
    int code = open_trace(cli, peer->rank, trace, err);
    peer->trace = *trace;
    return code;
}

static int replay(const struct rog_cli *cli, struct rog_shape_options *options,
                  struct rog_error *err)
{
    struct rog_shape_summary summary;
    const char *audit = rog_cli_string(cli, "audit");
    int code = rog_shape_signals_open(&options->stop_fd, err);
    if (!code && audit && !(options->audit = fopen(audit, "ae")))
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", audit, strerror(errno));
    if (!code)
        code = rog_shape_replay(options, &summary, err);
    if (options->audit && fclose(options->audit) != 0 && !code)
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", audit, strerror(errno));
    if (options->stop_fd >= 0)
        close(options->stop_fd);
    if (code)
        return code;
    printf("shaped %s for %.1f s: %llu steps, at most %.1f ms late; link fully used for %.0f s, ",
           options->iface, summary.seconds, (unsigned long long)summary.steps,
           1e3 * summary.late_max_s, summary.busy_s);
    if (isnan(summary.error))
        printf("too little to determine the error\n");
    else
        printf("error %+.2f%%\n", 100 * summary.error);
    return ROG_OK;
}

/* Opens the traces, then replays. */
static int run_replay(const struct rog_cli *cli, struct rog_error *err)
{
    static const char *const directions[] = {"both", "egress", "ingress"};
    size_t count = (size_t)rog_cli_arg_count(cli);
    struct rog_shape_options options = {
        .iface = rog_cli_string(cli, "iface"),
        .offset_s = rog_cli_real(cli, "offset"),
        .rank = (uint32_t)rog_cli_int(cli, "rank"),
        .seconds = rog_cli_real(cli, "seconds"),
        .lease = rog_cli_string(cli, "lease"),
        .lease_timeout_s = rog_cli_real(cli, "lease-timeout"),
        .stop_fd = -1,
        .peer_count = count,
    };
    if (!rog_cli_given(cli, "trace"))
        return rog_fail(err, ROG_EINVAL, "--trace is missing: give the bandwidth to replay");
    if (count > ROG_SHAPE_MAX_PEERS)
        return rog_fail(err, ROG_EINVAL, "at most %d workers", ROG_SHAPE_MAX_PEERS);
    while (strcmp(directions[options.direction], rog_cli_string(cli, "direction")) != 0)
        options.direction++;
    struct rog_shape_peer *peers = calloc(count + 1, sizeof *peers);
    struct rog_trace **traces = calloc(count + 1, sizeof *traces);
    int code = peers && traces ? ROG_OK : rog_fail_nomem(err);
    for (size_t i = 0; i < count && !code; i++)
        code = parse_peer(rog_cli_arg(cli, (int)i), cli, &peers[i], &traces[i], err);
    if (!code && !count)
        code = open_trace(cli, options.rank, &traces[0], err);
    if (!code) {
        options.trace = traces[0];
        options.peers = peers;
        code = replay(cli, &options, err);
    }
    for (size_t i = 0; traces && i <= count; i++)
        rog_trace_free(traces[i]);
    free(traces);
    free(peers);
    return code;
}

static int run_restore(const struct rog_cli *cli, struct rog_error *err)
{
    bool found;
    const char *iface = rog_cli_string(cli, "iface");
    int code = rog_shape_restore(iface, &found, err);
    if (!code)
        printf("%s %s\n", iface, found ? "is restored" : "was not shaped");
    return code;
}

static int run_probe(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_shape_probe probe;
    const char *iface = rog_cli_string(cli, "iface");
    int code = rog_shape_probe(iface, &probe, err);
    if (code)
        return code;
    const struct {
        const char *name;
        bool truth;
    } rows[] = {
        {"tools", probe.tools},
        {"permitted", probe.permitted},
        {"tbf", probe.tbf},
        {"htb", probe.htb},
        {"u32", probe.u32},
        {"ifb", probe.ifb},
        {"mirred", probe.mirred},
        {"interface", probe.exists},
        {"left_over", probe.left_over},
        {"egress", probe.egress},
        {"ingress", probe.ingress},
        {"downlink", probe.downlink},
    };
    struct rog_json *json = rog_json_object();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rog_json_put_bool(json, rows[i].name, rows[i].truth);
        if (!rog_cli_flag(cli, "json"))
            printf("%-10s  %s\n", rows[i].name, rows[i].truth ? "yes" : "no");
    }
    rog_json_put_string(json, "obstacle", probe.obstacle);
    if (probe.obstacle[0] && !rog_cli_flag(cli, "json"))
        printf("%-10s  %s\n", "obstacle", probe.obstacle);
    char *text = rog_json_text(json);
    rog_json_free(json);
    if (!text)
        return rog_fail_nomem(err);
    if (rog_cli_flag(cli, "json"))
        printf("%s\n", text);
    free(text);
    return ROG_OK;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    if (!rog_cli_given(cli, "iface"))
        return rog_fail(err, ROG_EINVAL, "--iface is missing: give a network interface");
    bool alone = rog_cli_arg_count(cli) == 0 && !rog_cli_given(cli, "trace");
    bool restore = rog_cli_flag(cli, "restore"), probe = rog_cli_flag(cli, "probe");
    if ((restore && probe) || ((restore || probe) && !alone))
        return rog_fail(err, ROG_EINVAL, "--restore and --probe can be combined only with --iface");
    return restore ? run_restore(cli, err) : probe ? run_probe(cli, err) : run_replay(cli, err);
}

static const struct rog_setting options[] = {
    {.name = "iface", .type = ROG_SETTING_STRING, .help = "network interface"},
    {.name = "trace",
     .type = ROG_SETTING_STRING,
     .help =
         "bandwidth: synth:outdoors, synth:indoors, constant:MBIT, or a CSV file ({rank} stands "
         "for the rank)"},
    {.name = "offset",
     .type = ROG_SETTING_REAL,
     .fallback = "0",
     .max = 1e9,
     .unit = "s",
     .help = "time in the trace at which the replay starts"},
    {.name = "rank",
     .type = ROG_SETTING_INT,
     .fallback = "1",
     .max = 100000,
     .help = "rank of the worker whose bandwidth is replayed"},
    {.name = "seed",
     .type = ROG_SETTING_INT,
     .fallback = "1",
     .max = 9007199254740991.0,
     .help = "seed of generated traces"},
    {.name = "seconds",
     .type = ROG_SETTING_REAL,
     .fallback = "0",
     .max = 1e9,
     .unit = "s",
     .help = "duration; 0: until SIGTERM or SIGINT"},
    {.name = "direction",
     .type = ROG_SETTING_STRING,
     .fallback = "both",
     .choices = "both|egress|ingress",
     .help = "direction to shape; ingress needs ifb"},
    {.name = "audit",
     .type = ROG_SETTING_STRING,
     .help = "append set and achieved rates to this file, one JSON object per line"},
    {.name = "lease",
     .type = ROG_SETTING_STRING,
     .help = "file that must be touched to keep the replay running"},
    {.name = "lease-timeout",
     .type = ROG_SETTING_REAL,
     .fallback = "120",
     .min = 0.1,
     .max = 1e7,
     .unit = "s",
     .help = "end the replay when that file has not been touched for this long"},
    {.name = "restore",
     .type = ROG_SETTING_FLAG,
     .help = "stop a replay on the interface and remove left-over shaping"},
    {.name = "probe", .type = ROG_SETTING_FLAG, .help = "show what can be shaped here"},
    {.name = "json", .type = ROG_SETTING_FLAG, .help = "--probe prints one JSON object"},
    {.name = NULL},
};

const struct rog_command rog_cmd_shape = {
    .name = "shape",
    .usage = "--iface IF --trace T [RANK:ADDRESS[@OFFSET]...] | --iface IF --restore|--probe",
    .summary = "Replay a bandwidth trace on a network interface",
    .details =
        "Without workers, the trace is applied to both directions of the interface (worker side). "
        "With\n"
        "workers, traffic to each address gets that worker's trace and all other traffic is "
        "unchanged\n"
        "(server side, for workers whose kernel has no ifb). The interface is restored at\n"
        "the end, even if this process is killed. Needs the right to change network interfaces.",
    .options = options,
    .max_args = -1,
    .run = run,
};
