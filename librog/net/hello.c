/* SPDX-License-Identifier: Apache-2.0 */
/* Creates and checks HELLO, WELCOME and the other messages before a session. */
#include <librog/net/hello.h>

#include <math.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/utsname.h>

#include <common/file.h>
#include <common/hash.h>
#include <common/plugin.h>
#include <common/settings.h>
#include <librog/net/link.h>
#include <librog/sync/message.h>

/* Bytes that a worker adds to a hello: its rank, its session, the number of received messages */
#define HELLO_OWN_BYTES 160

/* Values that must be equal, and their names in messages. */
static const struct {
    const char *key, *name;
} compared[] = {
    {"protocol", "the protocol's version"},
    {"library", "the strategy"},
    {"library_version", "the strategy's version"},
    {"threshold", "the threshold"},
    {"parameters", "the strategy's parameters"},
    {"workers", "the number of workers"},
    {"workload", "the workload"},
    {"wire_model", "wire_model"},
    {"seed", "the seed"},
    {"data_sha256", "the data (SHA-256)"},
    {"model_sha256", "the starting model (SHA-256)"},
};

/* Files of plugins, compared by what peers tell about them. */
static const struct {
    const char *key, *name;
} files[] = {
    {"library_file", "the file of the strategy"},
    {"compression_file", "the file of compression"},
    {"pull_compression_file", "the file of pull_compression"},
};

/* Checks that a worker's hello fits a short frame, as the server does not know the worker yet. */
static int check_size(const struct rog_hello *given, const struct rog_json *made,
                      struct rog_error *err)
{
    const size_t most = ROG_FRAME_FIRST_MAX - ROG_FRAME_OVERHEAD - HELLO_OWN_BYTES;
    char *text = rog_json_text(made);
    if (!text)
        return rog_fail_nomem(err);
    size_t size = strlen(text);
    free(text);
    if (size <= most)
        return ROG_OK;
    return rog_fail(err, ROG_EINVAL,
                    "the configuration takes %zu bytes in a worker's hello, at most %zu are "
                    "allowed: the strategy %s has too many or too long parameters",
                    size, most, given->strategy->name);
}

/* Reduces paths of plugins to file names, as they are in different folders on each host. */
static void name_files(struct rog_json *made)
{
    for (const struct rog_setting *row = rog_run_settings; row->name; row++) {
        const char *value = rog_json_get_string(made, row->name, NULL);
        const char *path = value ? rog_setting_path(row, value) : NULL;
        char *name = path && strchr(path, '/') ? rog_strdup(strrchr(path, '/') + 1) : NULL;
        if (name)
            rog_json_put_string(made, row->name, name);
        free(name);
    }
}

/* Adds the files of plugins. They differ between architectures, and for plugins that come with the
 * program between builds; the latter are compared by version only. */
static int tell_files(const struct rog_hello *given, struct rog_json *made, struct rog_error *err)
{
    const char *const paths[] = {given->library_file, given->compression_file,
                                 given->pull_compression_file};
    struct utsname system;
    if (uname(&system) < 0)
        return rog_fail(err, ROG_EFAILED, "cannot determine the architecture of this machine");
    int code = ROG_OK;
    for (size_t i = 0; i < sizeof files / sizeof *files && !code; i++) {
        char hex[ROG_SHA256_HEX_BYTES];
        if (!paths[i] || rog_plugin_is_installed(paths[i]))
            continue;
        code = rog_sha256_file(paths[i], hex, err);
        char *text = code ? NULL : rog_format("%s %s", system.machine, hex);
        if (!code && !text)
            code = rog_fail_nomem(err);
        if (text)
            rog_json_put_string(made, files[i].key, text);
        free(text);
    }
    return code;
}

int rog_hello_make(const struct rog_hello *given, struct rog_json **hello, struct rog_error *err)
{
    const struct {
        const char *key, *text;
    } strings[] = {
        {"workload", given->workload},
        {"wire_model", given->wire_model},
        {"data_sha256", given->data_sha256},
        {"model_sha256", given->model_sha256},
    };
    struct rog_json *made = rog_json_object();
    rog_json_put_integer(made, "protocol", ROG_LINK_PROTOCOL);
    rog_json_put_string(made, "library", given->strategy->name);
    rog_json_put_string(made, "library_version", given->strategy->version);
    rog_json_put_integer(made, "threshold", given->threshold);
    if (given->parameters)
        rog_json_put(made, "parameters", rog_json_copy(given->parameters));
    rog_json_put_integer(made, "workers", given->workers);
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        if (strings[i].text)
            rog_json_put_string(made, strings[i].key, strings[i].text);
    rog_settings_copy(rog_run_settings, ROG_SETTING_OF_BOTH_ENDS, 0, given->settings, made);
    name_files(made);
    rog_settings_leave_out(rog_run_settings, ROG_SETTING_LEFT_OUT, made);
    if (given->model_sha256)
        rog_json_put_integer(made, "seed", (int64_t)given->seed);
    *hello = made;
    int code = made ? tell_files(given, made, err) : rog_fail_nomem(err);
    return code ? code : check_size(given, made, err);
}

/* ours, theirs: NULL if the value is not told. */
static int compare(const char *name, const char *who, const struct rog_json *ours,
                   const struct rog_json *theirs, const char *untold, struct rog_error *err)
{
    int code = ROG_OK;
    char *here = ours ? rog_json_text(ours) : rog_strdup(untold);
    char *there = theirs ? rog_json_text(theirs) : rog_strdup(untold);
    if (!here || !there)
        code = rog_fail_nomem(err);
    else if (strcmp(here, there) != 0)
        code = rog_fail(err, ROG_EINVAL,
                        "%s of %s is %.200s, but the server has %.200s: start all nodes of a run "
                        "with the same configuration, model and data",
                        name, who, there, here);
    free(here);
    free(there);
    return code;
}

static int compare_files(const struct rog_json *own, const struct rog_json *peer, const char *who,
                         struct rog_error *err)
{
    int code = ROG_OK;
    for (size_t i = 0; i < sizeof files / sizeof *files && !code; i++) {
        const char *ours = rog_json_get_string(own, files[i].key, NULL);
        const char *theirs = rog_json_get_string(peer, files[i].key, NULL);
        size_t architecture = ours ? strcspn(ours, " ") + 1 : 0;
        if (ours && theirs && strncmp(ours, theirs, architecture) == 0)
            code = compare(files[i].name, who, rog_json_get(own, files[i].key),
                           rog_json_get(peer, files[i].key), "nothing", err);
    }
    return code;
}

int rog_hello_compare(const struct rog_json *own, const struct rog_json *peer, const char *who,
                      struct rog_error *err)
{
    int code = ROG_OK;
    for (size_t i = 0; i < sizeof compared / sizeof *compared && !code; i++) {
        const struct rog_json *ours = rog_json_get(own, compared[i].key);
        const struct rog_json *theirs = rog_json_get(peer, compared[i].key);
        if (ours)
            code = compare(compared[i].name, who, ours, theirs, "nothing", err);
    }
    for (const struct rog_setting *row = rog_run_settings; row->name && !code; row++)
        if (rog_setting_is(row, ROG_SETTING_OF_BOTH_ENDS, 0))
            code =
                compare(row->name, who, rog_json_get(own, row->name), rog_json_get(peer, row->name),
                        row->fallback ? row->fallback : "the default", err);
    return code ? code : compare_files(own, peer, who, err);
}

/* ---- messages of the core ---- */

int rog_link_put_core(struct rog_link *link, const struct rog_rows *rows, const uint8_t *message,
                      size_t size, double wire_scale, size_t piece, struct rog_error *err)
{
    double whole = round(wire_scale * (double)rog_message_wire_bytes(rows, message, size));
    size_t padding = whole > (double)size ? (size_t)whole - size : 0;
    int code = ROG_OK;
    while (padding > 0 && !code) {
        size_t bytes = padding < piece ? padding : piece;
        code = rog_link_put(link, ROG_KIND_PAD, NULL, bytes, err);
        padding -= bytes;
    }
    return code ? code : rog_link_put(link, ROG_KIND_CORE, message, size, err);
}

size_t rog_link_core_bytes(const struct rog_rows *rows, double wire_scale, size_t bytes)
{
    size_t least = rog_message_min_bytes(rows);
    size_t scaled = (size_t)((double)bytes / (wire_scale > 1 ? wire_scale : 1));
    return scaled > least ? scaled : least;
}

size_t rog_link_message_bytes(const struct rog_rows *rows)
{
    size_t least = rog_message_min_bytes(rows);
    return least > ROG_LINK_BODY_MAX ? least : ROG_LINK_BODY_MAX;
}

/* ---- addresses ---- */

int rog_link_resolve(const char *text, bool passive, struct sockaddr_storage *address,
                     socklen_t *address_bytes, struct rog_error *err)
{
    char host[256];
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : 0;
    if (!colon || !colon[1] || length >= sizeof host || (length == 0 && !passive))
        return rog_fail(err, ROG_EINVAL, "\"%s\" is not an address: HOST:PORT expected", text);
    /* getaddrinfo accepts larger numbers and uses their last 16 bits. */
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (colon[1] < '0' || colon[1] > '9' || *end || port > UINT16_MAX)
        return rog_fail(err, ROG_EINVAL, "\"%s\": a port must be a number up to %d", text,
                        UINT16_MAX);
    bool brackets = length >= 2 && text[0] == '[' && text[length - 1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(brackets ? length - 2 : length), text + brackets);

    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0);
    struct addrinfo *found = NULL;
    int status = getaddrinfo(length ? host : NULL, colon + 1, &hints, &found);
    if (status)
        return rog_fail(err, ROG_EINVAL, "cannot resolve address \"%s\": %s", text,
                        gai_strerror(status));
    memset(address, 0, sizeof *address);
    memcpy(address, found->ai_addr, found->ai_addrlen);
    *address_bytes = found->ai_addrlen;
    freeaddrinfo(found);
    return ROG_OK;
}
