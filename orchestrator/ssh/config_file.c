/* SPDX-License-Identifier: Apache-2.0 */
/* Reads ssh_config(5), block by block. */
#include <orchestrator/ssh/config_file.h>

#include <ctype.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <common/file.h>
#include <common/text_lines.h>
#include <orchestrator/ssh/known_hosts.h>
#include <orchestrator/ssh/text_file.h>
#include <orchestrator/ssh/token.h>

#define FILE_MAX_BYTES ((size_t)4 << 20)
#define MAX_DEPTH 16
#define MAX_FILES 1000 /* counted each time that a file is read */
#define SYSTEM_CONFIG "/etc/ssh/ssh_config"

struct reading {
    struct rog_ssh_settings *settings;
    const char *home; /* folder that relative names in Include refer to: ~/.ssh or /etc/ssh */
    unsigned depth, files;
    bool counts; /* the block applies to our host */
};

static int read_file(struct reading *reading, const char *path, struct rog_error *err);

/* ---- blocks ---- */

/* Matches a name against the patterns of Host. A negated pattern excludes it. */
static bool is_listed(const char *value, const char *name)
{
    bool found = false, excluded = false;
    for (char *word; (word = rog_ssh_settings_word(&value)) != NULL; free(word)) {
        bool negated = word[0] == '!';
        if (rog_known_hosts_matches(word + negated, name)) {
            excluded |= negated;
            found |= !negated;
        }
    }
    return found && !excluded;
}

/* Returns what a criterion of Match is compared with; NULL: it is not supported. */
static const char *subject_of(const struct rog_ssh_settings *settings, const char *criterion,
                              const char *local)
{
    if (strcasecmp(criterion, "originalhost") == 0)
        return settings->host;
    if (strcasecmp(criterion, "host") == 0)
        return settings->host_name ? settings->host_name : settings->host;
    if (strcasecmp(criterion, "user") == 0)
        return settings->user ? settings->user : local;
    return strcasecmp(criterion, "localuser") == 0 ? local : NULL;
}

static int match_block(struct reading *reading, const char *value, struct rog_error *err)
{
    struct rog_ssh_settings *settings = reading->settings;
    char *local = NULL;
    int code = rog_ssh_token_expand_command(settings, "Match", "%u", &local, err);
    reading->counts = true;
    for (char *word; !code && (word = rog_ssh_settings_word(&value)) != NULL; free(word)) {
        bool negated = word[0] == '!';
        const char *criterion = word + negated;
        if (strcasecmp(criterion, "all") == 0) {
            reading->counts &= !negated;
            continue;
        }
        const char *subject = subject_of(settings, criterion, local);
        char *patterns = subject ? rog_ssh_settings_word(&value) : NULL;
        bool match = patterns && rog_known_hosts_matches(patterns, subject);
        reading->counts &= subject && match != negated;
        if (subject && !patterns) {
            code = rog_fail(err, ROG_EINVAL, "Match %s has no pattern", criterion);
        } else if (!subject) {
            char *whole = rog_format("Match %s", criterion);
            code = whole ? rog_ssh_settings_miss(settings, whole, err) : rog_fail_nomem(err);
            free(whole);
            value += strlen(value);
        }
        free(patterns);
    }
    free(local);
    return code;
}

static int include(struct reading *reading, const char *value, struct rog_error *err)
{
    int code = ROG_OK;
    bool counts = reading->counts;
    for (char *word; !code && (word = rog_ssh_settings_word(&value)) != NULL; free(word)) {
        char *path = NULL, *whole = NULL;
        glob_t found = {0};
        code = rog_ssh_token_expand(reading->settings, "Include", word, NULL, &path, err);
        whole = code ? NULL : rog_path_join(reading->home, path);
        if (!code && !whole)
            code = rog_fail_nomem(err);
        if (!code && glob(whole, 0, NULL, &found) == 0)
            for (size_t i = 0; !code && i < found.gl_pathc; i++) {
                /* a block of one file does not continue in the next; an Include in a block that
                 * does not apply is skipped */
                code = counts ? read_file(reading, found.gl_pathv[i], err) : ROG_OK;
                reading->counts = counts;
            }
        globfree(&found);
        free(whole);
        free(path);
    }
    return code;
}

/* ---- lines ---- */

static int take_line(struct reading *reading, char *line, struct rog_error *err)
{
    char *word = line + strspn(line, " \t"), *end = word + strcspn(word, " \t=");
    bool known = true;
    if (!*word || *word == '#')
        return ROG_OK;
    char *value = end + strspn(end, " \t");
    value += *value == '=';
    value += strspn(value, " \t");
    *end = '\0';
    for (size_t n = strlen(value); n && isspace((unsigned char)value[n - 1]); n--)
        value[n - 1] = '\0';
    if (!*value)
        return rog_fail(err, ROG_EINVAL, "%s has no value", word);
    if (strcasecmp(word, "host") == 0) {
        reading->counts = is_listed(value, reading->settings->host);
        return ROG_OK;
    }
    if (strcasecmp(word, "match") == 0)
        return match_block(reading, value, err);
    if (strcasecmp(word, "include") == 0)
        return include(reading, value, err);
    if (!reading->counts)
        return ROG_OK;
    int code = rog_ssh_settings_take(reading->settings, word, value, &known, err);
    return code || known ? code : rog_ssh_settings_miss(reading->settings, word, err);
}

static int read_file(struct reading *reading, const char *path, struct rog_error *err)
{
    char *text = NULL;
    struct rog_text_lines lines;
    struct rog_text_line line;
    if (reading->depth >= MAX_DEPTH)
        return rog_fail(err, ROG_EINVAL, "%s: files of the ssh configuration include each other",
                        path);
    if (++reading->files > MAX_FILES)
        return rog_fail(err, ROG_EINVAL, "%s: the ssh configuration includes more than %d files",
                        path, MAX_FILES);
    int code = rog_ssh_text_file_read(path, FILE_MAX_BYTES, &text, err);
    if (!code)
        code = rog_text_lines_begin(&lines, text, strlen(text), err)
                   ? rog_fail_prefix(err, "%s", path)
                   : ROG_OK;
    reading->depth++;
    while (!code && rog_text_lines_next(&lines, &line)) {
        char *copy = strndup(line.text, line.length);
        code = copy ? take_line(reading, copy, err) : rog_fail_nomem(err);
        free(copy);
        if (code)
            rog_fail_prefix(err, "%s:%u", path, (unsigned)line.number);
    }
    reading->depth--;
    free(text);
    return code;
}

static int read_whole(struct rog_ssh_settings *settings, const char *path, const char *home,
                      struct rog_error *err)
{
    struct reading reading = {.settings = settings, .home = home, .counts = true};
    return rog_file_exists(path) ? read_file(&reading, path, err) : ROG_OK;
}

int rog_ssh_config_read(struct rog_ssh_settings *settings, struct rog_error *err)
{
    char *home = NULL, *file = NULL;
    int code = rog_ssh_token_expand(settings, "Include", "~/.ssh", NULL, &home, err);
    if (!code && settings->config) {
        code = read_whole(settings, settings->config, home, err);
    } else if (!code) {
        file = rog_path_join(home, "config");
        code = file ? read_whole(settings, file, home, err) : rog_fail_nomem(err);
        code = code ? code : read_whole(settings, SYSTEM_CONFIG, "/etc/ssh", err);
    }
    free(file);
    free(home);
    return code;
}
