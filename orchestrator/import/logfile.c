/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of log files, whatever is in them. */
#include <orchestrator/import/logfile.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

#define FILE_MAX_BYTES ((size_t)2 << 30)

int rog_log_open(struct rog_log *lines, const char *path, bool keep_last, struct rog_error *err)
{
    *lines = (struct rog_log){0};
    int code = rog_file_read(path, FILE_MAX_BYTES, &lines->data, &lines->size, err);
    if (code == 0 && keep_last)
        lines->data[lines->size++] = '\n'; /* in the place of the NUL behind the file */
    return code;
}

bool rog_log_next(struct rog_log *lines)
{
    if (lines->next >= lines->size)
        return false;
    char *begin = lines->data + lines->next;
    char *end = memchr(begin, '\n', lines->size - lines->next);
    if (!end)
        return false;
    lines->next = (size_t)(end - lines->data) + 1;
    if (end > begin && end[-1] == '\r')
        end--;
    *end = '\0';
    lines->line = begin;
    lines->length = (size_t)(end - begin);
    return true;
}

void rog_log_close(struct rog_log *lines)
{
    free(lines->data);
    *lines = (struct rog_log){0};
}

/* Days from 1970-01-01 in the Gregorian calendar; the year begins in March, so that the leap day
 * ends it. */
static long days(int year, int month, int day)
{
    year -= month <= 2;
    int from_march = (month + 9) % 12;
    return 365L * year + year / 4 - year / 100 + year / 400 + (153 * from_march + 2) / 5 + day -
           719469;
}

bool rog_log_time(const char *line, double *clock_s, const char **rest)
{
    static const char form[] = "dddd-dd-dd dd:dd:dd,ddd ";
    int number[7] = {0}, at = 0;
    for (size_t i = 0; form[i]; i++) {
        if (form[i] == 'd') {
            if (!isdigit((unsigned char)line[i]))
                return false;
            number[at] = 10 * number[at] + (line[i] - '0');
        } else {
            if (line[i] != form[i])
                return false;
            at++;
        }
    }
    *clock_s = 86400 * (double)days(number[0], number[1], number[2]) + 3600.0 * number[3] +
               60.0 * number[4] + number[5] + number[6] / 1000.0;
    *rest = line + sizeof form - 1;
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
