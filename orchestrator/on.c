/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the value of sweep --on. */
#include <orchestrator/on.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/providers.h>

static void say(void *user, const char *text)
{
    const struct rog_on *on = user;
    rog_remark(&on->output, "%s", text);
}

static void print(void *user, const char *line)
{
    struct rog_on *on = user;
    if (on->output.json)
        rog_json_append(on->lines, rog_json_new_string(line));
    else
        rog_print("%s", line);
}

static double lease_s(const struct rog_cli *cli, const struct rog_pool_provider *provider)
{
    return rog_cli_given(cli, "lease") ? rog_cli_real(cli, "lease")
           : provider->lease_s > 0     ? provider->lease_s
                                       : ROG_POOL_LEASE_S;
}

int rog_on_open(struct rog_on *on, const struct rog_cli *cli, const char *given,
                struct rog_error *err)
{
    const struct rog_pool_provider *provider = NULL;
    const char *file = NULL;
    if (!given && (rog_cli_given(cli, "lease") || rog_cli_flag(cli, "attach")))
        return rog_fail(err, ROG_EINVAL, "--%s needs --on",
                        rog_cli_flag(cli, "attach") ? "attach" : "lease");
    if (!given)
        return 0;
    int code = rog_provider_find(given, &provider, &file, err);
    if (code < 0)
        return code;
    on->output = rog_output_of(cli);
    on->lines = rog_json_array();
    code = on->lines ? rog_own_program(&on->rogctl, err) : rog_fail_nomem(err);
    if (code < 0)
        return code;
    on->options = (struct rog_pool_options){
        .provider = provider,
        .file = file,
        .rogctl = on->rogctl,
        .lease_s = lease_s(cli, provider),
        .follows = provider->follows || rog_cli_flag(cli, "attach"),
        .say = say,
        .print = print,
        .user = on,
    };
    return 0;
}

void rog_on_close(struct rog_on *on)
{
    rog_json_free(on->lines);
    free(on->rogctl);
    *on = (struct rog_on){0};
}

int rog_on_describe(const struct rog_on *on, const char *db_path, const struct rog_plan *plan,
                    struct rog_error *err)
{
    char *folder = rog_path_dir(db_path), *real = folder ? realpath(folder, NULL) : NULL;
    const char *slash = strrchr(db_path, '/');
    char *db = real ? rog_path_join(real, slash ? slash + 1 : db_path) : NULL;
    char *path = db ? rog_pool_place_of(db, plan->case_name ? plan->case_name : plan->base) : NULL;
    struct rog_json *files = rog_json_array();
    struct rog_pool_site site = {.file = on->options.file,
                                 .path = path,
                                 .rogctl = on->options.rogctl,
                                 .name = plan->case_name,
                                 .files = files,
                                 .say = on->options.say,
                                 .print = on->options.print,
                                 .user = on->options.user};
    int code = !path    ? rog_fail(err, ROG_EIO, "cannot find the folder of %s", db_path)
               : !files ? rog_fail_nomem(err)
                        : 0;
    for (size_t i = 0; code == 0 && i < plan->count; i++)
        if (plan->run[i].action != ROG_PLAN_DONE) {
            site.tasks++;
            code = rog_inputs_paths(&plan->run[i].resolved.inputs, files, err);
        }
    if (code == 0 && site.tasks > 0)
        code = on->options.provider->describe(&site, err);
    rog_json_free(files);
    free(path);
    free(db);
    free(real);
    free(folder);
    return code;
}

int rog_on_show_left(const struct rog_on *on, const char *case_name, const char *message,
                     struct rog_error *err)
{
    rog_remark(&on->output, "%s; the same command collects their results", message);
    if (!on->output.json)
        return 0;
    struct rog_json *result = rog_json_object();
    rog_json_put_string(result, "case", case_name);
    rog_json_put_bool(result, "left", true);
    rog_json_put(result, "commands", rog_json_copy(on->lines));
    return rog_print_json(result, err);
}
