/* SPDX-License-Identifier: Apache-2.0 */
/* Draws tables, and folds them if the screen is too narrow. */
#include <orchestrator/terminal/table.h>

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/text/label.h>

#define COLUMNS_MAX 24
#define CELL_MAX_COLUMNS 200
#define NOTE_MAX_COLUMNS 500
#define GAP 2         /* between two columns */
#define WRAP_LEAST 24 /* least columns of a text that is wrapped */
#define LEAST_VALUE 8 /* least columns of a value in a block */

struct column {
    char *title;
    bool right, wraps;
    int spare; /* order in which columns are left out, smallest first; 0: never */
    size_t least;
};

struct cell {
    char *text;
    enum rog_paint paint;
    char *note; /* a line below the row that this cell ends; or NULL */
};

struct rog_table {
    struct column column[COLUMNS_MAX];
    size_t columns;
    struct cell *cell;
    size_t cells, room;
    bool failed;
};

/* Widths of the columns as drawn; 0: left out. */
struct layout {
    size_t natural[COLUMNS_MAX], width[COLUMNS_MAX];
};

struct rog_table *rog_table_new(const char *titles)
{
    struct rog_table *table = calloc(1, sizeof *table);
    char *list = rog_strdup(titles), *rest = NULL;
    for (char *title = list ? strtok_r(list, "|", &rest) : NULL; table && title;
         title = strtok_r(NULL, "|", &rest)) {
        size_t marks = 0;
        while (title[marks] && strchr(">~#?", title[marks])) {
            bool number = title[marks] == '#' || title[marks] == '?';
            marks++;
            while (number && isdigit((unsigned char)title[marks]))
                marks++;
        }
        char *own = rog_format("%.*s", (int)marks, title);
        rog_table_column(table, own ? own : "", title + marks);
        table->failed = table->failed || !own;
        free(own);
    }
    if (!list) {
        rog_table_free(table);
        table = NULL;
    }
    free(list);
    return table;
}

void rog_table_column(struct rog_table *table, const char *marks, const char *title)
{
    if (!table || table->columns == COLUMNS_MAX)
        return;
    struct column *column = &table->column[table->columns++];
    *column = (struct column){.title = rog_label_clean(title, CELL_MAX_COLUMNS)};
    table->failed = table->failed || !column->title;
    for (; *marks; marks++) {
        column->right = column->right || *marks == '>';
        column->wraps = column->wraps || *marks == '~';
        if (*marks == '?')
            column->spare = atoi(marks + 1);
        if (*marks == '#')
            column->least = (size_t)atoi(marks + 1);
    }
}

void rog_table_free(struct rog_table *table)
{
    if (!table)
        return;
    for (size_t c = 0; c < table->columns; c++)
        free(table->column[c].title);
    for (size_t i = 0; i < table->cells; i++) {
        free(table->cell[i].text);
        free(table->cell[i].note);
    }
    free(table->cell);
    free(table);
}

/* Takes ownership of `text`. */
static void add_cell(struct rog_table *table, char *text)
{
    if (text && table->cells == table->room) {
        size_t room = table->room ? 2 * table->room : 64;
        struct cell *more = realloc(table->cell, room * sizeof *more);
        if (more) {
            table->cell = more;
            table->room = room;
        }
    }
    if (text && table->cells < table->room) {
        table->cell[table->cells++] = (struct cell){.text = text};
    } else {
        free(text);
        table->failed = true;
    }
}

static char *__attribute__((format(printf, 2, 0)))
clean(size_t columns, const char *format, va_list args)
{
    char *raw = NULL;
    if (vasprintf(&raw, format, args) < 0)
        return NULL;
    char *text = rog_label_clean(raw, columns);
    free(raw);
    return text;
}

void rog_table_cell(struct rog_table *table, const char *format, ...)
{
    va_list args;
    if (!table)
        return;
    va_start(args, format);
    add_cell(table, clean(CELL_MAX_COLUMNS, format, args));
    va_end(args);
}

void rog_table_number(struct rog_table *table, double number, int digits)
{
    if (isnan(number))
        rog_table_cell(table, "-");
    else
        rog_table_cell(table, "%.*f", digits, number);
}

void rog_table_paint(struct rog_table *table, enum rog_paint paint)
{
    if (table && table->cells)
        table->cell[table->cells - 1].paint = paint;
}

void rog_table_note(struct rog_table *table, const char *format, ...)
{
    va_list args;
    if (!table || !table->cells || table->cell[table->cells - 1].note)
        return;
    va_start(args, format);
    char *note = clean(NOTE_MAX_COLUMNS, format, args);
    va_end(args);
    table->cell[table->cells - 1].note = note;
    table->failed = table->failed || !note;
}

/* ---- widths ---- */

static void measure(const struct rog_table *table, struct layout *layout)
{
    for (size_t c = 0; c < table->columns; c++) {
        size_t title = rog_label_columns(table->column[c].title), least = table->column[c].least;
        layout->natural[c] = title > least ? title : least;
    }
    for (size_t i = 0; i < table->cells; i++) {
        size_t columns = rog_label_columns(table->cell[i].text);
        size_t *widest = &layout->natural[i % table->columns];
        *widest = columns > *widest ? columns : *widest;
    }
}

/* Returns the least width of a column. */
static size_t least_of(const struct rog_table *table, const struct layout *layout, size_t c)
{
    size_t natural = layout->natural[c];
    return table->column[c].wraps && natural > WRAP_LEAST ? WRAP_LEAST : natural;
}

static size_t total_of(const struct rog_table *table, const struct layout *layout)
{
    size_t total = 0, shown = 0;
    for (size_t c = 0; c < table->columns; c++) {
        total += layout->width[c];
        shown += layout->width[c] > 0;
    }
    return total + (shown ? GAP * (shown - 1) : 0);
}

/* Leaves out columns until the others fit, then adds back those for which there is room after
 * all. */
static bool leave_out(const struct rog_table *table, struct layout *layout, size_t screen)
{
    for (int spare = 1; spare <= 9 && total_of(table, layout) > screen; spare++)
        for (size_t c = table->columns; c-- > 0 && total_of(table, layout) > screen;)
            if (table->column[c].spare == spare)
                layout->width[c] = 0;
    for (int spare = 9; spare >= 1; spare--)
        for (size_t c = 0; c < table->columns; c++) {
            if (table->column[c].spare != spare || layout->width[c])
                continue;
            layout->width[c] = least_of(table, layout, c);
            if (total_of(table, layout) > screen)
                layout->width[c] = 0;
        }
    return total_of(table, layout) <= screen;
}

/* Distributes the remaining room among texts, one column at a time. */
static void widen(const struct rog_table *table, struct layout *layout, size_t screen)
{
    bool widened = true;
    for (size_t total = total_of(table, layout); widened && total < screen;) {
        widened = false;
        for (size_t c = 0; c < table->columns && total < screen; c++)
            if (layout->width[c] && layout->width[c] < layout->natural[c]) {
                layout->width[c]++;
                total++;
                widened = true;
            }
    }
}

/* Computes the layout. Returns false if no table fits on this screen. */
static bool arrange(const struct rog_table *table, struct layout *layout, size_t screen)
{
    memcpy(layout->width, layout->natural, sizeof layout->width);
    if (!screen || total_of(table, layout) <= screen)
        return true;
    for (size_t c = 0; c < table->columns; c++)
        layout->width[c] = least_of(table, layout, c);
    if (!leave_out(table, layout, screen))
        return false;
    widen(table, layout, screen);
    return true;
}

/* ---- writing ---- */

struct writer {
    const struct rog_table *table;
    const struct rog_screen *screen;
    FILE *file;
};

static void put_painted(const struct writer *w, const char *text, size_t bytes,
                        enum rog_paint paint)
{
    fprintf(w->file, "%s%.*s%s", rog_screen_paint(w->screen, paint), (int)bytes, text,
            rog_screen_unpaint(w->screen, paint));
}

/* Returns how many bytes of a text are on its first line; *skip: bytes up to the second line. */
static size_t first_line(const char *text, size_t width, size_t *skip)
{
    size_t fits = rog_label_break(text, width);
    *skip = fits + (text[fits] == ' ');
    return fits;
}

static size_t columns_of(const char *text, size_t bytes)
{
    char *part = rog_format("%.*s", (int)bytes, text);
    size_t columns = part ? rog_label_columns(part) : 0;
    free(part);
    return columns;
}

/* Prints a line of a row and advances each text. Returns false if no text was left. */
static bool put_line(const struct writer *w, const struct layout *layout, const char **text,
                     const enum rog_paint *paint)
{
    const struct rog_table *table = w->table;
    size_t blanks = 0;
    bool any = false, first = true;
    for (size_t c = 0; c < table->columns; c++)
        any = any || (layout->width[c] && text[c][0]);
    for (size_t c = 0; any && c < table->columns; c++) {
        size_t width = layout->width[c], skip = strlen(text[c]), bytes = skip;
        if (!width)
            continue;
        if (table->column[c].wraps)
            bytes = first_line(text[c], width, &skip);
        size_t columns = columns_of(text[c], bytes);
        size_t padding = width > columns ? width - columns : 0;
        blanks += first ? 0 : GAP;
        blanks += table->column[c].right ? padding : 0;
        if (bytes) {
            fprintf(w->file, "%*s", (int)blanks, "");
            put_painted(w, text[c], bytes, paint[c]);
            blanks = 0;
        }
        blanks += table->column[c].right ? 0 : padding;
        text[c] += skip;
        first = false;
    }
    if (any)
        fputc('\n', w->file);
    return any;
}

static void put_note(const struct writer *w, const struct cell *last)
{
    char *cut = last->note && w->screen->columns > GAP
                    ? rog_label_clean(last->note, w->screen->columns - GAP)
                    : NULL;
    if (last->note)
        fprintf(w->file, "%*s%s\n", GAP, "", cut ? cut : last->note);
    free(cut);
}

static void put_headings(const struct writer *w, const struct layout *layout)
{
    const char *text[COLUMNS_MAX];
    enum rog_paint paint[COLUMNS_MAX];
    for (size_t c = 0; c < w->table->columns; c++) {
        text[c] = w->table->column[c].title;
        paint[c] = ROG_BOLD;
    }
    while (put_line(w, layout, text, paint))
        continue;
}

static void put_table(const struct writer *w, const struct layout *layout)
{
    const struct rog_table *table = w->table;
    put_headings(w, layout);
    for (size_t i = 0; i + table->columns <= table->cells; i += table->columns) {
        const char *text[COLUMNS_MAX];
        enum rog_paint paint[COLUMNS_MAX];
        for (size_t c = 0; c < table->columns; c++) {
            text[c] = table->cell[i + c].text;
            paint[c] = table->cell[i + c].paint;
        }
        while (put_line(w, layout, text, paint))
            continue;
        put_note(w, &table->cell[i + table->columns - 1]);
    }
}

/* Prints the first column with as many others as fit, then again with those that follow. Returns
 * false if a column does not fit beside the first. */
static bool put_parts(const struct writer *w, const struct layout *layout)
{
    const struct rog_table *table = w->table;
    size_t screen = w->screen->columns, next = 1;
    for (size_t c = 1; c < table->columns; c++)
        if (layout->natural[0] + GAP + layout->natural[c] > screen)
            return false;
    while (next < table->columns) {
        struct layout part = *layout;
        size_t used = layout->natural[0];
        memset(part.width, 0, sizeof part.width);
        part.width[0] = layout->natural[0];
        if (next > 1)
            fputc('\n', w->file);
        for (; next < table->columns && used + GAP + layout->natural[next] <= screen; next++) {
            used += GAP + layout->natural[next];
            part.width[next] = layout->natural[next];
        }
        put_table(w, &part);
    }
    return true;
}

/* Prints each row as lines of a title and a value. */
static void put_blocks(const struct writer *w)
{
    const struct rog_table *table = w->table;
    size_t titles = 0;
    for (size_t c = 0; c < table->columns; c++) {
        size_t columns = rog_label_columns(table->column[c].title);
        titles = columns > titles ? columns : titles;
    }
    size_t room = w->screen->columns > titles + GAP + LEAST_VALUE
                      ? w->screen->columns - titles - GAP
                      : LEAST_VALUE;
    for (size_t i = 0; i + table->columns <= table->cells; i += table->columns) {
        for (size_t c = 0; c < table->columns; c++) {
            const struct cell *cell = &table->cell[i + c];
            const char *text = cell->text, *title = table->column[c].title;
            size_t skip = 0;
            put_painted(w, title, strlen(title), ROG_BOLD);
            fprintf(w->file, "%*s", (int)(titles - rog_label_columns(title) + GAP), "");
            do {
                size_t bytes = first_line(text, room, &skip);
                if (!strchr(text, ' ')) /* names are not broken, so that users can copy them */
                    bytes = skip = strlen(text);
                put_painted(w, text, bytes, cell->paint);
                text += skip;
                fprintf(w->file, text[0] ? "\n%*s" : "\n", (int)(titles + GAP), "");
            } while (text[0]);
        }
        put_note(w, &table->cell[i + table->columns - 1]);
        if (i + 2 * table->columns <= table->cells)
            fputc('\n', w->file);
    }
}

static void put_remark(const struct writer *w, const struct layout *layout)
{
    char *text = NULL;
    for (size_t c = 0; c < w->table->columns; c++) {
        if (layout->width[c])
            continue;
        char *longer = rog_format("%s%s%s", text ? text : "not shown: ", text ? ", " : "",
                                  w->table->column[c].title);
        free(text);
        text = longer;
    }
    char *whole = text ? rog_format("%s; a wider terminal shows more", text) : NULL;
    for (const char *rest = whole; rest && rest[0];) {
        size_t skip, bytes = first_line(rest, w->screen->columns, &skip);
        put_painted(w, rest, bytes, ROG_DIM);
        fputc('\n', w->file);
        rest += skip;
    }
    free(whole);
    free(text);
}

int rog_table_write(struct rog_table *table, const struct rog_screen *screen,
                    enum rog_table_remark remark, FILE *file, struct rog_error *err)
{
    struct layout layout;
    if (!table)
        return rog_fail_nomem(err);
    int code = table->failed ? rog_fail_nomem(err) : 0;
    const struct writer writer = {table, screen, file};
    if (code == 0 && table->columns > 0) {
        bool folds = false;
        for (size_t c = 0; c < table->columns; c++)
            folds = folds || table->column[c].spare || table->column[c].wraps;
        measure(table, &layout);
        if (arrange(table, &layout, screen->columns)) {
            put_table(&writer, &layout);
            if (remark == ROG_TABLE_REMARKS)
                put_remark(&writer, &layout);
        } else if (folds || !put_parts(&writer, &layout)) {
            put_blocks(&writer);
        }
    }
    rog_table_free(table);
    return code;
}

int rog_table_print(struct rog_table *table, struct rog_error *err)
{
    const struct rog_screen screen = rog_screen_of(STDOUT_FILENO);
    return rog_table_write(table, &screen, ROG_TABLE_REMARKS, stdout, err);
}
