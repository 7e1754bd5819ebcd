/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl data get: downloads a published data set. */
#include <orchestrator/commands.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/fetch/fetch.h>
#include <orchestrator/fleet/signals.h>
#include <orchestrator/terminal/bar.h>
#include <orchestrator/terminal/output.h>

/* State of the download's observer. */
struct watching {
    struct rog_output output;
    struct rog_bar bar;
    struct rog_signals signals;
};

static bool show(int64_t have_bytes, int64_t total_bytes, void *user)
{
    struct watching *watching = user;
    rog_bar_show(&watching->bar, have_bytes, total_bytes);
    return !rog_signals_wait(&watching->signals, 0);
}

static void remark(const char *text, void *user)
{
    struct watching *watching = user;
    rog_bar_clear(&watching->bar);
    rog_warn(&watching->output, "%s", text);
}

static int fetch(const struct rog_cli *cli, const struct rog_source *source, const char *folder,
                 struct rog_fetched *fetched, struct rog_error *err)
{
    struct watching watching = {.output = rog_output_of(cli)};
    const struct rog_fetch_observer observer = {show, remark, &watching};
    int code = rog_signals_init(&watching.signals, err);
    if (code)
        return code;
    rog_bar_init(&watching.bar, &watching.output, source->archive);
    rog_remark(&watching.output, "%s: %s", source->name, source->title);
    code = rog_fetch(source, folder, &observer, fetched, err);
    rog_bar_clear(&watching.bar);
    rog_signals_release(&watching.signals);
    return code;
}

/* Prints the path of the data set, as a setting for an experiment file. */
static int report(const struct rog_cli *cli, const struct rog_source *source, const char *folder,
                  const struct rog_fetched *fetched, struct rog_error *err)
{
    struct rog_output output = rog_output_of(cli);
    char *whole = rog_path_real(folder);
    if (!whole)
        return rog_fail(err, ROG_EIO, "%s: %s", folder, strerror(errno));
    char *data = rog_format("%s:%s", source->name, whole);
    free(whole);
    if (!data)
        return rog_fail_nomem(err);
    if (fetched->was_there)
        rog_remark(&output, "already there");
    else
        rog_remark(&output, "from %s", fetched->url ? fetched->url : source->archive);
    int code = ROG_OK;
    if (output.json) {
        struct rog_json *result = rog_json_object();
        rog_json_put_string(result, "name", source->name);
        rog_json_put_string(result, "data", data);
        rog_json_put_bool(result, "was_there", fetched->was_there);
        rog_json_put_string(result, "url", fetched->url);
        code = rog_print_json(result, err);
    } else {
        rog_print("data = \"%s\";", data);
    }
    free(data);
    return code;
}

static int get(const struct rog_cli *cli, const struct rog_sources *sources, struct rog_error *err)
{
    const struct rog_source *source = NULL;
    struct rog_fetched fetched;
    char *folder = NULL;
    int code = rog_sources_find(sources, rog_cli_arg(cli, 0), &source, err);
    if (code)
        return code;
    folder = rog_cli_given(cli, "to") ? rog_strdup(rog_cli_string(cli, "to"))
                                      : rog_path_join("data", source->name);
    code = folder ? fetch(cli, source, folder, &fetched, err) : rog_fail_nomem(err);
    if (!code)
        code = report(cli, source, folder, &fetched, err);
    free(folder);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_sources *sources = NULL;
    char *path = NULL;
    char *share = rog_install_path("share/rog", err);
    if (!share)
        return ROG_EFAILED;
    path = rog_cli_given(cli, "list") ? rog_strdup(rog_cli_string(cli, "list"))
                                      : rog_path_join(share, "datasets.conf");
    int code = path ? rog_sources_read(&sources, path, err) : rog_fail_nomem(err);
    if (!code)
        code = get(cli, sources, err);
    rog_sources_free(sources);
    free(path);
    free(share);
    return code;
}

static const struct rog_setting options[] = {
    {.name = "to", .type = ROG_SETTING_STRING, .help = "target folder; default: data/NAME"},
    {.name = "list",
     .type = ROG_SETTING_STRING,
     .help = "file with data sets and addresses, instead of the built-in list"},
    {.name = NULL},
};

const struct rog_command rog_cmd_data_get = {
    .name = "data get",
    .usage = "cifar100|fed-cifar100 [--to FOLDER]",
    .summary = "Fetch a published data set",
    .details =
        "Fetches the archive from the first listed address that has it with the right checksum, "
        "unpacks it and prints the line for an experiment file. An interrupted download is "
        "continued by the next call. An archive that is already in the folder is checked and used.",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
    .outlives_reader = true,
};
