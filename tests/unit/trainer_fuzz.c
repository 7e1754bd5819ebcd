/* SPDX-License-Identifier: Apache-2.0 */

/* Inputs of the trainer: traces, checkpoints, data sets, configurations, layouts sent by workers,
 * and tc's output. Inputs that are accepted are also used. */

#include "fuzz_support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/cli.h>
#include <common/run_config.h>
#include <common/settings.h>
#include <librog/net/layout.h>
#include <librog/trace/convert.h>
#include <librog/trace/source.h>
#include <trainer/data/cifar.h>
#include <trainer/data/pickle.h>
#include <trainer/host/spec.h>
#include <trainer/nn/safetensors.h>
#include <trainer/shape/audit.h>

/* ---- traces ---- */

/* Time increases, and everything is transmitted. */
static void use_trace(const struct rog_trace *trace)
{
    const double times_s[] = {0, 0.5, 1e3, 1e9}, bits[] = {1, 1e6, 1e12};
    for (size_t i = 0; i < sizeof times_s / sizeof *times_s; i++) {
        double next_s = rog_trace_next_change(trace, times_s[i]);
        rog_fuzz_check(next_s > times_s[i], "the next value is not later");
        rog_fuzz_check(rog_trace_rate(trace, times_s[i]) >= 0, "a rate below 0");
        for (size_t k = 0; k < sizeof bits / sizeof *bits; k++) {
            double end_s = rog_trace_finish(trace, times_s[i], bits[k]);
            rog_fuzz_check(end_s >= times_s[i] && isfinite(end_s), "sent before it was begun");
        }
    }
}

static bool take_recording(struct rog_trace_conversion how, const char *text, size_t size)
{
    struct rog_trace *trace;
    if (rog_trace_convert(&trace, &how, text, size, "fuzz", NULL))
        return false;
    use_trace(trace);
    rog_trace_free(trace);
    return true;
}

static bool take_trace(const char *format, const char *text, size_t size)
{
    return take_recording((struct rog_trace_conversion){.format = format}, text, size);
}

static bool take_table(const char *text, size_t size)
{
    const struct rog_trace_columns named = {
        .time = "t", .time_unit = "ms", .rate = "5", .rate_unit = "kbit/s"};
    const struct rog_trace_columns counted = {
        .time = ":1", .time_unit = "date", .rate = "2", .rate_unit = "bytes"};
    const struct rog_trace_columns even = {.period_s = 0.1, .rate = "2", .rate_unit = "bytes/s"};
    bool taken = take_recording((struct rog_trace_conversion){.format = "table", .columns = named},
                                text, size);
    taken |= take_recording((struct rog_trace_conversion){.format = "table", .columns = counted},
                            text, size);
    return take_recording((struct rog_trace_conversion){.format = "table", .columns = even}, text,
                          size) ||
           taken;
}

static bool take_csv(const char *text, size_t size)
{
    return take_trace("csv", text, size);
}

static bool take_replay(const char *text, size_t size)
{
    return take_trace("replay", text, size);
}

static bool take_published(const char *text, size_t size)
{
    return take_recording((struct rog_trace_conversion){.format = "recording", .rank = 4}, text,
                          size);
}

static bool take_mahimahi(const char *text, size_t size)
{
    return take_trace("mahimahi", text, size);
}

/* ---- checkpoints and images ---- */

static bool take_safetensors(const char *text, size_t size)
{
    struct rog_arch_tensor w = {.name = "w", .dims = 2, .shape = {2, 3}, .size = 6};
    struct rog_arch_tensor b = {.name = "b", .dims = 1, .shape = {2}, .size = 2};
    const struct rog_arch arch = {.name = "m",
                                  .tensor_count = 1,
                                  .buffer_count = 1,
                                  .params = 6,
                                  .buffers = 2,
                                  .tensors = &w,
                                  .buffer_tensors = &b};
    float *values = calloc(8, sizeof *values);
    char path[ROG_FUZZ_PATH_BYTES];
    int fd = rog_fuzz_file(text, size, path);
    bool valid = rog_safetensors_read(path, &arch, values, values + 6, NULL) == 0;
    for (int i = 0; i < 8 && valid; i++)
        rog_fuzz_check(isfinite(values[i]), "a value that is not finite");
    close(fd);
    free(values);
    return valid;
}

static bool take_cifar(const char *text, size_t size)
{
    struct rog_dataset *dataset;
    char path[ROG_FUZZ_PATH_BYTES];
    int fd = rog_fuzz_file(text, size, path);
    bool valid = rog_cifar_read(&dataset, path, ROG_CIFAR_ANY_RECORDS, NULL) == 0;
    close(fd);
    if (valid)
        rog_fuzz_check(dataset->labels[0] < ROG_CIFAR_CLASSES, "a label that is none");
    rog_dataset_free(dataset);
    return valid;
}

/* All data of an array are in the file. */
static bool take_pickle(const char *text, size_t size)
{
    struct rog_pickle *pickle;
    if (rog_pickle_read(&pickle, text, size, NULL))
        return false;
    uint32_t entry = rog_pickle_first(pickle, rog_pickle_root(pickle));
    for (uint32_t seen = 0; entry != ROG_PICKLE_NOTHING; entry = rog_pickle_next(pickle, entry)) {
        const struct rog_pickle_array *array =
            rog_pickle_array(pickle, rog_pickle_value(pickle, entry));
        uint64_t bytes = array ? array->item_bytes : 0;
        for (uint32_t i = 0; array && i < array->dims; i++)
            bytes *= array->shape[i];
        const char *data = array ? (const char *)array->data : text;
        rog_fuzz_check(data >= text && bytes <= size - (size_t)(data - text), "an array outside");
        rog_fuzz_check(++seen <= size, "entries without end");
    }
    rog_pickle_free(pickle);
    return true;
}

/* ---- configurations ---- */

static bool take_config(const char *text, size_t size)
{
    struct rog_run_config *config = NULL;
    if (rog_run_config_parse(&config, text, size, "fuzz", NULL))
        return false;
    rog_fuzz_check(config->threshold >= -1 && config->epochs > 0 && isfinite(config->seconds),
                   "a setting that is not allowed");
    rog_run_config_free(config);
    return true;
}

/* A word as on a command line, for every setting. */
static bool take_setting(const char *text, size_t size)
{
    bool valid = false;
    (void)size;
    for (const struct rog_setting *setting = rog_run_settings; setting->name; setting++) {
        struct rog_json *value = NULL;
        if (setting->type == ROG_SETTING_TEXTS ||
            (setting->type == ROG_SETTING_STRING && !setting->choices))
            continue; /* accepts everything */
        if (rog_setting_parse(setting, text, &value, NULL))
            continue;
        rog_fuzz_check(rog_setting_check(setting, value, NULL) == 0, "a value that is not allowed");
        rog_json_free(value);
        valid = true;
    }
    return valid;
}

static bool take_host(const char *text, size_t size)
{
    struct rog_host_spec spec;
    char path[ROG_FUZZ_PATH_BYTES];
    int fd = rog_fuzz_file(text, size, path);
    bool valid = rog_host_spec_read(&spec, path, NULL) == 0;
    if (valid)
        rog_fuzz_check(spec.serves == (spec.rank == 0) && spec.lease_s >= 1, "a role that is none");
    rog_host_spec_release(&spec);
    close(fd);
    return valid;
}

/* ---- the network ---- */

static bool take_layout(const char *text, size_t size)
{
    struct rog_layout *layout, *again = NULL;
    struct rog_rows *rows = NULL;
    if (rog_layout_parse(&layout, text, size, NULL))
        return false;
    char *same = rog_layout_text(layout);
    rog_fuzz_check(same && rog_layout_parse(&again, same, strlen(same), NULL) == 0,
                   "a layout that cannot be told");
    rog_fuzz_check(rog_layout_compare(layout, "the first", again, "fuzz", NULL) == 0,
                   "another layout");
    /* Not more than this test's memory. */
    if (layout->params < 1000000 &&
        rog_layout_rows(layout, &(struct rog_rows_codecs){.push = rog_codecs[0]}, &rows, NULL) == 0)
        rog_fuzz_check(rows->params == layout->params, "rows of another model");
    rog_rows_free(rows);
    rog_layout_free(again);
    rog_layout_free(layout);
    free(same);
    return true;
}

/* ---- other programs ---- */

static bool take_tc(const char *text, size_t size)
{
    struct rog_trace *trace;
    rog_fuzz_check(rog_trace_constant(&trace, "1", NULL) == 0, "no trace");
    struct rog_shape_lane lane = {
        .device = "eth0", .handle = "726f:", .direction = "egress", .trace = trace};
    struct rog_shape_lanes lanes = {.lane = &lane, .count = 1};
    bool valid = true;
    for (int second = 1; second <= 3; second++)
        valid &= rog_shape_audit_answer(NULL, &lanes, "eth0", text, size, second, NULL) == 0;
    rog_trace_free(trace);
    return valid;
}

/* Any text ends up on a terminal. */
static bool take_words(const char *text, size_t size)
{
    char *written = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&written, &bytes);
    rog_fuzz_check(file != NULL, "no memory");
    rog_write_harmless(file, text);
    rog_fuzz_check(fclose(file) == 0, "no memory");
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)written[i];
        unsigned char next = i + 1 < bytes ? (unsigned char)written[i + 1] : 0;
        rog_fuzz_check((c >= ' ' || c == '\n' || c == '\t') && c != 0x7f &&
                           !(c == 0xc2 && next >= 0x80 && next < 0xa0),
                       "a control character");
    }
    bool same = bytes == size && memcmp(written, text, size) == 0;
    free(written);
    return same;
}

/* clang-format off */
static const char cifar_record[ROG_CIFAR_RECORD_BYTES] = {1, 2, 3};

const struct rog_fuzz_target rog_fuzz_targets[] = {
    {"trace", take_csv, {
        ROG_FUZZ_SEED("seconds,mbps\r\n10,5\r\n12,0\n15.5,8\n15.75,1e2"),
        ROG_FUZZ_SEED("seconds,mbps\n0,1\n2,3\n"),
        ROG_FUZZ_SEED("seconds,mbps\n0,1\n")}},
    {"replay log", take_replay, {
        ROG_FUZZ_SEED("replaying\n2022-01-20 09:16:00,100 35.5\n2022-01-20 09:16:00,200 0\n"
                      "2022-01-20 09:16:01,000 12\n")}},
    {"recording", take_published, {
        ROG_FUZZ_SEED("0.0 5\nfailed\n0.5 0\n0.5 3\n1 20\n2e0 7\n3 8\n")}},
    {"table", take_table, {
        ROG_FUZZ_SEED("t,\"5\"\n1000,5\n2000,\"7\"\n2000,8\n2500,0\n"),
        ROG_FUZZ_SEED("2022-01-20 09:16:00.5\t500\n2022-01-20T09:16:01Z\t700\n")}},
    {"mahimahi", take_mahimahi, {
        ROG_FUZZ_SEED("0\n0\n3\n499\n500\n500\n1700\n")}},
    {"safetensors", take_safetensors, {
        ROG_FUZZ_SEED("\xd8" "\x00" "\0\0\0\0\0\0"
                      "{\"__metadata__\":{\"model\":\"m\"},\"w\":{\"dtype\":\"F32\",\"shape\""
                      ":[2,3],\"data_offsets\":[0,24]},\"b\":{\"dtype\":\"F32\",\"shape\":[2]"
                      ",\"data_offsets\":[24,32]},\"b.num_batches_tracked\":{\"dtype\":\"I64\""
                      ",\"shape\":[],\"data_offsets\":[32,40]}} "
                      "\0\0\200?\0\0\0@\0\0@@\0\0\200@\0\0\240@\0\0\300@"
                      "\0\0\200?\0\0\0@" "\1\0\0\0\0\0\0\0")}},
    {"cifar", take_cifar, {
        {cifar_record, sizeof cifar_record}}},
    {"pickle", take_pickle, {
        ROG_FUZZ_SEED("\x80\x04\x95\x96\0\0\0\0\0\0\0}\x94\x8c\x01" "a\x94"
                      "\x8c\x15numpy.core.multiarray\x8c\x0c_reconstruct\x93"
                      "\x8c\x05numpy\x8c\x07ndarray\x93K\0\x85" "C\x01" "b\x87R(K\x01K\x01K\x02\x86"
                      "\x8c\x05numpy\x8c\x05" "dtype\x93\x8c\x02u1\x89\x88\x87R\x94(K\x03\x8c\x01|NNN"
                      "J\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89" "C\x02xytbs."),
        ROG_FUZZ_SEED("\x80\x03}q\0(X\x01\0\0\0" "aq\x01}q\x02X\x01\0\0\0" "bh\x02u.")}},
    {"config", take_config, {
        ROG_FUZZ_SEED("{}"),
        ROG_FUZZ_SEED("{\"library\":\"SSP\",\"threshold\":4,\"epochs\":2,\"seconds\":60.5,"
                      "\"lr_halve_at\":[100,200],\"workload\":\"none\",\"seed\":7}"),
        ROG_FUZZ_SEED("{\"workload\":\"program\",\"command\":\"./train\",\"files\":[\"train\"],"
                      "\"sources\":[\"train\"]}")}},
    {"setting", take_setting, {
        ROG_FUZZ_SEED("4"), ROG_FUZZ_SEED("2.5e1"), ROG_FUZZ_SEED("inf"), ROG_FUZZ_SEED("true"),
        ROG_FUZZ_SEED("1,20,300"), ROG_FUZZ_SEED("none")}},
    {"host.json", take_host, {
        ROG_FUZZ_SEED("{\"role\":\"work\",\"rank\":2,\"arguments\":[\"--pace\"],\"wrap\":[],"
                      "\"environment\":{\"A\":\"b\"},\"restarts\":2,\"lease_s\":60,"
                      "\"shape\":{\"iface\":\"eth0\",\"trace\":\"constant:1\",\"seed\":3}}"),
        ROG_FUZZ_SEED("{\"role\":\"serve\",\"rank\":0,\"power\":false,\"shape\":{\"iface\":\"eth0\","
                      "\"peers\":[{\"rank\":1,\"address\":\"10.0.0.2\",\"trace\":\"constant:1\","
                      "\"offset_s\":1.5}]}}")}},
    {"layout", take_layout, {
        ROG_FUZZ_SEED("[{\"name\":\"w\",\"shape\":[40,30]},{\"name\":\"b\",\"shape\":[7]},"
                      "{\"name\":\"mean\",\"shape\":[7],\"constant\":true}]"),
        ROG_FUZZ_SEED("[{\"name\":\"large\",\"shape\":[65536,3,3,64]}]")}},
    {"tc", take_tc, {
        ROG_FUZZ_SEED("[{\"kind\":\"tbf\",\"handle\":\"726f:\",\"root\":true,\"bytes\":1234,"
                      "\"packets\":5,\"drops\":1,\"backlog\":3028,\"qlen\":2}]")}},
    {"terminal", take_words, {
        ROG_FUZZ_SEED("worker 1 (10.0.0.2): Verbindung gest\xc3\xb6rt, \xe2\x82\xac\n\tno")}},
    {0},
};
