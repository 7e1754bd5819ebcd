/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the most similar name for a message about an unknown one. */
#include <common/meant.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/settings.h>

struct names {
    char **name;
    size_t count;
};

static const char *next_name(const void *list, size_t index)
{
    const struct names *names = list;
    return index < names->count ? names->name[index] : NULL;
}

static void release(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->name[i]);
    free(names->name);
}

/* If memory runs out, the name is not suggested. */
static void add(struct names *names, const char *text, size_t length)
{
    char **more = realloc(names->name, (names->count + 1) * sizeof *more);
    if (!more)
        return;
    names->name = more;
    if ((names->name[names->count] = rog_format("%.*s", (int)length, text)))
        names->count++;
}

const char *rog_meant(const char *near, char text[ROG_MEANT_BYTES])
{
    near = near && near[0] ? near : NULL;
    snprintf(text, ROG_MEANT_BYTES, "%s%s%s", near ? " (did you mean " : "", near ? near : "",
             near ? "?)" : "");
    return text;
}

const char *rog_meant_choice(const char *word, const char *choices, char text[ROG_MEANT_BYTES])
{
    struct names names = {0};
    for (size_t length; *choices; choices += length + (choices[length] == '|')) {
        length = strcspn(choices, "|");
        add(&names, choices, length);
    }
    rog_meant(rog_nearest_name(word, next_name, &names), text);
    release(&names);
    return text;
}

const char *rog_meant_name(const char *word, char *const *names, size_t count, bool beginnings,
                           char text[ROG_MEANT_BYTES])
{
    struct names whole = {0}, cut = {0};
    for (size_t i = 0; i < count; i++) {
        add(&whole, names[i], strlen(names[i]));
        add(&cut, names[i], strlen(word));
    }
    const char *near = rog_nearest_name(word, next_name, &whole);
    const char *begins = !near && beginnings ? rog_nearest_name(word, next_name, &cut) : NULL;
    for (size_t i = 0; begins && i < cut.count && cut.count == count; i++)
        if (cut.name[i] == begins)
            near = names[i];
    rog_meant(near, text);
    release(&whole);
    release(&cut);
    return text;
}

static void add_folder(struct names *names, const char *folder, const char *ending, bool bare)
{
    DIR *entries = opendir(folder);
    const struct dirent *entry;
    while (entries && (entry = readdir(entries))) {
        size_t length = strlen(entry->d_name), tail = strlen(ending);
        if (length > tail && strcmp(entry->d_name + length - tail, ending) == 0)
            add(names, entry->d_name, bare ? length - tail : length);
    }
    if (entries)
        closedir(entries);
}

const char *rog_meant_file(const char *word, const char *const *folders, const char *ending,
                           bool bare, char text[ROG_MEANT_BYTES])
{
    struct names names = {0};
    for (; *folders; folders++)
        add_folder(&names, *folders, ending, bare);
    rog_meant(rog_nearest_name(word, next_name, &names), text);
    release(&names);
    return text;
}
