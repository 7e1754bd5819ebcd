/* SPDX-License-Identifier: Apache-2.0 */
/* Calls the operations of a connection, and implements what is the same for all of them. */
#include <orchestrator/hosts/connection.h>

#include <stdlib.h>
#include <string.h>

void rog_connection_free(struct rog_connection *connection)
{
    if (connection)
        connection->ops->free(connection);
}

bool rog_connection_lost(const struct rog_connection *connection)
{
    return connection->ops->lost(connection);
}

int rog_connection_wanted(const struct rog_connection *connection, struct rog_error *err)
{
    return connection->stopped && connection->stopped(connection->stopped_user)
               ? rog_fail(err, ROG_EINTR, "%s: interrupted", connection->name)
               : ROG_OK;
}

/* --- commands --- */

void rog_command_result_release(struct rog_command_result *result)
{
    free(result->output);
    free(result->errors);
    *result = (struct rog_command_result){0};
}

int rog_connection_run(struct rog_connection *connection, const char *const *argv, double timeout_s,
                       struct rog_command_result *result, struct rog_error *err)
{
    return connection->ops->run(connection, argv, NULL, timeout_s, result, err);
}

int rog_connection_feed(struct rog_connection *connection, const char *const *argv,
                        const struct rog_command_input *input, double patience_s,
                        struct rog_command_result *result, struct rog_error *err)
{
    return connection->ops->run(connection, argv, input, patience_s, result, err);
}

/* Copies the end of a command's error output, on one line. */
static void last_words(const struct rog_command_result *result, char *text, size_t bytes)
{
    size_t size = result->errors_bytes;
    while (size && strchr(" \r\n", result->errors[size - 1]))
        size--;
    size_t from = size > bytes - 1 ? size - (bytes - 1) : 0;
    size_t kept = size - from;
    if (kept)
        memcpy(text, result->errors + from, kept);
    text[kept] = '\0';
    for (char *c = text; *c; c++)
        *c = (unsigned char)*c < ' ' ? ' ' : *c;
}

int rog_connection_succeeded(const struct rog_connection *connection, const char *what,
                             const struct rog_command_result *result, struct rog_error *err)
{
    char words[512];
    if (result->status == 0)
        return ROG_OK;
    last_words(result, words, sizeof words);
    return rog_fail(err, ROG_EFAILED, "%s: %s exited with status %d%s%s", connection->name, what,
                    result->status, words[0] ? ": " : "", words);
}

int rog_connection_command(struct rog_connection *connection, const char *const *argv,
                           double timeout_s, char **output, struct rog_error *err)
{
    struct rog_command_result result;
    if (output)
        *output = NULL;
    int code = rog_connection_run(connection, argv, timeout_s, &result, err);
    if (code)
        return code;
    code = rog_connection_succeeded(connection, argv[0], &result, err);
    if (!code && output) {
        *output = result.output;
        result.output = NULL;
    }
    rog_command_result_release(&result);
    return code;
}

int rog_connection_start(struct rog_connection *connection, const char *const *argv,
                         const char *log, long *pid, struct rog_error *err)
{
    return connection->ops->start(connection, argv, log, pid, err);
}

/* --- files --- */

int rog_connection_upload(struct rog_connection *connection, const char *local, const char *remote,
                          unsigned mode, double timeout_s, struct rog_error *err)
{
    return connection->ops->upload(connection, local, remote, mode, timeout_s, err);
}

int rog_connection_size(struct rog_connection *connection, const char *remote, uint64_t *bytes,
                        struct rog_error *err)
{
    return connection->ops->size(connection, remote, bytes, err);
}

int rog_connection_download(struct rog_connection *connection, const char *remote, uint64_t offset,
                            rog_take_data take, void *user, uint64_t *end, struct rog_error *err)
{
    return connection->ops->download(connection, remote, offset, take, user, end, err);
}
