/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl complete: prints completions of a word for a shell, using the tables of commands. */
#include <orchestrator/commands.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/candidates.h>

/* A command line up to the word to complete. */
struct line {
    struct rog_candidates c;
    const char **arg;                   /* the command's arguments */
    const struct rog_setting *awaiting; /* the option whose value the word is; NULL: none */
    bool options_end;
};

static const struct rog_setting *find_option(const struct line *line, const char *word)
{
    bool ambiguous;
    return rog_option_meant(line->c.program, line->c.command, word, &ambiguous);
}

static void say_options(const struct rog_candidates *c)
{
    const struct rog_setting *option;
    for (size_t i = 0; (option = rog_option_at(c->program, c->command, i)); i++) {
        char word[80];
        snprintf(word, sizeof word, "--%s", rog_option_name(option));
        rog_candidate(c, word, option->help);
    }
}

/* Processes a word before the one to complete. */
static void pass(struct line *line, const char *word)
{
    const struct rog_setting *option = line->awaiting;
    line->awaiting = NULL;
    if (option) {
        if (strcmp(option->name, "db") == 0)
            line->c.db = word;
    } else if (!line->options_end && strcmp(word, "--") == 0) {
        line->options_end = true;
    } else if (!line->options_end && word[0] == '-' && word[1]) {
        const char *equals = word[1] == '-' ? strchr(word, '=') : NULL;
        option = find_option(line, word);
        bool has_value = equals || (word[1] != '-' && word[2]);
        if (option && equals && strcmp(option->name, "db") == 0)
            line->c.db = equals + 1;
        if (option && option->type != ROG_SETTING_FLAG && !has_value)
            line->awaiting = option;
    } else {
        line->arg[line->c.args++] = word;
    }
}

/* Gets the next word of a usage, without brackets and dots. Returns false at the end or if options
 * follow. */
static bool next_word(const char **usage, char *word, size_t bytes, bool *repeats)
{
    *usage += strspn(*usage, " [");
    size_t length = strcspn(*usage, " ].");
    if (!length || **usage == '-' || **usage == '|')
        return false;
    snprintf(word, bytes, "%.*s", (int)length, *usage);
    *usage += length;
    *repeats = strncmp(*usage, "...", 3) == 0;
    *usage += strcspn(*usage, " ");
    return true;
}

/* Returns whether a word of a usage is meant literally, such as "up|down", and is not the name of a
 * kind, such as "CASE" or "RUN|CASE". */
static bool is_literal(const char *word)
{
    return word[0] >= 'a' && word[0] <= 'z';
}

static bool is_choice(const char *choices, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = strstr(choices, word); length && at; at = strstr(at + 1, word))
        if ((at == choices || at[-1] == '|') && (!at[length] || at[length] == '|'))
            return true;
    return false;
}

static void say_word(const struct rog_candidates *c, const char *word)
{
    if (is_literal(word)) {
        rog_candidates_choices(c, word);
        return;
    }
    while (*word) {
        char kind[64];
        size_t length = strcspn(word, "|");
        snprintf(kind, sizeof kind, "%.*s", (int)length, word);
        rog_candidates_of_kind(c, kind);
        word += length;
        word += *word == '|';
    }
}

/* Prints completions according to one of the forms of a usage, such as "remove CASE [RUN...]". */
static void say_form(const struct rog_candidates *c, const char *form)
{
    char word[128];
    bool repeats = false;
    int index = 0;
    if (strncmp(form, "[options] ", 10) == 0)
        form += 10;
    while (next_word(&form, word, sizeof word, &repeats)) {
        if (strcmp(word, "options") == 0)
            return;
        if (index == c->args || (repeats && index < c->args)) {
            say_word(c, word);
            return;
        }
        if (is_literal(word) && !is_choice(word, c->arg[index]))
            return;
        index++;
    }
    if (strncmp(form, "...", 3) == 0) /* arguments of another program's command */
        puts(":files");
}

static const char *part_word(const struct rog_command *part)
{
    return strrchr(part->name, ' ') + 1;
}

static void say_part(const struct rog_candidates *c, const struct rog_command *part)
{
    rog_candidate(c, part_word(part), part->summary);
}

/* Prints the subcommands that the usage does not mention. */
static void say_parts(const struct rog_candidates *c)
{
    char named[128];
    snprintf(named, sizeof named, "%.*s", (int)strcspn(c->command->usage, " "), c->command->usage);
    for (size_t i = 0; c->command->parts && c->command->parts[i]; i++)
        if (!is_choice(named, part_word(c->command->parts[i])))
            say_part(c, c->command->parts[i]);
}

static void say_arguments(const struct rog_candidates *c)
{
    const char *const end = " | ";
    for (const char *form = c->command->usage; form;) {
        const char *next = strstr(form, end);
        char one[256];
        snprintf(one, sizeof one, "%.*s", (int)(next ? (size_t)(next - form) : strlen(form)), form);
        say_form(c, one);
        form = next ? next + strlen(end) : NULL;
    }
    if (!c->args)
        say_parts(c);
}

static void say_commands(struct rog_candidates *c)
{
    rog_candidates_of_kind(c, "COMMAND");
    rog_candidate(c, "help", "Describe a command");
}

static const struct rog_command *find_command(const struct rog_program *program, const char *name)
{
    for (size_t i = 0; program->commands[i]; i++)
        if (strcmp(program->commands[i]->name, name) == 0)
            return program->commands[i];
    return NULL;
}

static const struct rog_command *find_part(const struct rog_command *command, const char *word)
{
    for (size_t i = 0; command->parts && command->parts[i]; i++)
        if (strcmp(part_word(command->parts[i]), word) == 0)
            return command->parts[i];
    return NULL;
}

/* Completes `word`, the last of a command whose other arguments have been processed. */
static void say_last(struct line *line, const char *word)
{
    struct rog_candidates *c = &line->c;
    const char *equals = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
    const struct rog_setting *option = line->awaiting;
    char lead[80];
    if (!option && equals && !line->options_end) {
        option = find_option(line, word);
        snprintf(lead, sizeof lead, "%.*s", (int)(equals + 1 - word), word);
        c->lead = lead;
        c->typed = equals + 1;
        if (option)
            rog_candidates_of_option(c, option);
    } else if (option) {
        rog_candidates_of_option(c, option);
    } else if (word[0] == '-' && !line->options_end && !c->command->passes_on) {
        say_options(c);
    } else {
        say_arguments(c);
    }
}

/* Completes the last word; word[0] follows the program's name. */
static void say(struct line *line, const char **word, int count)
{
    const struct rog_program *program = line->c.program;
    bool helps = strcmp(word[0], "help") == 0;
    line->c.typed = word[count - 1];
    if (count == 1) {
        say_commands(&line->c);
        return;
    }
    if (helps && count == 2) {
        rog_candidates_of_kind(&line->c, "COMMAND");
        rog_candidates_of_kind(&line->c, "TOPIC");
        return;
    }
    int at = helps ? 2 : 1;
    line->c.command = find_command(program, word[at - 1]);
    if (!line->c.command || line->c.command->hidden)
        return;
    if (helps) {
        for (size_t i = 0; count == 3 && line->c.command->parts && line->c.command->parts[i]; i++)
            say_part(&line->c, line->c.command->parts[i]);
        return;
    }
    const struct rog_command *part = at < count - 1 ? find_part(line->c.command, word[at]) : NULL;
    if (part) {
        line->c.command = part;
        at++;
    }
    for (line->options_end = line->c.command->passes_on; at < count - 1; at++)
        pass(line, word[at]);
    say_last(line, word[count - 1]);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    int count = rog_cli_arg_count(cli);
    const char **words = calloc((size_t)count + 1, 2 * sizeof *words);
    if (!words)
        return rog_fail_nomem(err);
    for (int i = 0; i < count; i++)
        words[i] = rog_cli_arg(cli, i);
    struct line line = {.arg = words + count + 1};
    line.c = (struct rog_candidates){.program = rog_cli_program(cli),
                                     .arg = line.arg,
                                     .lead = "",
                                     .db = rog_cli_string(cli, "db")};
    if (count)
        say(&line, words, count);
    free(words);
    return 0;
}

const struct rog_command rog_cmd_complete = {
    .name = "complete",
    .usage = "WORD...",
    .summary = "Print completions of the last word of a command line, for shells",
    .max_args = -1,
    .passes_on = true,
    .hidden = true,
    .run = run,
};
