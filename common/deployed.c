/* SPDX-License-Identifier: Apache-2.0 */
/* Checks names and keys of a deployment. */
#include <common/deployed.h>

#include <string.h>

#define HASH_DIGITS 64
#define MAX_MODE_DIGITS 3
#define MAX_NAME_BYTES 1000

bool rog_deployed_name_is_good(const char *name)
{
    size_t length = name ? strlen(name) : 0;
    if (!length || length > MAX_NAME_BYTES || name[0] == '/' || name[0] == ' ' ||
        name[length - 1] == ' ' || name[length - 1] == '/')
        return false;
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '\\')
            return false;
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        size_t size = strcspn(part, "/");
        if (size == 0 || (size == 1 && part[0] == '.') ||
            (size == 2 && part[0] == '.' && part[1] == '.'))
            return false;
    }
    return true;
}

bool rog_deployed_key_is_good(const char *key)
{
    if (strspn(key, "0123456789abcdef") != HASH_DIGITS || key[HASH_DIGITS] != '-')
        return false;
    const char *mode = key + HASH_DIGITS + 1;
    size_t digits = strspn(mode, "0145"); /* digits without write permission (2) */
    return digits > 0 && digits <= MAX_MODE_DIGITS && mode[digits] == '\0';
}
