/* SPDX-License-Identifier: Apache-2.0 */
/* Reads time and rate from two columns of a table. */
#include <librog/trace/table.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <librog/trace/samples.h>

#define FIELD_BYTES 128
#define LIST_BYTES 512 /* of the list of columns in a message */

/* ---- units ---- */

struct unit {
    const char *name;
    double factor; /* to seconds, to Mbit/s or, for bytes, to Mbit */
};

static const struct unit time_units[] = {
    {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}, {"date", 1}};
static const struct unit rate_units[] = {{"bit/s", 1e-6}, {"kbit/s", 1e-3},  {"Mbit/s", 1},
                                         {"Gbit/s", 1e3}, {"bytes/s", 8e-6}, {"kbytes/s", 8e-3},
                                         {"Mbytes/s", 8}, {"bytes", 8e-6}};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct unit *find_unit(const struct unit *units, size_t count, const char *name)
{
    for (size_t i = 0; i < count && name; i++)
        if (strcmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

/* ---- times ---- */

/* Reads `digits` digits of *text as a number and advances *text. */
static bool take_digits(const char **text, int digits, int *number)
{
    *number = 0;
    for (int i = 0; i < digits; i++, (*text)++) {
        if (!isdigit((unsigned char)**text))
            return false;
        *number = 10 * *number + (**text - '0');
    }
    return true;
}

static bool take_one_of(const char **text, const char *characters)
{
    bool is_there = **text && strchr(characters, **text);
    *text += is_there;
    return is_there;
}

/* Reads "Z", "+01:00", "+0100" or nothing, as seconds. */
static bool take_zone(const char **text, double *zone_s)
{
    int hours = 0, minutes = 0;
    *zone_s = 0;
    if (take_one_of(text, "Zz"))
        return true;
    double sign = **text == '-' ? -1 : 1;
    if (!take_one_of(text, "+-"))
        return true;
    if (!take_digits(text, 2, &hours))
        return false;
    take_one_of(text, ":");
    if (!take_digits(text, 2, &minutes))
        return false;
    *zone_s = sign * (3600 * hours + 60 * minutes);
    return true;
}

/* Reads "2018-01-18 14:38:27.5", with '-', '.' or '/' in the date, ':' or '.' in the time, and a
 * blank, 'T' or '_' between them; a time zone may follow, and in a row with blanks as separators
 * the next field. */
static bool parse_date(const char *text, bool more, double *seconds)
{
    struct tm tm = {0};
    double fraction = 0, digit = 1, zone_s;
    if (!take_digits(&text, 4, &tm.tm_year) || !take_one_of(&text, "-./") ||
        !take_digits(&text, 2, &tm.tm_mon) || !take_one_of(&text, "-./") ||
        !take_digits(&text, 2, &tm.tm_mday) || !take_one_of(&text, " T_") ||
        !take_digits(&text, 2, &tm.tm_hour) || !take_one_of(&text, ":.") ||
        !take_digits(&text, 2, &tm.tm_min) || !take_one_of(&text, ":.") ||
        !take_digits(&text, 2, &tm.tm_sec))
        return false;
    if (take_one_of(&text, ".,"))
        for (; isdigit((unsigned char)*text); text++)
            fraction += (*text - '0') * (digit /= 10);
    bool valid = tm.tm_mon >= 1 && tm.tm_mon <= 12 && tm.tm_mday >= 1 && tm.tm_mday <= 31 &&
                 tm.tm_hour < 24 && tm.tm_min < 60 && tm.tm_sec <= 60 && take_zone(&text, &zone_s);
    if (!valid || (*text && !(more && (*text == ' ' || *text == '\t'))))
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    struct tm day = {.tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday};
    timegm(&day); /* turns February 30 into March */
    if (day.tm_mday != tm.tm_mday)
        return false;
    *seconds = (double)timegm(&tm) + fraction - zone_s;
    return true;
}

/* ---- columns ---- */

struct column {
    size_t index;
    char name[FIELD_BYTES]; /* from the header, or "" */
};

struct table {
    const struct rog_trace_columns *said;
    const struct unit *time_unit, *rate_unit;
    bool dates, counts; /* the units "date" and "bytes" */
    char separator;
    size_t fields; /* fields of the first row */
    uint32_t first_number;
    struct column time, rate;
};

/* Lists the columns for a message: " 1 \"time\", 2 \"rate\"". */
static void list_columns(const struct table *table, const struct rog_text_line *line, char *list)
{
    size_t used = 0;
    list[0] = '\0';
    for (size_t i = 0; i < table->fields; i++) {
        char name[FIELD_BYTES], one[FIELD_BYTES + 32];
        rog_trace_line_field(line, table->separator, i, name, 40, NULL);
        int length = snprintf(one, sizeof one, "%s%zu \"%s\"", i ? ", " : "", i + 1, name);
        if (used + (size_t)length + 8 > LIST_BYTES) {
            snprintf(list + used, LIST_BYTES - used, ", ...");
            return;
        }
        memcpy(list + used, one, (size_t)length + 1);
        used += (size_t)length;
    }
}

/* Returns the column's number, from 1, given as "3" or ":3"; 0 if it is a name. */
static size_t column_number(const char *said)
{
    const char *digits = said + (*said == ':');
    size_t length = strspn(digits, "0123456789");
    return length && length < 10 && !digits[length] ? (size_t)strtoul(digits, NULL, 10) : 0;
}

/* "0", or "1058" in a table with fewer columns, can only be a name. */
static bool is_digits(const char *said)
{
    const char *digits = said + (*said == ':');
    return *digits && !digits[strspn(digits, "0123456789")];
}

/* Finds the column `said`, by the names in line `first` if has_names. */
static int find_column(const struct table *table, const char *option, const char *said,
                       const struct rog_text_line *first, bool has_names, struct column *column,
                       struct rog_error *err)
{
    char name[FIELD_BYTES], list[LIST_BYTES];
    size_t number = column_number(said), named = 0, with_name = 0;
    for (size_t i = 0; has_names && *said != ':' && i < table->fields; i++) {
        rog_trace_line_field(first, table->separator, i, name, sizeof name, NULL);
        if (strcmp(name, said) != 0)
            continue;
        named = i + 1;
        with_name++;
    }
    bool by_number = number >= 1 && number <= table->fields;
    if (with_name > 1 || (with_name == 1 && by_number && number != named))
        return rog_fail(
            err, ROG_EINVAL,
            "%s %s matches more than one column; hint: give its number after a colon (%s :%zu)",
            option, said, option, named);
    if (!with_name && !by_number) {
        list_columns(table, first, list);
        return rog_fail(err, ROG_EINVAL, "there is no column \"%s\"; hint: %s must be one of %s",
                        said, option, list);
    }
    column->index = (with_name ? named : number) - 1;
    if (has_names)
        rog_trace_line_field(first, table->separator, column->index, column->name,
                             sizeof column->name, NULL);
    return ROG_OK;
}

static bool read_time(const struct table *table, const struct rog_text_line *line, size_t index,
                      double *seconds)
{
    char field[FIELD_BYTES], rest_text[FIELD_BYTES];
    const char *rest = NULL;
    if (!rog_trace_line_field(line, table->separator, index, field, sizeof field, &rest))
        return false;
    if (table->dates && table->separator == ' ' && *rest != '"') {
        size_t left = (size_t)(line->text + line->length - rest);
        snprintf(rest_text, sizeof rest_text, "%.*s", (int)(left < 100 ? left : 100), rest);
        return parse_date(rest_text, true, seconds);
    }
    return table->dates ? parse_date(field, false, seconds) : rog_text_number(field, seconds);
}

static bool has_words(const struct table *table, const struct rog_text_line *line)
{
    char field[FIELD_BYTES];
    double value;
    for (size_t i = 0; i < table->fields; i++) {
        rog_trace_line_field(line, table->separator, i, field, sizeof field, NULL);
        if (!rog_text_number(field, &value) && !read_time(table, line, i, &value))
            return true;
    }
    return false;
}

/* Returns whether the first line has names. It has none if its field for the time, or without such
 * a column for the rate, is a value. */
static bool has_header(const struct table *table, const struct rog_text_line *line)
{
    const char *rate = table->said->rate, *said = table->said->time ? table->said->time : rate;
    size_t number = column_number(said);
    char field[FIELD_BYTES];
    double value;
    if (!is_digits(said) || !is_digits(rate))
        return true;
    if (number < 1 || number > table->fields)
        return has_words(table, line);
    if (table->said->time)
        return !read_time(table, line, number - 1, &value);
    rog_trace_line_field(line, table->separator, number - 1, field, sizeof field, NULL);
    return !rog_text_number(field, &value);
}

static int choose_units(struct table *table, struct rog_error *err)
{
    const struct rog_trace_columns *said = table->said;
    table->time_unit = find_unit(time_units, COUNT(time_units), said->time_unit);
    table->rate_unit = find_unit(rate_units, COUNT(rate_units), said->rate_unit);
    if (said->time && said->period_s > 0)
        return rog_fail(err, ROG_EINVAL, "--time and --period cannot be used together");
    if (said->time && !table->time_unit)
        return rog_fail(
            err, ROG_EINVAL,
            "the unit of the time column is missing: give --time-unit " ROG_TRACE_TIME_UNITS);
    if (said->rate && !table->rate_unit)
        return rog_fail(
            err, ROG_EINVAL,
            "the unit of the rate column is missing: give --rate-unit " ROG_TRACE_RATE_UNITS);
    table->dates = said->time && strcmp(table->time_unit->name, "date") == 0;
    table->counts = said->rate && strcmp(table->rate_unit->name, "bytes") == 0;
    return ROG_OK;
}

/* Determines from the first line how to read the others. */
static int open_table(struct table *table, const struct rog_text_line *first, bool *has_names,
                      struct rog_error *err)
{
    char list[LIST_BYTES];
    const struct rog_trace_columns *said = table->said;
    table->separator = rog_trace_line_separator(first);
    table->fields = rog_trace_line_count(first, table->separator);
    table->first_number = first->number;
    list_columns(table, first, list);
    if (!said->rate)
        return rog_fail(err, ROG_EINVAL,
                        "--rate must give the column of the rate, by name or number, of %s", list);
    if (!said->time && said->period_s <= 0)
        return rog_fail(err, ROG_EINVAL,
                        "--time must give the column of the time, by name or number, of %s; or "
                        "give --period, the seconds between two rows",
                        list);
    *has_names = has_header(table, first);
    int code = ROG_OK;
    if (said->time)
        code = find_column(table, "--time", said->time, first, *has_names, &table->time, err);
    if (!code)
        code = find_column(table, "--rate", said->rate, first, *has_names, &table->rate, err);
    if (!code && said->time && table->time.index == table->rate.index)
        code = rog_fail(err, ROG_EINVAL, "--time and --rate are the same column, %zu",
                        table->time.index + 1);
    return code;
}

static int wrong_field(const struct table *table, const struct rog_text_line *line,
                       const char *what, const struct column *column, const char *expected,
                       struct rog_error *err)
{
    char field[FIELD_BYTES];
    bool comma = rog_trace_line_field(line, table->separator, column->index, field, 60, NULL) &&
                 strchr(field, ',') && strspn(field, "0123456789,-") == strlen(field);
    return rog_fail(err, ROG_EFORMAT, "%s (column %zu%s%s%s) must be %s (found \"%s\")%s", what,
                    column->index + 1, column->name[0] ? ", \"" : "", column->name,
                    column->name[0] ? "\"" : "", expected, field,
                    comma ? "; hint: the decimal mark must be a point" : "");
}

static int read_row(const struct table *table, const struct rog_text_line *line, double *seconds,
                    double *value, struct rog_error *err)
{
    char field[FIELD_BYTES];
    size_t fields = rog_trace_line_count(line, table->separator);
    if (table->separator == ' ' && fields > table->time.index && fields > table->rate.index)
        fields = table->fields; /* in logs the last fields may be any words */
    if (fields != table->fields)
        return rog_fail(err, ROG_EFORMAT, "has %zu column%s, but line %u has %zu (found \"%.*s\")",
                        fields, fields == 1 ? "" : "s", table->first_number, table->fields,
                        rog_trace_line_shown(line), line->text);
    if (table->said->time && !read_time(table, line, table->time.index, seconds))
        return wrong_field(table, line, "the time", &table->time,
                           table->dates ? "a date like 2022-06-25 18:20:47.5" : "a number", err);
    rog_trace_line_field(line, table->separator, table->rate.index, field, sizeof field, NULL);
    if (!rog_text_number(field, value))
        return wrong_field(table, line, table->counts ? "the bytes" : "the rate", &table->rate,
                           "a number", err);
    if (table->said->time)
        *seconds *= table->time_unit->factor;
    *value *= table->rate_unit->factor;
    return ROG_OK;
}

/* ---- from rows to values ---- */

/* The rows of the same time, until a row of a later time is read. */
struct moment {
    double first_s;        /* first time of the table; times of the trace count from there */
    double at_s, before_s; /* before_s: the previous time */
    double sum;
    uint32_t rows, count; /* rows of this time; number of times including this one */
    uint32_t line;        /* line of its first row */
};

static int end_moment(const struct table *table, struct rog_trace_builder *builder,
                      const struct moment *moment, struct rog_error *err)
{
    if (!moment->rows)
        return ROG_OK;
    double at_s = moment->at_s - moment->first_s, hold_s = table->said->period_s;
    if (!table->counts)
        return rog_trace_builder_add(builder, at_s, moment->sum / moment->rows, err);
    if (table->said->time && moment->count == 1)
        return ROG_OK; /* its bytes were counted since an unknown time */
    if (table->said->time) {
        hold_s = moment->at_s - moment->before_s;
        at_s = moment->before_s - moment->first_s;
    }
    return rog_trace_builder_add(builder, at_s, moment->sum / hold_s, err);
}

/* Turns sorted rows into values. */
static int take_values(const struct table *table, struct rog_trace_builder *builder,
                       const struct rog_trace_samples *rows, struct moment *moment,
                       struct rog_error *err)
{
    int code = ROG_OK;
    for (size_t i = 0; i < rows->count && !code; i++) {
        const struct rog_trace_sample *row = &rows->item[i];
        if (!moment->count)
            moment->first_s = row->at_s;
        if (!moment->count || row->at_s > moment->at_s) {
            code = end_moment(table, builder, moment, err);
            if (code)
                return code;
            *moment = (struct moment){.first_s = moment->first_s,
                                      .at_s = row->at_s,
                                      .before_s = moment->at_s,
                                      .count = moment->count + 1,
                                      .line = row->line};
        }
        moment->sum += row->value;
        moment->rows++;
    }
    return end_moment(table, builder, moment, err);
}

static int read_rows(struct table *table, struct rog_text_lines *lines,
                     struct rog_trace_samples *rows, struct rog_error *err)
{
    struct rog_text_line line;
    bool has_names = false;
    int code = ROG_OK;
    while (!code && rog_trace_lines_next(lines, &line)) {
        struct rog_trace_sample row = {(double)rows->count * table->said->period_s, 0, line.number};
        if (!table->separator)
            code = open_table(table, &line, &has_names, err);
        if (code || (has_names && line.number == table->first_number))
            continue;
        code = read_row(table, &line, &row.at_s, &row.value, err);
        if (!code)
            code = rog_trace_samples_add(rows, row, err);
    }
    return code;
}

int rog_trace_table_read(struct rog_trace_builder *builder, struct rog_text_lines *lines,
                         const struct rog_trace_columns *columns, double *end_s,
                         struct rog_trace_row_counts *counts, struct rog_error *err)
{
    struct table table = {.said = columns};
    struct moment moment = {0};
    struct rog_trace_samples rows = {0};
    int code = choose_units(&table, err);
    if (!code)
        code = read_rows(&table, lines, &rows, err);
    if (!code) {
        counts->sorted = rog_trace_samples_sort(&rows);
        code = take_values(&table, builder, &rows, &moment, err);
        if (code)
            lines->number = moment.line;
    }
    if (!code && table.counts && columns->time && moment.count == 1)
        code =
            rog_fail(err, ROG_EFORMAT, "byte counts need at least two rows with different times");
    counts->merged = (uint32_t)rows.count - moment.count;
    *end_s = table.counts ? moment.at_s - moment.first_s : 0;
    if (!columns->time)
        *end_s = (double)rows.count * columns->period_s;
    rog_trace_samples_release(&rows);
    return code;
}
