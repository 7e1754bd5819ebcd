/* SPDX-License-Identifier: Apache-2.0 */
/* Checks an SVG picture with expat. The library's types stay in this file. */
#include <orchestrator/figures/picture.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include <common/file.h>

#define MAX_BYTES (256u << 20)

struct seen {
    size_t elements;
    bool is_svg; /* the root element is <svg> */
};

static void XMLCALL begin_element(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct seen *seen = user;
    (void)attributes;
    if (seen->elements++ == 0)
        seen->is_svg = strcmp(name, "svg") == 0;
}

int rog_picture_check_svg(const char *path, struct rog_error *err)
{
    struct seen seen = {0};
    char *text = NULL;
    size_t size;
    int code = rog_file_read(path, MAX_BYTES, &text, &size, err);
    if (code < 0)
        return code;
    XML_Parser parser = XML_ParserCreate(NULL);
    if (!parser) {
        free(text);
        return rog_fail_nomem(err);
    }
    XML_SetUserData(parser, &seen);
    XML_SetStartElementHandler(parser, begin_element);
    if (XML_Parse(parser, text, (int)size, XML_TRUE) != XML_STATUS_OK)
        code = rog_fail(err, ROG_EFORMAT, "%s, line %lu: not valid XML: %s", path,
                        (unsigned long)XML_GetCurrentLineNumber(parser),
                        XML_ErrorString(XML_GetErrorCode(parser)));
    else if (!seen.is_svg || seen.elements < 2)
        code = rog_fail(err, ROG_EFORMAT, "%s: there is no picture in it", path);
    XML_ParserFree(parser);
    free(text);
    return code;
}
