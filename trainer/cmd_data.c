/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer data: creates data sets and describes them. */
#include <trainer/commands.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <common/meant.h>
#include <common/screen.h>
#include <trainer/data/cifar.h>
#include <trainer/data/dataset.h>
#include <trainer/data/sheet.h>
#include <trainer/data/sources.h>

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
    uint32_t least, most;         /* images per class */
    double mean[3], deviation[3]; /* per channel, 0..1 */
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
        printf("       %u to %u images per class; red, green, blue: mean %.3f %.3f %.3f, deviation "
               "%.3f %.3f %.3f\n",
               statistics->least, statistics->most, statistics->mean[0], statistics->mean[1],
               statistics->mean[2], statistics->deviation[0], statistics->deviation[1],
               statistics->deviation[2]);
}

/* `list` is NULL for output to people. */
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

/* ---- the classes ---- */

#define LINE_COLUMNS 100

static int put_class_names(const char *source, struct rog_json *list, struct rog_error *err)
{
    const struct rog_screen screen = rog_screen_of(STDOUT_FILENO);
    size_t column = 0, columns = screen.terminal ? screen.columns : LINE_COLUMNS;
    for (uint32_t label = 0; label < ROG_DATASET_CLASSES; label++) {
        char name[ROG_CLASS_NAME_BYTES];
        int code = rog_dataset_class_name(source, label, name, sizeof name, err);
        if (code)
            return code;
        if (list) {
            rog_json_append(list, rog_json_new_string(name));
            continue;
        }
        bool last = label + 1 == ROG_DATASET_CLASSES;
        if (label && column + strlen(name) + 2 > columns) {
            printf("\n");
            column = 0;
        }
        column += (size_t)printf("%s", column ? " " : "       ") + strlen(name) + 1;
        if (screen.terminal)
            rog_write_harmless(stdout, name); /* the terminal; a file gets the name unchanged */
        else
            fputs(name, stdout);
        fputs(last ? "\n" : ",", stdout);
    }
    return ROG_OK;
}

/* For people: the names below a heading. For machines: the sets and the names in one object. */
static int show_classes(const char *source, struct rog_json **list, struct rog_error *err)
{
    if (!*list) {
        printf("classes, from 0 on:\n");
        return put_class_names(source, NULL, err);
    }
    struct rog_json *whole = rog_json_object(), *names = rog_json_array();
    int code = put_class_names(source, names, err);
    rog_json_put_string(whole, "data", source);
    rog_json_put(whole, "sets", *list);
    rog_json_put(whole, "class_names", names);
    *list = whole;
    return code;
}

/* Writes train.bin and test.bin, without noise. */
static int write_files(const struct rog_run_config *config, const char *folder,
                       struct rog_error *err)
{
    int code = rog_dir_make(folder, err);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !code; i++) {
        if (parts[i].noisy)
            continue;
        struct rog_dataset *dataset = NULL;
        char *name = rog_format("%s.bin", rog_split_name(parts[i].split));
        char *path = name ? rog_path_join(folder, name) : NULL;
        code = path ? rog_dataset_open(&dataset, config->data, parts[i].split, "none",
                                       ROG_DATASET_SEED, err)
                    : rog_fail_nomem(err);
        if (!code)
            code = rog_cifar_write(dataset, path, err);
        rog_dataset_free(dataset);
        free(path);
        free(name);
    }
    return code;
}

/* Describes the sheet in `text`, unless that is NULL. */
static int draw_sheet(const struct rog_run_config *config, const char *path, FILE *text,
                      struct rog_error *err)
{
    struct rog_dataset *clean = NULL, *noisy = NULL;
    bool pairs = strcmp(config->noise, "none") != 0;
    int code =
        rog_dataset_open(&clean, config->data, ROG_SPLIT_TEST, "none", ROG_DATASET_SEED, err);
    if (!code && pairs)
        code = rog_dataset_open(&noisy, config->data, ROG_SPLIT_TEST, config->noise,
                                ROG_DATASET_SEED, err);
    if (!code)
        code = rog_sheet_write(path, clean, noisy, err);
    if (!code && text)
        fprintf(text, "%s: one test image per class in this order, %d per line%s%s\n", path,
                ROG_SHEET_COLUMNS, pairs ? ", each next to the same image with noise, " : "",
                pairs ? config->noise : "");
    rog_dataset_free(noisy);
    rog_dataset_free(clean);
    return code;
}

/* ---- the command ---- */

static int read_settings(const struct rog_cli *cli, struct rog_run_config **config,
                         struct rog_error *err)
{
    int code = rog_command_config(cli, config, err);
    if (code)
        return code;
    if (rog_cli_arg(cli, 1))
        (*config)->data = rog_cli_arg(cli, 1);
    if (rog_cli_given(cli, "noise"))
        (*config)->noise = rog_cli_string(cli, "noise");
    return ROG_OK;
}

static int show(const struct rog_cli *cli, const struct rog_run_config *config, bool measured,
                struct rog_json **list, struct rog_error *err)
{
    int code = ROG_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !code; i++)
        if (!parts[i].noisy || strcmp(config->noise, "none"))
            code = show_part(config, &parts[i], measured, *list, err);
    bool draws = rog_cli_given(cli, "sheet");
    if (!code && (measured || (draws && !*list))) /* the classes explain the sheet */
        code = show_classes(config->data, list, err);
    if (!code && draws)
        code = draw_sheet(config, rog_cli_string(cli, "sheet"), *list ? NULL : stdout, err);
    if (!code && rog_cli_given(cli, "cifar100"))
        code = write_files(config, rog_cli_string(cli, "cifar100"), err);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_run_config *config = NULL;
    struct rog_json *list = rog_cli_flag(cli, "json") ? rog_json_array() : NULL;
    char *text = NULL, meant[ROG_MEANT_BYTES];
    const char *what = rog_cli_arg(cli, 0);
    bool measured = !strcmp(what, "info");
    int code = ROG_OK;
    if (!measured && strcmp(what, "make"))
        code = rog_fail(err, ROG_EINVAL, "data must be followed by make or info (found %s)%s", what,
                        rog_meant_choice(what, "make|info", meant));
    if (!code)
        code = read_settings(cli, &config, err);
    if (!code)
        code = show(cli, config, measured, &list, err);
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
    {.name = "noise",
     .type = ROG_SETTING_STRING,
     .help = "noise of the noisy sets, instead of the configuration's; none: clean sets only"},
    {.name = "sheet",
     .type = ROG_SETTING_STRING,
     .help = "write a test image of each class, clean and noisy, to this PNG file"},
    {.name = "cifar100",
     .type = ROG_SETTING_STRING,
     .help = "write the clean sets to this folder, as train.bin and test.bin in the binary format "
             "of CIFAR-100"},
    {.name = "json", .type = ROG_SETTING_FLAG, .help = "print JSON"},
    {.name = NULL},
};

const struct rog_command rog_cmd_data = {
    .name = "data",
    .usage =
        "make|info [SPEC] [--config FILE] [--noise NAME] [--sheet FILE] [--cifar100 DIR] [--json]",
    .summary = "Make and describe data sets",
    .details =
        "SPEC is a value of the setting \"data\", such as synth100 or cifar100:FOLDER; default: "
        "the\n"
        "configuration's. Generated and noisy images are stored in the cache folder; stored images "
        "are\n"
        "checked against their hash and generated again if damaged. info also prints the number of "
        "images\n"
        "per class, mean and deviation of the channels and the names of the classes; with --json\n"
        "it prints an object with the arrays sets and class_names, make only the array of sets.",
    .options = options,
    .min_args = 1,
    .max_args = 2,
    .run = run,
};
