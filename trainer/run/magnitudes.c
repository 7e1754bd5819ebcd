/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of magnitudes: measured, written, read, drawn from. */
#include <trainer/run/magnitudes.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/rng.h>

#define FILE_MAX_BYTES ((size_t)16 << 20)
#define HEADER "tensor,push_scale,push_spread,pull_scale,pull_spread"
#define QUANTILES 256
#define AGES 256 /* magnitudes of older rows do not grow further */
#define PER_DRAW (sizeof(uint64_t))

enum { PUSH, PULL, DIRECTIONS };

/* The profile of a tensor's rows in one direction. */
struct tensor {
    double scale, spread;
};

/* Measurements of such rows. y is the logarithm of a magnitude, minus the mean over all rows of
 * that push or pull; x that of the age. */
struct seen {
    double calls, rows;
    double sum_x, sum_y, sum_yy; /* over calls, of means over the tensor's rows */
    double xx, xy, yy;           /* over rows, of differences from these means */
};

struct rog_magnitudes {
    struct rog_magnitude_hook hook;
    const struct rog_rows *rows;
    uint64_t seed;
    struct tensor *tensor[DIRECTIONS]; /* [tensors] */
    double growth[DIRECTIONS];
    struct seen *seen[DIRECTIONS]; /* [tensors]; NULL if it draws */
    float *factor[DIRECTIONS];     /* [tensors * QUANTILES]; NULL if it measures */
    float aged[DIRECTIONS][AGES];
};

/* ---- drawing ---- */

/* Returns the value below which a share p of the normal distribution lies. */
static double normal_quantile(double p)
{
    double low = -8, high = 8;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (0.5 * erfc(-middle / sqrt(2)) < p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

static void draw(void *user, bool pull, uint32_t worker, uint32_t iteration, const uint32_t *age,
                 float *magnitude)
{
    const struct rog_magnitudes *magnitudes = user;
    const struct rog_rows *rows = magnitudes->rows;
    const float *aged = magnitudes->aged[pull];
    struct rog_rng rng;
    rog_rng_derive(&rng, magnitudes->seed, pull ? "pull magnitudes" : "push magnitudes",
                   (uint64_t)worker << 32 | iteration);
    uint64_t drawn = 0;
    for (uint32_t row = 0; row < rows->row_count; row++) {
        const float *factor = magnitudes->factor[pull] + (size_t)rows->row_tensor[row] * QUANTILES;
        drawn = row % PER_DRAW ? drawn >> 8 : rog_rng_u64(&rng);
        uint32_t years = age[row] < AGES ? age[row] : AGES - 1;
        magnitude[row] = factor[drawn & (QUANTILES - 1)] * aged[years];
    }
}

static int prepare(struct rog_magnitudes *magnitudes, struct rog_error *err)
{
    uint32_t tensors = magnitudes->rows->tensor_count;
    double quantile[QUANTILES];
    for (int i = 0; i < QUANTILES; i++)
        quantile[i] = normal_quantile((i + 0.5) / QUANTILES);
    for (int pull = PUSH; pull < DIRECTIONS; pull++) {
        float *factor = magnitudes->factor[pull] =
            malloc((size_t)tensors * QUANTILES * sizeof *factor);
        if (!factor)
            return rog_fail_nomem(err);
        for (uint32_t i = 0; i < tensors; i++)
            for (int q = 0; q < QUANTILES; q++)
                *factor++ = (float)(magnitudes->tensor[pull][i].scale *
                                    exp(magnitudes->tensor[pull][i].spread * quantile[q]));
        for (int age = 0; age < AGES; age++)
            magnitudes->aged[pull][age] = (float)pow(age ? age : 1, magnitudes->growth[pull]);
    }
    return ROG_OK;
}

/* ---- measuring ---- */

/* Returns whether a row counts: a row without a waiting update has no logarithm. */
static bool counts(uint32_t age, float magnitude)
{
    return age > 0 && magnitude > 0;
}

static double mean_logarithm(const struct rog_rows *rows, const uint32_t *age,
                             const float *magnitude)
{
    double sum = 0, count = 0;
    for (uint32_t row = 0; row < rows->row_count; row++) {
        if (!counts(age[row], magnitude[row]))
            continue;
        sum += log(magnitude[row]);
        count++;
    }
    return count > 0 ? sum / count : 0;
}

static void see_tensor(struct seen *seen, double mean, uint32_t rows, const uint32_t *age,
                       const float *magnitude)
{
    double x = 0, y = 0, count = 0;
    for (uint32_t i = 0; i < rows; i++) {
        if (!counts(age[i], magnitude[i]))
            continue;
        x += log(age[i]);
        y += log(magnitude[i]) - mean;
        count++;
    }
    if (count <= 0)
        return;
    x /= count;
    y /= count;
    seen->calls++;
    seen->rows += count;
    seen->sum_x += x;
    seen->sum_y += y;
    seen->sum_yy += y * y;
    for (uint32_t i = 0; i < rows; i++) {
        if (!counts(age[i], magnitude[i]))
            continue;
        double dx = log(age[i]) - x, dy = log(magnitude[i]) - mean - y;
        seen->xx += dx * dx;
        seen->xy += dx * dy;
        seen->yy += dy * dy;
    }
}

static void see(void *user, bool pull, uint32_t worker, uint32_t iteration, const uint32_t *age,
                float *magnitude)
{
    (void)worker, (void)iteration;
    const struct rog_magnitudes *magnitudes = user;
    const struct rog_rows *rows = magnitudes->rows;
    double mean = mean_logarithm(rows, age, magnitude);
    for (uint32_t i = 0; i < rows->tensor_count; i++) {
        const struct rog_rows_tensor *tensor = &rows->tensors[i];
        see_tensor(&magnitudes->seen[pull][i], mean, tensor->rows, age + tensor->first_row,
                   magnitude + tensor->first_row);
    }
}

/* Computes the profile of a direction from its measurements, with one power of the age for all
 * tensors. */
static void conclude(const struct rog_magnitudes *magnitudes, int pull, struct tensor *profile,
                     double *growth)
{
    uint32_t tensors = magnitudes->rows->tensor_count;
    const struct seen *seen = magnitudes->seen[pull];
    double xx = 0, xy = 0;
    for (uint32_t i = 0; i < tensors; i++) {
        xx += seen[i].xx;
        xy += seen[i].xy;
    }
    double power = *growth = xx > 0 ? xy / xx : 0;
    for (uint32_t i = 0; i < tensors; i++) {
        double calls = seen[i].calls, mean_y = seen[i].sum_y / calls;
        double over_time = seen[i].sum_yy / calls - mean_y * mean_y;
        double within =
            (seen[i].yy - 2 * power * seen[i].xy + power * power * seen[i].xx) / seen[i].rows;
        bool single = magnitudes->rows->tensors[i].rows == 1;
        profile[i].scale = exp(mean_y - power * seen[i].sum_x / calls);
        profile[i].spread = sqrt(fmax(single ? over_time : within, 0));
    }
}

int rog_magnitudes_write(const struct rog_magnitudes *magnitudes, const char *path,
                         struct rog_error *err)
{
    uint32_t tensors = magnitudes->rows->tensor_count;
    struct tensor *profile[DIRECTIONS] = {magnitudes->tensor[PUSH], magnitudes->tensor[PULL]};
    double growth[DIRECTIONS];
    for (uint32_t i = 0; i < tensors; i++)
        if (magnitudes->seen[PUSH][i].calls <= 0 || magnitudes->seen[PULL][i].calls <= 0)
            return rog_fail(err, ROG_EINVAL,
                            "%s: tensor %u was not sent in both directions, so it has no magnitude",
                            path, i);
    for (int pull = PUSH; pull < DIRECTIONS; pull++)
        conclude(magnitudes, pull, profile[pull], &growth[pull]);
    struct rog_file_writer writer = {0};
    int code = rog_file_writer_open(&writer, path, err);
    if (code)
        return code;
    fprintf(writer.file, "%s\nage,%.4g,0,%.4g,0\n", HEADER, growth[PUSH], growth[PULL]);
    for (uint32_t i = 0; i < tensors; i++)
        fprintf(writer.file, "%u,%.4g,%.4g,%.4g,%.4g\n", i, profile[PUSH][i].scale,
                profile[PUSH][i].spread, profile[PULL][i].scale, profile[PULL][i].spread);
    code = rog_file_writer_commit(&writer, err);
    rog_file_writer_discard(&writer);
    return code;
}

/* ---- reading ---- */

/* Reads four numbers, each after a comma. */
static bool take_numbers(const char *text, double number[4])
{
    for (int i = 0; i < 4; i++) {
        char *end;
        if (*text != ',')
            return false;
        number[i] = strtod(text + 1, &end);
        if (end == text + 1 || !isfinite(number[i]))
            return false;
        text = end;
    }
    return *text == '\0';
}

static int take_line(struct rog_magnitudes *magnitudes, const char *line, uint32_t number,
                     struct rog_error *err)
{
    double value[4];
    char *end;
    if (number == 0)
        return strcmp(line, HEADER) == 0
                   ? ROG_OK
                   : rog_fail(err, ROG_EFORMAT, "magnitudes must start with the line \"%s\"",
                              HEADER);
    if (number == 1) {
        if (strncmp(line, "age", 3) != 0 || !take_numbers(line + 3, value) || fabs(value[0]) > 10 ||
            fabs(value[2]) > 10)
            return rog_fail(err, ROG_EFORMAT, "must be age,GROWTH,0,GROWTH,0 (found \"%.60s\")",
                            line);
        magnitudes->growth[PUSH] = value[0];
        magnitudes->growth[PULL] = value[2];
        return ROG_OK;
    }
    unsigned long tensor = strtoul(line, &end, 10);
    if (end == line || tensor != number - 2 || !take_numbers(end, value) || value[0] <= 0 ||
        value[2] <= 0 || value[1] < 0 || value[3] < 0 || value[0] > 1e12 || value[2] > 1e12 ||
        value[1] > 3 || value[3] > 3)
        return rog_fail(err, ROG_EFORMAT,
                        "must be tensor %u, scales > 0 and spreads from 0 to 3 (found \"%.60s\")",
                        number - 2, line);
    if (tensor < magnitudes->rows->tensor_count) {
        magnitudes->tensor[PUSH][tensor] = (struct tensor){value[0], value[1]};
        magnitudes->tensor[PULL][tensor] = (struct tensor){value[2], value[3]};
    }
    return ROG_OK;
}

static int take_text(struct rog_magnitudes *magnitudes, char *text, size_t size, const char *path,
                     struct rog_error *err)
{
    uint32_t lines = 0, tensors = magnitudes->rows->tensor_count;
    int code = ROG_OK;
    for (char *line = text, *stop = text + size; !code && line < stop;) {
        char *end = memchr(line, '\n', (size_t)(stop - line));
        end = end ? end : stop;
        *end = '\0';
        if (end > line && end[-1] == '\r')
            end[-1] = '\0';
        code = take_line(magnitudes, line, lines++, err);
        if (code)
            rog_fail_prefix(err, "%s:%u", path, lines);
        line = end + 1;
    }
    if (!code && lines != tensors + 2)
        code = rog_fail(err, ROG_EFORMAT,
                        "%s has %u tensors, but the model has %u: it belongs to another model",
                        path, lines > 2 ? lines - 2 : 0, tensors);
    return code;
}

/* ---- creating and freeing ---- */

static int make(struct rog_magnitudes **out, const struct rog_rows *rows, struct rog_error *err)
{
    struct rog_magnitudes *magnitudes = *out = calloc(1, sizeof *magnitudes);
    if (!magnitudes)
        return rog_fail_nomem(err);
    magnitudes->rows = rows;
    for (int pull = PUSH; pull < DIRECTIONS; pull++) {
        magnitudes->tensor[pull] = calloc(rows->tensor_count, sizeof *magnitudes->tensor[pull]);
        if (!magnitudes->tensor[pull])
            return rog_fail_nomem(err);
    }
    return ROG_OK;
}

int rog_magnitudes_draw(struct rog_magnitudes **out, const char *path, const struct rog_rows *rows,
                        uint64_t seed, struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    int code = make(out, rows, err);
    if (!code)
        code = rog_file_read(path, FILE_MAX_BYTES, &text, &size, err);
    if (!code)
        code = take_text(*out, text, size, path, err);
    if (!code)
        code = prepare(*out, err);
    free(text);
    if (code) {
        rog_magnitudes_free(*out);
        *out = NULL;
        return code;
    }
    (*out)->seed = seed;
    (*out)->hook = (struct rog_magnitude_hook){.user = *out, .call = draw};
    return ROG_OK;
}

int rog_magnitudes_measure(struct rog_magnitudes **out, const struct rog_rows *rows,
                           struct rog_error *err)
{
    int code = make(out, rows, err);
    for (int pull = PUSH; pull < DIRECTIONS && !code; pull++) {
        (*out)->seen[pull] = calloc(rows->tensor_count, sizeof *(*out)->seen[pull]);
        if (!(*out)->seen[pull])
            code = rog_fail_nomem(err);
    }
    if (code) {
        rog_magnitudes_free(*out);
        *out = NULL;
        return code;
    }
    (*out)->hook = (struct rog_magnitude_hook){.user = *out, .call = see};
    return ROG_OK;
}

void rog_magnitudes_free(struct rog_magnitudes *magnitudes)
{
    if (!magnitudes)
        return;
    for (int pull = PUSH; pull < DIRECTIONS; pull++) {
        free(magnitudes->tensor[pull]);
        free(magnitudes->seen[pull]);
        free(magnitudes->factor[pull]);
    }
    free(magnitudes);
}

const struct rog_magnitude_hook *rog_magnitudes_hook(const struct rog_magnitudes *magnitudes)
{
    return magnitudes ? &magnitudes->hook : NULL;
}
