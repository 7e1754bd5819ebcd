/* SPDX-License-Identifier: Apache-2.0 */
/* Determines from the kernel and the environment what a terminal can show. */
#include <common/screen.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_COLUMNS 80
#define DEFAULT_ROWS 24

/* Returns an environment variable that is set and not empty. */
static const char *given(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

static bool wants_colors(bool moves)
{
    const char *force = given("CLICOLOR_FORCE"), *wanted = given("CLICOLOR");
    if (given("NO_COLOR"))
        return false;
    if (force && strcmp(force, "0") != 0)
        return true;
    return moves && !(wanted && strcmp(wanted, "0") == 0);
}

/* Checks the name of the locale, because setlocale() does not know locales that are not installed,
 * as on many hosts. */
static bool is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *locale = NULL;
    for (size_t i = 0; !locale && i < sizeof names / sizeof *names; i++)
        locale = given(names[i]);
    const char *codeset = locale ? strchr(locale, '.') : NULL;
    return codeset && (strncasecmp(codeset, ".utf-8", 6) == 0 || //
                       strncasecmp(codeset, ".utf8", 5) == 0);
}

struct rog_screen rog_screen_of(int fd)
{
    const char *term = getenv("TERM");
    struct rog_screen screen = {.terminal = isatty(fd) == 1, .utf8 = is_utf8()};
    struct winsize size = {0};
    screen.moves = screen.terminal && term && strcmp(term, "dumb") != 0;
    screen.colors = wants_colors(screen.moves);
    if (!screen.terminal)
        return screen;
    bool known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    screen.columns = known ? size.ws_col : DEFAULT_COLUMNS;
    screen.rows = known ? size.ws_row : DEFAULT_ROWS;
    return screen;
}

const char *rog_screen_paint(const struct rog_screen *screen, enum rog_paint paint)
{
    static const char *const sequences[] = {
        [ROG_PLAIN] = "",         [ROG_BOLD] = "\033[1m",    [ROG_DIM] = "\033[2m",
        [ROG_GREEN] = "\033[32m", [ROG_YELLOW] = "\033[33m", [ROG_RED] = "\033[31m",
    };
    return screen->colors ? sequences[paint] : "";
}

const char *rog_screen_unpaint(const struct rog_screen *screen, enum rog_paint paint)
{
    return screen->colors && paint != ROG_PLAIN ? "\033[0m" : "";
}
