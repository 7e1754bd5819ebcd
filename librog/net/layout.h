/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_LAYOUT_H
#define ROG_LINK_LAYOUT_H

/*
 * A model as workers and server describe it: names and shapes of its tensors. Trained tensors come
 * first, in their order; then constants, which every worker and every checkpoint has with the
 * values of the first worker at the start (running statistics, for example). As text it is a JSON
 * array of {"name", "shape"}, with "constant": true for constants.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librog/sync/rows.h>
#include <rog/error.h>

#define ROG_LAYOUT_DIMS 8
#define ROG_LAYOUT_NAME_BYTES 192
#define ROG_LAYOUT_TENSORS 16384
/* Maximum length of an accepted text, bytes */
#define ROG_LAYOUT_TEXT_BYTES (8u << 20)

struct rog_layout_tensor {
    char name[ROG_LAYOUT_NAME_BYTES];
    uint32_t dims; /* 1..ROG_LAYOUT_DIMS */
    uint32_t shape[ROG_LAYOUT_DIMS];
    uint64_t size; /* elements */
    bool constant;
};

struct rog_layout {
    uint32_t count, trained;    /* all tensors, and trained ones */
    uint64_t params, constants; /* elements of the trained tensors, and of the constants */
    struct rog_layout_tensor *tensors;
    uint32_t *by_name, places; /* hash table of their names: number + 1, 0: none */
};

int rog_layout_new(struct rog_layout **layout, struct rog_error *err);
void rog_layout_free(struct rog_layout *layout);

/* Appends a tensor. ROG_EINVAL: a name that is empty, too long or taken; a shape without elements
 * or with too many dimensions; a trained tensor after a constant; an overflow of the number of
 * elements. */
int rog_layout_add(struct rog_layout *layout, const char *name, uint32_t dims,
                   const uint32_t *shape, bool constant, struct rog_error *err);

/* Returns a list of {name, shape, constant}, and its text in heap memory; NULL if out of memory. */
struct rog_json *rog_layout_json(const struct rog_layout *layout);
char *rog_layout_text(const struct rog_layout *layout);
/* ROG_EFORMAT: the text is not a layout. */
int rog_layout_parse(struct rog_layout **layout, const char *text, size_t size,
                     struct rog_error *err);

/* ROG_EINVAL names the first tensor that differs, with both shapes: `who` has `other`, `owner` has
 * `known`. */
int rog_layout_compare(const struct rog_layout *known, const char *owner,
                       const struct rog_layout *other, const char *who, struct rog_error *err);

/* The approximate memory in bytes that a server with this many workers needs: the model, its
 * change, the same again for each worker and for a checkpoint being written, `arrays` more for its
 * optimizer and their copies for writing, and the tables of rows. pushes_kept: also a push of each
 * worker, uncompressed and with a message for each row (librog/sync/server_rounds.c). */
double rog_layout_server_bytes(const struct rog_layout *layout, uint32_t workers, uint32_t arrays,
                               bool pushes_kept);

/* The row table of the trained tensors; it uses the layout's names, which must live as long, as
 * must the codecs' parameters (rog_rows_set_codecs). */
int rog_layout_rows(const struct rog_layout *layout, const struct rog_rows_codecs *codecs,
                    struct rog_rows **rows, struct rog_error *err);

#endif
