/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/commands.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <trainer/data/dataset.h>

/* The sets that a run uses. */
static const struct part {
    enum rog_split split;
    bool noisy;
} parts[] = {
    {ROG_SPLIT_TRAIN, false},
    {ROG_SPLIT_TRAIN, true},
    {ROG_SPLIT_TEST, false},
    {ROG_SPLIT_TEST, true},
};

struct statistics {
    uint32_t least, most;         /* images a class */
    double mean[3], deviation[3]; /* a channel, 0..1 */
};

static int measure(const struct rog_dataset *dataset, struct statistics *statistics,
                   struct rog_error *err)
{
    uint32_t *images = calloc(dataset->classes, sizeof *images);
    if (!images)
        return rog_fail_nomem(err);
    for (uint32_t i = 0; i < dataset->count; i++)
        images[dataset->labels[i]]++;
    *statistics = (struct statistics){.least = UINT32_MAX};
    for (uint32_t c = 0; c < dataset->classes; c++) {
        statistics->least = images[c] < statistics->least ? images[c] : statistics->least;
        statistics->most = images[c] > statistics->most ? images[c] : statistics->most;
    }
    free(images);

    uint64_t sum[3] = {0}, squares[3] = {0}, pixels = rog_dataset_bytes(dataset) / 3;
    for (uint64_t i = 0; i < pixels; i++) {
        for (int c = 0; c < 3; c++) {
            uint64_t level = dataset->pixels[3 * i + (uint64_t)c];
            sum[c] += level;
            squares[c] += level * level;
        }
    }
    for (int c = 0; c < 3; c++) {
        double mean = (double)sum[c] / (double)pixels;
        statistics->mean[c] = mean / 255;
        statistics->deviation[c] = sqrt((double)squares[c] / (double)pixels - mean * mean) / 255;
    }
    return ROG_OK;
}

static struct rog_json *triple(const double values[3])
{
    struct rog_json *array = rog_json_array();
    for (int c = 0; c < 3; c++)
        rog_json_append(array, rog_json_new_number(values[c]));
    return array;
}

static struct rog_json *describe(const struct rog_dataset *dataset, enum rog_split split,
                                 const char *noise, const struct statistics *statistics)
{
    struct rog_json *object = rog_json_object();
    rog_json_put_string(object, "split", rog_split_name(split));
    rog_json_put_string(object, "noise", noise);
    rog_json_put_integer(object, "images", dataset->count);
    rog_json_put_integer(object, "classes", dataset->classes);
    rog_json_put_integer(object, "height", dataset->height);
    rog_json_put_integer(object, "width", dataset->width);
    rog_json_put_string(object, "sha256", dataset->sha256);
    if (statistics) {
        rog_json_put_integer(object, "class_least", statistics->least);
        rog_json_put_integer(object, "class_most", statistics->most);
        rog_json_put(object, "mean", triple(statistics->mean));
        rog_json_put(object, "deviation", triple(statistics->deviation));
    }
    return object;
}

static void print_part(const struct rog_dataset *dataset, enum rog_split split, const char *noise,
                       const struct statistics *statistics)
{
    printf("%-5s  %-11s  %u images of %u x %u in %u classes, sha256 %s\n", rog_split_name(split),
           noise, dataset->count, dataset->width, dataset->height, dataset->classes,
           dataset->sha256);
    if (statistics)
        printf("       %u to %u images a class; red, green, blue: mean %.3f %.3f %.3f, "
               "deviation %.3f %.3f %.3f\n",
               statistics->least, statistics->most, statistics->mean[0], statistics->mean[1],
               statistics->mean[2], statistics->deviation[0], statistics->deviation[1],
               statistics->deviation[2]);
}

/* `list` is NULL where people read. */
static int show_part(const struct rog_run_config *config, const struct part *part, bool measured,
                     struct rog_json *list, struct rog_error *err)
{
    const char *noise = part->noisy ? config->noise : "none";
    struct statistics statistics = {0};
    struct rog_dataset *dataset = NULL;
    int code = rog_dataset_open(&dataset, config->data, part->split, noise, ROG_DATASET_SEED, err);
    if (!code && measured)
        code = measure(dataset, &statistics, err);
    if (!code && list)
        rog_json_append(list, describe(dataset, part->split, noise, measured ? &statistics : NULL));
    else if (!code)
        print_part(dataset, part->split, noise, measured ? &statistics : NULL);
    rog_dataset_free(dataset);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_run_config *config = NULL;
    struct rog_json *list = rog_cli_flag(cli, "json") ? rog_json_array() : NULL;
    char *text = NULL;
    const char *what = rog_cli_arg(cli, 0);
    bool measured = !strcmp(what, "info");
    int code = ROG_OK;
    if (!measured && strcmp(what, "make"))
        code = rog_fail(err, ROG_EINVAL, "data must be followed by make or info (found %s)", what);
    if (!code)
        code = rog_command_config(cli, &config, err);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !code; i++)
        if (!parts[i].noisy || strcmp(config->noise, "none"))
            code = show_part(config, &parts[i], measured, list, err);
    if (!code && list) {
        text = rog_json_text(list);
        if (text)
            printf("%s\n", text);
        else
            code = rog_fail_nomem(err);
    }
    free(text);
    rog_json_free(list);
    rog_run_config_free(config);
    return code;
}

static const struct rog_setting options[] = {
    {ROG_OPTION_CONFIG},
    {.name = "json", .type = ROG_SETTING_FLAG, .help = "print a JSON array"},
    {.name = NULL},
};

const struct rog_command rog_cmd_data = {
    .name = "data",
    .usage = "make|info [--config FILE] [--json]",
    .summary = "Make the data sets of a configuration and say what they are",
    .details = "Images that are drawn or made noisy are kept in the cache folder; what is there "
               "is checked\nagainst its hash and made anew where it is damaged. info adds how many "
               "images a class has, and\nthe mean and deviation of the channels.",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
