/* SPDX-License-Identifier: Apache-2.0 */
/* Reads lines of log files, whatever bytes they contain. */
#include <orchestrator/import/logfile.h>

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

#define FILE_MAX_BYTES ((size_t)2 << 30)
#define NO_TEXT '\1' /* replaces zero bytes, which would end a string */

static const char time_form[] = "dddd-dd-dd dd:dd:dd,ddd ";
#define TIME_BYTES (sizeof time_form - 1)
#define NUMBERS 8 /* year to millisecond, and the end position */

int rog_log_open(struct rog_log *log, const char *path, struct rog_error *err)
{
    size_t size = 0;
    *log = (struct rog_log){0};
    int code = rog_file_read(path, FILE_MAX_BYTES, &log->data, &size, err);
    for (size_t i = 0; code == 0 && i < size; i++)
        log->data[i] = log->data[i] ? log->data[i] : NO_TEXT;
    if (code == 0 && (code = rog_text_lines_begin(&log->lines, log->data, size, err)) < 0)
        rog_log_close(log);
    return code;
}

/* Reads the numbers of a time at the beginning. */
static bool time_numbers(const char *text, int number[NUMBERS])
{
    int at = 0;
    memset(number, 0, NUMBERS * sizeof *number);
    for (size_t i = 0; i < TIME_BYTES; i++) {
        if (time_form[i] == 'd') {
            if (!isdigit((unsigned char)text[i]))
                return false;
            number[at] = 10 * number[at] + (text[i] - '0');
        } else {
            if (text[i] != time_form[i])
                return false;
            at++;
        }
    }
    return number[1] >= 1 && number[1] <= 12 && number[2] >= 1 && number[2] <= 31 &&
           number[3] < 24 && number[4] < 60 && number[5] <= 60;
}

/* Returns where, after the first byte of a line, another time begins; `end` if there is none. */
static char *next_time(char *begin, char *end)
{
    int number[NUMBERS];
    for (char *at = begin + 1; at + TIME_BYTES <= end; at++)
        if (at[4] == '-' && at[7] == '-' && time_numbers(at, number))
            return at;
    return end;
}

bool rog_log_next(struct rog_log *log)
{
    struct rog_text_line line;
    char *begin = log->torn, *end = log->torn_end;
    if (begin) {
        *begin = log->torn_byte;
    } else if (rog_text_lines_next(&log->lines, &line)) {
        begin = log->data + (line.text - log->data);
        end = begin + line.length;
        log->number = line.number;
        log->ended = line.ended;
    } else {
        return false;
    }
    char *stop = next_time(begin, end);
    log->torn = stop < end ? stop : NULL;
    log->torn_end = end;
    log->torn_byte = *stop;
    *stop = '\0';
    log->line = begin;
    log->length = (size_t)(stop - begin);
    return true;
}

void rog_log_close(struct rog_log *log)
{
    free(log->data);
    *log = (struct rog_log){0};
}

/* Returns days since 1970-01-01 in the Gregorian calendar; years are counted from March, so that a
 * leap day is their last day. */
static long days(int year, int month, int day)
{
    year -= month <= 2;
    int from_march = (month + 9) % 12;
    return 365L * year + year / 4 - year / 100 + year / 400 + (153 * from_march + 2) / 5 + day -
           719469;
}

bool rog_log_time(const char *line, double *clock_s, const char **rest)
{
    int number[NUMBERS];
    if (!time_numbers(line, number))
        return false;
    *clock_s = 86400 * (double)days(number[0], number[1], number[2]) + 3600.0 * number[3] +
               60.0 * number[4] + number[5] + number[6] / 1000.0;
    *rest = line + TIME_BYTES;
    return true;
}

bool rog_log_begins(const char *text, const char *prefix, const char **rest)
{
    size_t size = strlen(prefix);
    if (strncmp(text, prefix, size) != 0)
        return false;
    *rest = text + size;
    return true;
}

bool rog_log_number(const char *text, double *number, const char **rest)
{
    char *end = NULL;
    if (!strchr("0123456789+-.", *text) || !*text)
        return false;
    *number = strtod(text, &end);
    *rest = end;
    return end != text && isfinite(*number) && !memchr(text, 'x', (size_t)(end - text)) &&
           !memchr(text, 'X', (size_t)(end - text));
}
