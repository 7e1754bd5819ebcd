/* SPDX-License-Identifier: Apache-2.0 */
/* Parses command lines by tables, and prints --help and messages about wrong usage. */
#include <common/cli.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/meant.h>
#include <common/ran_out.h>
#include <common/screen.h>
#include <common/utf8.h>

struct rog_cli {
    const struct rog_program *program;
    const struct rog_command *command;
    struct rog_json *options; /* name -> value, only options that were given */
    char **args;              /* positional, borrowed from argv */
    int arg_count;
};

int rog_exit_status(int code)
{
    switch (code) {
    case ROG_OK:
        return ROG_EXIT_OK;
    case ROG_EINVAL:
    case ROG_EABI:
        return ROG_EXIT_USAGE;
    case ROG_ENOTFOUND:
        return ROG_EXIT_NOTHING;
    case ROG_ELATER:
        return ROG_EXIT_LATER;
    case ROG_EINTR:
        return ROG_EXIT_INTERRUPTED;
    default:
        return ROG_EXIT_FAILED;
    }
}

static const char *next_command(const void *list, size_t index)
{
    const struct rog_command *command = ((const struct rog_command *const *)list)[index];
    return !command ? NULL : command->hidden ? "" : command->name;
}

static const struct rog_command *find_command(const struct rog_program *program, const char *name)
{
    for (size_t i = 0; program->commands[i]; i++)
        if (!strcmp(program->commands[i]->name, name))
            return program->commands[i];
    return NULL;
}

static const struct rog_topic *find_topic(const struct rog_program *program, const char *name)
{
    for (const struct rog_topic *topic = program->topics; topic && topic->name; topic++)
        if (!strcmp(topic->name, name))
            return topic;
    return NULL;
}

/* Lists commands, then topics, for help. */
static const char *next_helped(const void *list, size_t index)
{
    const struct rog_program *program = list;
    size_t commands = 0;
    while (program->commands[commands])
        commands++;
    return index < commands  ? next_command(program->commands, index)
           : program->topics ? program->topics[index - commands].name
                             : NULL;
}

/* Returns the subcommand of `command` that the word names, or the command itself. */
static const struct rog_command *find_part(const struct rog_command *command, const char *word)
{
    for (size_t i = 0; word && command->parts && command->parts[i]; i++)
        if (!strcmp(strrchr(command->parts[i]->name, ' ') + 1, word))
            return command->parts[i];
    return command;
}

const char *rog_option_name(const struct rog_setting *option)
{
    return option->option ? option->option : option->name;
}

const struct rog_setting *rog_option_at(const struct rog_program *program,
                                        const struct rog_command *command, size_t index)
{
    const struct rog_setting *tables[] = {
        command->options, command->settings ? rog_run_settings : NULL, program->common};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct rog_setting *row = tables[i]; row && row->name; row++)
            if ((i != 1 || rog_setting_is(row, command->settings, 0)) && index-- == 0)
                return row;
    return NULL;
}

static const char *option_name_at(const void *list, size_t index)
{
    const struct rog_cli *cli = list;
    const struct rog_setting *option = rog_option_at(cli->program, cli->command, index);
    return option ? rog_option_name(option) : NULL;
}

/* Finds the option with that name, or the only one that begins with it. */
static const struct rog_setting *find_option(const struct rog_program *program,
                                             const struct rog_command *command, const char *name,
                                             size_t length, bool *ambiguous)
{
    const struct rog_setting *option, *begins = NULL;
    *ambiguous = false;
    for (size_t i = 0; length && (option = rog_option_at(program, command, i)); i++) {
        if (strncmp(rog_option_name(option), name, length))
            continue;
        if (rog_option_name(option)[length] == '\0') {
            *ambiguous = false;
            return option;
        }
        *ambiguous = begins != NULL;
        begins = option;
    }
    return *ambiguous ? NULL : begins;
}

const struct rog_setting *rog_option_meant(const struct rog_program *program,
                                           const struct rog_command *command, const char *word,
                                           bool *ambiguous)
{
    const struct rog_setting *option;
    *ambiguous = false;
    if (word[1] == '-')
        return find_option(program, command, word + 2, strcspn(word + 2, "="), ambiguous);
    for (size_t i = 0; (option = rog_option_at(program, command, i)); i++)
        if (option->letter == word[1])
            return option;
    return NULL;
}

/* Rejects two different values of one option. */
static int check_twice(const struct rog_json *earlier, const struct rog_json *value,
                       const char *name, struct rog_error *err)
{
    char *one = rog_json_text(earlier), *two = rog_json_text(value);
    int code = one && two ? 0 : rog_fail_nomem(err);
    if (code == 0 && strcmp(one, two) != 0)
        code = rog_fail(err, ROG_EINVAL, "--%s is given twice (%s and %s)", name, one, two);
    free(one);
    free(two);
    return code;
}

static int set_option(struct rog_cli *cli, const struct rog_setting *option, const char *text,
                      struct rog_error *err)
{
    struct rog_json *value = NULL;
    struct rog_setting named = *option; /* for the error message */
    named.name = rog_option_name(option);
    int code = rog_setting_parse(&named, text, &value, err);
    if (code) {
        struct rog_error cause = *err; /* its message begins with the option's name */
        return rog_fail(err, code, "--%s", cause.message);
    }
    const struct rog_json *earlier = rog_json_get(cli->options, rog_option_name(option));
    code = earlier ? check_twice(earlier, value, rog_option_name(option), err) : 0;
    if (code == 0)
        rog_json_put(cli->options, rog_option_name(option), value);
    else
        rog_json_free(value);
    return code;
}

/* argv[*at] is an option; advances *at past its value. */
static int parse_option(struct rog_cli *cli, int argc, char **argv, int *at, struct rog_error *err)
{
    const char *word = argv[*at], *value = NULL;
    bool ambiguous;
    const struct rog_setting *option =
        rog_option_meant(cli->program, cli->command, word, &ambiguous);
    if (ambiguous)
        return rog_fail(err, ROG_EINVAL, "%s is ambiguous: it matches more than one option", word);
    if (word[1] == '-' && strchr(word, '='))
        value = strchr(word, '=') + 1;
    else if (word[1] != '-' && word[2])
        value = word + 2;
    if (!option) {
        const char *near = word[1] == '-' ? rog_nearest_name(word + 2, option_name_at, cli) : NULL;
        return rog_fail(err, ROG_EINVAL, "unknown option %s%s%s%s; `%s help %s` lists them", word,
                        near ? " (did you mean --" : "", near ? near : "", near ? "?)" : "",
                        cli->program->name, cli->command->name);
    }
    if (option->type == ROG_SETTING_FLAG)
        return set_option(cli, option, value ? value : "true", err);
    if (!value) {
        if (*at + 1 >= argc)
            return rog_fail(err, ROG_EINVAL, "option --%s needs a value: %s",
                            rog_option_name(option), option->help);
        value = argv[++*at];
    }
    return set_option(cli, option, value, err);
}

/* Copies the word at `index` of a usage: "RUN" of "RUN RANK START [options]", "up, down or status"
 * of "up|down|status". Only for arguments that are required. */
static void usage_word(const char *usage, int index, char *text, size_t bytes)
{
    for (; index > 0 && *usage; index--) {
        usage += strcspn(usage, " ");
        usage += strspn(usage, " ");
    }
    size_t length = strcspn(usage, " .");
    const char *end = usage + length;
    text[0] = '\0';
    for (size_t used = 0; usage < end && used < bytes; usage += length + (usage[length] == '|')) {
        length = strcspn(usage, "| .");
        const char *next = usage + length < end ? strpbrk(usage + length + 1, "| .") : end;
        const char *join = usage + length == end ? "" : next && *next == '|' ? ", " : " or ";
        used += (size_t)snprintf(text + used, bytes - used, "%.*s%s", (int)length, usage, join);
    }
}

static int check_count(const struct rog_cli *cli, struct rog_error *err)
{
    const struct rog_command *command = cli->command;
    const char *name = cli->program->name;
    if (cli->arg_count < command->min_args) {
        char word[128];
        usage_word(command->usage, cli->arg_count, word, sizeof word);
        bool differs = cli->arg_count == 0 && strstr(command->usage, " | ");
        return rog_fail(err, ROG_EINVAL, "%s is missing; usage: %s %s %s",
                        differs ? "an argument" : word, name, command->name, command->usage);
    }
    if (command->max_args >= 0 && cli->arg_count > command->max_args)
        return rog_fail(err, ROG_EINVAL, "too many arguments; usage: %s %s %s", name, command->name,
                        command->usage);
    return 0;
}

static int parse(struct rog_cli *cli, int argc, char **argv, struct rog_error *err)
{
    bool options_end = cli->command->passes_on;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (!options_end && !strcmp(word, "--")) {
            options_end = true;
        } else if (!options_end && word[0] == '-' && word[1]) {
            int code = parse_option(cli, argc, argv, &i, err);
            if (code)
                return code;
        } else {
            cli->args[cli->arg_count++] = argv[i];
        }
    }
    return check_count(cli, err);
}

#define HELP_COLUMNS 80
#define HELP_OPTION_COLUMN 26
#define HELP_NARROW_COLUMN 8 /* on narrow terminals */
#define HELP_NAME_COLUMN 17  /* for commands and topics */

static int help_columns(void)
{
    size_t columns = rog_screen_of(STDOUT_FILENO).columns;
    return columns && columns < HELP_COLUMNS ? (int)columns : HELP_COLUMNS;
}

static int option_column(void)
{
    return help_columns() < 2 * HELP_OPTION_COLUMN ? HELP_NARROW_COLUMN : HELP_OPTION_COLUMN;
}

/* Prints text from `column` on, broken between words. Empty lines, and lines that begin with a
 * space, are kept. */
static void print_wrapped(const char *text, int column)
{
    const int columns = help_columns();
    int at = column;
    while (*text) {
        int length = (int)strcspn(text, " \n");
        if (at > column && length && at + 1 + length > columns) {
            printf("\n%*s", column, "");
            at = column;
        } else if (at > column && length) {
            putchar(' ');
            at++;
        }
        printf("%.*s", length, text);
        at += length;
        text += length;
        bool line_ends = text[0] == '\n' && (text[1] == '\n' || text[1] == ' ');
        if (line_ends) {
            printf("\n%*s", column, "");
            at = column;
        }
        if (*text)
            text++;
        for (; line_ends && *text == ' '; at++, text++)
            putchar(' ');
    }
    putchar('\n');
}

static void print_name(const char *name, int column)
{
    printf("  %-*s", column - 2, name);
    if ((int)strlen(name) >= column - 2)
        printf("\n%*s", column, "");
}

/* Prints a setting's meaning and allowed values; `name` is the form in which it is given. */
static void print_setting(const struct rog_setting *setting, const char *name)
{
    char what[384];
    const int column = option_column();
    print_name(name, column);
    print_wrapped(setting->help, column);
    if (setting->type == ROG_SETTING_FLAG ||
        (setting->type == ROG_SETTING_STRING && !setting->choices && !setting->fallback))
        return;
    rog_setting_describe(setting, what, sizeof what);
    printf("%*s", column, "");
    print_wrapped(what, column);
}

static void print_option(const struct rog_setting *option)
{
    static const char *const value_names[] = {
        [ROG_SETTING_FLAG] = "",
        [ROG_SETTING_INT] = " N",
        [ROG_SETTING_REAL] = " X",
        [ROG_SETTING_STRING] = " TEXT",
        [ROG_SETTING_REALS] = " X,X",
        [ROG_SETTING_TEXTS] = " TEXT,TEXT",
        [ROG_SETTING_GROUP] = " NAME=VALUE,...",
    };
    char left[64], letter[5] = "    ";
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(left, sizeof left, "%s--%s%s", letter, rog_option_name(option),
             value_names[option->type]);
    print_setting(option, left);
}

void rog_help_text(const char *text)
{
    print_wrapped(text, 0);
}

static void print_row(const char *name, const char *text, int column)
{
    print_name(name, column);
    print_wrapped(text, column);
}

void rog_help_row(const char *name, const char *text)
{
    print_row(name, text, option_column());
}

void rog_help_settings(const char *title, const struct rog_setting *table, unsigned without)
{
    printf("\n%s:\n", title);
    for (; table->name; table++)
        if (rog_setting_is(table, 0, without))
            print_setting(table, table->name);
}

/* Prints the rows that have one of the flags; 0: all rows. */
static void print_options(const char *title, const struct rog_setting *table, unsigned with)
{
    if (!table || !table->name)
        return;
    printf("\n%s:\n", title);
    for (; table->name; table++)
        if (rog_setting_is(table, with, 0))
            print_option(table);
}

static void say_row(const char *before, const char *name, const char *text)
{
    fputs(before, stdout);
    if (!rog_screen_of(STDOUT_FILENO).terminal) { /* programs may read such lists */
        printf("  %-*s %s\n", HELP_NAME_COLUMN - 3, name, text);
        return;
    }
    print_row(name, text,
              help_columns() < 2 * HELP_OPTION_COLUMN ? HELP_NARROW_COLUMN : HELP_NAME_COLUMN);
}

static void print_command_help(const struct rog_program *program, const struct rog_command *command)
{
    char usage[512];
    snprintf(usage, sizeof usage, "usage: %s %s%s%s", program->name, command->name,
             command->usage[0] ? " " : "", command->usage);
    print_wrapped(usage, 0);
    putchar('\n');
    print_wrapped(command->summary, 0);
    if (command->details) {
        putchar('\n');
        print_wrapped(command->details, 0);
    }
    for (size_t i = 0; command->parts && command->parts[i]; i++)
        say_row(i ? "" : "\nSubcommands with their own help:\n", command->parts[i]->name,
                command->parts[i]->summary);
    print_options("Options", command->options, 0);
    if (command->settings)
        print_options("Settings of the run", rog_run_settings, command->settings);
    print_options("Common options", program->common, 0);
}

static void print_program_help(const struct rog_program *program)
{
    char usage[128];
    snprintf(usage, sizeof usage, "usage: %s COMMAND [arguments and options]", program->name);
    print_wrapped(usage, 0);
    putchar('\n');
    print_wrapped(program->summary, 0);
    printf("\nCommands:\n");
    for (size_t i = 0; program->commands[i]; i++)
        if (!program->commands[i]->hidden)
            say_row("", program->commands[i]->name, program->commands[i]->summary);
    for (const struct rog_topic *topic = program->topics; topic && topic->name; topic++)
        say_row(topic == program->topics ? "\nTopics:\n" : "", topic->name, topic->summary);
    print_options("Options of all commands", program->common, 0);
    printf("\n`%s help COMMAND` (or COMMAND --help) describes one of them%s.\n", program->name,
           program->topics ? ",\n`help TOPIC` a topic" : "");
}

void rog_write_harmless(FILE *file, const char *text)
{
    while (*text) {
        char bytes[ROG_UTF8_SHOWN_MAX_BYTES];
        uint32_t code = rog_utf8_take(&text);
        bool plain = code == '\n' || code == '\t';
        char *end = plain ? rog_utf8_put(bytes, code) : rog_utf8_show(bytes, code);
        fwrite(bytes, 1, (size_t)(end - bytes), file);
    }
}

/* Writes a line, broken at blanks; a word that is too long is not broken. */
static void write_broken(FILE *file, const char *line, size_t length, size_t columns)
{
    size_t from = 0, blank = 0, width = 0;
    for (size_t i = 0; i < length; i++) {
        blank = line[i] == ' ' ? i : blank;
        width += (line[i] & 0xC0) != 0x80; /* counts first bytes of characters */
        if (!columns || width <= columns || blank <= from)
            continue;
        fprintf(file, "%.*s\n", (int)(blank - from), line + from);
        from = blank + 1;
        width = 0;
        for (size_t k = from; k <= i; k++)
            width += (line[k] & 0xC0) != 0x80;
    }
    fprintf(file, "%.*s\n", (int)(length - from), line + from);
}

static void write_error(FILE *file, const struct rog_program *program, const struct rog_error *err)
{
    fprintf(file, "%s: ", program->name);
    rog_write_harmless(file, err->message);
    fputc('\n', file);
}

/* Prints an error; on a terminal its lines are broken between words. */
static void print_error(const struct rog_program *program, const struct rog_error *err)
{
    const size_t columns = rog_screen_of(STDERR_FILENO).columns;
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = columns ? open_memstream(&text, &bytes) : NULL;
    if (out)
        write_error(out, program, err);
    if (!out || fclose(out) != 0) {
        write_error(stderr, program, err);
        return;
    }
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        write_broken(stderr, line, strcspn(line, "\n"), columns);
    free(text);
}

static int usage_error(const struct rog_program *program, const struct rog_error *err)
{
    print_error(program, err);
    return ROG_EXIT_USAGE;
}

static int unknown_command(const struct rog_program *program, const char *name, bool help)
{
    struct rog_error err;
    char meant[ROG_MEANT_BYTES];
    if (name[0] == '-')
        rog_fail(&err, ROG_EINVAL,
                 "the command must come first; options such as %s follow it; `%s help` lists them",
                 name, program->name);
    else
        rog_fail(&err, ROG_EINVAL, "unknown command %s%s%s; `%s help` lists them",
                 help && program->topics ? "or topic " : "", name,
                 rog_meant(help ? rog_nearest_name(name, next_helped, program)
                                : rog_nearest_name(name, next_command, program->commands),
                           meant),
                 program->name);
    return usage_error(program, &err);
}

static bool asks_for(int argc, char **argv, const char *option)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--"); i++)
        if (!strcmp(argv[i], option))
            return true;
    return false;
}

/* Returns whether standard output is a pipe or socket whose other end is closed. */
static bool has_no_reader(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO};
    return poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP));
}

/* Fails if output could not be written, such as to a full disk. It is not an error if a command
 * with outlives_reader has done its work and no process reads its output. */
static int end_output(const struct rog_command *command, int code, struct rog_error *err)
{
    bool lost = fflush(stdout) != 0 || ferror(stdout);
    if (lost && command && command->outlives_reader && has_no_reader()) {
        fprintf(stderr, "standard output was closed: the result is not printed\n");
        return code;
    }
    return lost && !code ? rog_fail(err, ROG_EIO, "cannot write the result to standard output")
                         : code;
}

/* If memory ran out, other errors may be consequences of that. */
static int end_memory(int code, struct rog_error *err)
{
    if (!rog_ran_out() || code == ROG_ENOMEM || code == ROG_EINTR)
        return code;
    struct rog_error other = *err;
    return code && code != ROG_EREPORTED
               ? rog_fail(err, ROG_ENOMEM, "out of memory; afterwards: %s", other.message)
               : rog_fail_nomem(err);
}

/* Ends the program after it has printed help or the version. */
static int end_text(const struct rog_program *program)
{
    struct rog_error err;
    int code = end_output(NULL, 0, &err);
    if (code)
        print_error(program, &err);
    return rog_exit_status(code);
}

static int run_command(const struct rog_program *program, const struct rog_command *command,
                       int argc, char **argv)
{
    struct rog_error err = {0};
    struct rog_cli cli = {.program = program, .command = command};
    if (command->outlives_reader)
        signal(SIGPIPE, SIG_IGN);
    cli.args = calloc((size_t)argc + 1, sizeof *cli.args);
    cli.options = rog_json_object();
    int code = cli.args && cli.options ? parse(&cli, argc, argv, &err) : rog_fail_nomem(&err);
    if (!code)
        code = command->run(&cli, &err);
    code = end_output(command, code, &err);
    code = end_memory(code, &err);
    if (code && code != ROG_EREPORTED)
        print_error(program, &err);
    rog_json_free(cli.options);
    free(cli.args);
    return rog_exit_status(code);
}

/* Opens missing standard descriptors. Otherwise the next file that is opened would get this
 * descriptor, and messages would be written into it. Reading or writing them still fails. */
static bool open_standard_files(void)
{
    static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
            return false;
    return true;
}

int rog_program_main(const struct rog_program *program, int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    rog_json_watch_memory();
    if (!open_standard_files())
        return ROG_EXIT_FAILED;
    if (!name) {
        print_program_help(program);
        return ROG_EXIT_USAGE;
    }
    if (!strcmp(name, "--version")) {
        printf("%s %s\n", program->name, program->version);
        return end_text(program);
    }
    bool help = !strcmp(name, "help") || !strcmp(name, "--help") || !strcmp(name, "-h");
    if (help && argc < 3) {
        print_program_help(program);
        return end_text(program);
    }
    if (help)
        name = argv[2];
    const struct rog_command *command = find_command(program, name);
    const struct rog_topic *topic = help && !command ? find_topic(program, name) : NULL;
    if (topic) {
        topic->print(program);
        return end_text(program);
    }
    if (!command)
        return unknown_command(program, name, help);
    int first = help ? 3 : 2; /* index of the first argument */
    const struct rog_command *part = find_part(command, argc > first ? argv[first] : NULL);
    if (part != command) {
        command = part;
        first++;
    }
    bool asks = !command->passes_on;
    if (help || (asks && (asks_for(argc - first, argv + first, "--help") ||
                          asks_for(argc - first, argv + first, "-h")))) {
        print_command_help(program, command);
        return end_text(program);
    }
    if (asks && asks_for(argc - first, argv + first, "--version")) {
        printf("%s %s\n", program->name, program->version);
        return end_text(program);
    }
    return run_command(program, command, argc - first, argv + first);
}

void rog_cli_settings(const struct rog_cli *cli, struct rog_json *settings)
{
    for (const struct rog_setting *row = rog_run_settings; row->name; row++) {
        const struct rog_json *value = rog_json_get(cli->options, rog_option_name(row));
        if (value && cli->command->settings && rog_setting_is(row, cli->command->settings, 0))
            rog_json_put(settings, row->name, rog_json_copy(value));
    }
}

int rog_cli_arg_count(const struct rog_cli *cli)
{
    return cli->arg_count;
}

const char *rog_cli_arg(const struct rog_cli *cli, int index)
{
    return index >= 0 && index < cli->arg_count ? cli->args[index] : NULL;
}

bool rog_cli_given(const struct rog_cli *cli, const char *name)
{
    return rog_json_get(cli->options, name) != NULL;
}

static const char *fallback(const struct rog_cli *cli, const char *name)
{
    bool ambiguous;
    const struct rog_setting *option =
        find_option(cli->program, cli->command, name, strlen(name), &ambiguous);
    return option ? option->fallback : NULL;
}

const char *rog_cli_string(const struct rog_cli *cli, const char *name)
{
    return rog_json_get_string(cli->options, name, fallback(cli, name));
}

long long rog_cli_int(const struct rog_cli *cli, const char *name)
{
    const char *text = fallback(cli, name);
    return rog_json_get_integer(cli->options, name, text ? strtoll(text, NULL, 10) : 0);
}

double rog_cli_real(const struct rog_cli *cli, const char *name)
{
    const char *text = fallback(cli, name);
    return rog_json_get_number(cli->options, name, text ? strtod(text, NULL) : 0.0);
}

bool rog_cli_flag(const struct rog_cli *cli, const char *name)
{
    return rog_json_get_bool(cli->options, name, false);
}

const struct rog_program *rog_cli_program(const struct rog_cli *cli)
{
    return cli->program;
}
