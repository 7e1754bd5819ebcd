/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer pretrain: trains the initial model of runs. */
#include <trainer/commands.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rog/events.h>
#include <trainer/run/pretrain.h>

#define BAR_CELLS 30
#define LINE_PERIOD_S 10.0

/* Output of progress. */
struct view {
    bool terminal;
    FILE *events;       /* NULL: none */
    double line_s;      /* when the last plain line was printed */
    double next_wait_s; /* when to report again that another process is waited for */
    struct rog_error *err;
};

static void show_bar(const struct rog_fit_progress *progress)
{
    char bar[BAR_CELLS + 1];
    int filled = (int)(progress->done * BAR_CELLS);
    for (int i = 0; i < BAR_CELLS; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR_CELLS] = '\0';
    double left_s = progress->done > 0 ? progress->wall_s * (1 / progress->done - 1) : 0;
    fprintf(stderr, "\rpre-training [%s] %3.0f%%  epoch %u/%u  loss %.3f  %3.0f s left \033[K", bar,
            100 * progress->done, progress->epoch, progress->epochs, progress->loss, left_s);
    if (progress->done >= 1)
        fputc('\n', stderr);
}

static void show_line(struct view *view, const struct rog_fit_progress *progress)
{
    if (progress->done < 1 && progress->wall_s - view->line_s < LINE_PERIOD_S)
        return;
    view->line_s = progress->wall_s;
    fprintf(stderr, "pre-training: %.0f%%, epoch %u of %u, loss %.3f, %.0f s\n",
            100 * progress->done, progress->epoch, progress->epochs, progress->loss,
            progress->wall_s);
}

static int watch(void *user, const struct rog_fit_progress *progress)
{
    struct view *view = user;
    if (view->terminal)
        show_bar(progress);
    else
        show_line(view, progress);
    if (!view->events)
        return 0;
    struct rog_json *body = rog_json_object();
    rog_json_put_number(body, "done", progress->done);
    rog_json_put_number(body, "wall_s", progress->wall_s);
    rog_json_put_integer(body, "epoch", progress->epoch);
    rog_json_put_number(body, "loss", progress->loss);
    rog_json_put_string(body, "message", "pre-training");
    return rog_event_write(view->events, ROG_EVENT_PROGRESS, progress->wall_s, body, view->err);
}

static int waiting(void *user, double since_s)
{
    struct view *view = user;
    if (since_s < view->next_wait_s)
        return 0;
    view->next_wait_s = since_s + LINE_PERIOD_S;
    fprintf(stderr, "%s\n", ROG_PRETRAIN_WAITING);
    if (!view->events)
        return 0;
    struct rog_json *body = rog_json_object();
    rog_json_put_number(body, "wall_s", since_s);
    rog_json_put_string(body, "message", ROG_PRETRAIN_WAITING);
    return rog_event_write(view->events, ROG_EVENT_PROGRESS, since_s, body, view->err);
}

static int write_end(FILE *events, const struct rog_pretrained *pretrained, struct rog_error *err)
{
    struct rog_json *body = rog_json_object();
    rog_json_put_string(body, "path", pretrained->path);
    rog_json_put_string(body, "model_sha256", pretrained->sha256);
    rog_json_put_bool(body, "made", pretrained->made);
    return rog_event_write(events, ROG_EVENT_END, pretrained->wall_s, body, err);
}

/* Writes the reason for the failure, for readers of the events. */
static void write_error(FILE *events, const struct rog_error *cause)
{
    struct rog_json *body = rog_json_object();
    rog_json_put_string(body, "message", cause->message);
    rog_event_write(events, ROG_EVENT_ERROR, 0, body, NULL);
}

static int print_result(const struct rog_cli *cli, const struct rog_pretrained *pretrained,
                        struct rog_error *err)
{
    if (!rog_cli_flag(cli, "json")) {
        printf("%s\n", pretrained->path);
        return ROG_OK;
    }
    struct rog_json *result = rog_json_object();
    rog_json_put_string(result, "path", pretrained->path);
    rog_json_put_string(result, "sha256", pretrained->sha256);
    rog_json_put_bool(result, "made", pretrained->made);
    rog_json_put_number(result, "wall_s", pretrained->wall_s);
    char *text = rog_json_text(result);
    rog_json_free(result);
    if (!text)
        return rog_fail_nomem(err);
    printf("%s\n", text);
    free(text);
    return ROG_OK;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_run_config *config = NULL;
    struct rog_pretrained pretrained = {0};
    struct view view = {.terminal = isatty(STDERR_FILENO), .err = err};
    const char *events = rog_cli_string(cli, "events");
    int code = rog_command_config(cli, &config, err);
    if (code)
        goto out;
    rog_command_threads(cli, rog_processors());
    if (events && !(view.events = fopen(events, "ae"))) {
        code = rog_fail(err, ROG_EIO, "%s: %s", events, strerror(errno));
        goto out;
    }
    code = rog_pretrain_ensure(config, &(struct rog_pretrain_watch){watch, waiting, &view},
                               &pretrained, err);
    if (code && view.events)
        write_error(view.events, err);
    if (!code && view.events)
        code = write_end(view.events, &pretrained, err);
    if (!code)
        code = print_result(cli, &pretrained, err);
out:
    if (view.events)
        fclose(view.events);
    rog_pretrained_release(&pretrained);
    rog_run_config_free(config);
    return code;
}

static const struct rog_setting options[] = {
    {ROG_OPTION_CONFIG},
    {.name = "events",
     .type = ROG_SETTING_STRING,
     .help = "append progress events to this file, one JSON object per line"},
    {.name = "json", .type = ROG_SETTING_FLAG, .help = "print the result as JSON"},
    {ROG_OPTION_THREADS},
    {.name = NULL},
};

const struct rog_command rog_cmd_pretrain = {
    .name = "pretrain",
    .usage = "[--config FILE] [options]",
    .summary = "Train the starting model of runs on clean images, and print its path",
    .details = "The model is stored in the cache folder under the hash of everything it depends "
               "on; if it is\n"
               "already there, nothing is trained. Default of --threads: all processors.",
    .options = options,
    .run = run,
};
