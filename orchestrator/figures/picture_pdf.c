/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a PDF picture with libqpdf. The library's types stay in this file. */
#include <orchestrator/figures/picture.h>

#include <stddef.h>
#include <string.h>

#include <qpdf/qpdf-c.h>

/* Part of most messages of libqpdf without memory; some it reports as damage. */
#define NO_MEMORY "bad_alloc"

int rog_picture_check_pdf(const char *path, struct rog_error *err)
{
    qpdf_data pdf = qpdf_init();
    if (!pdf)
        return rog_fail_nomem(err);
    qpdf_silence_errors(pdf);
    qpdf_set_suppress_warnings(pdf, QPDF_TRUE);
    qpdf_set_attempt_recovery(pdf, QPDF_FALSE);
    QPDF_ERROR_CODE status = qpdf_read(pdf, path, NULL);
    if (!(status & QPDF_ERRORS))
        status = qpdf_check_pdf(pdf); /* decodes every stream */
    int code = 0;
    if (status != QPDF_SUCCESS) {
        qpdf_error cause = qpdf_has_error(pdf) ? qpdf_get_error(pdf) : qpdf_next_warning(pdf);
        const char *detail = cause ? qpdf_get_error_message_detail(pdf, cause) : "unknown cause";
        code = strstr(detail, NO_MEMORY)
                   ? rog_fail_nomem(err)
                   : rog_fail(err, ROG_EFORMAT,
                              "%s: not a valid PDF, or out of memory while reading it: %s", path,
                              detail);
    } else if (qpdf_get_num_pages(pdf) != 1) {
        code = rog_fail(err, ROG_EFORMAT, "%s: %d pages, not one", path, qpdf_get_num_pages(pdf));
    }
    qpdf_cleanup(&pdf);
    return code;
}
