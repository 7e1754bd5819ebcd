/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the common parts of gnuplot scripts, and the ticks of axes. */
#include <orchestrator/figures/script.h>

#include <math.h>

#include <orchestrator/text/label.h>
#include <orchestrator/text/quote.h>
#include <orchestrator/figures/style.h>

#define PLOT_MIN 0.6 /* inches: a smaller plot would not be readable */

/* Inches at the default size of the font, from the middle of an axis's title. */
#define YTITLE_GAP 0.16  /* to the numbers, including the gap between these and the frame */
#define YTITLE_ROOM 0.12 /* to the picture's edge */
#define XTITLE_GAP 0.28  /* to the frame */

/* Line widths and font sizes are points in all formats: SVG has 96 units per inch. PNG has four
 * times as many pixels, for printing. */
static const char terminals[] =
    "pdf = sprintf(\"pdfcairo color noenhanced size %gin,%gin font '%s,%g' fontscale 0.75 \"\\\n"
    "    .\"linewidth 2 dashlength 0.7\", width, height, font, small)\n"
    "svg = sprintf(\"svg noenhanced size %g,%g font '%s,%g' linewidth 1.33 dashlength 0.6 \"\\\n"
    "    .\"background 'white'\", 96 * width, 96 * height, font, small * 96 / 72.0)\n"
    "png = sprintf(\"pngcairo color noenhanced size %d,%d font '%s,%g' fontscale 4 \"\\\n"
    "    .\"linewidth 5.33 pointscale 4 dashlength 1\", \\\n"
    "    int(384 * width), int(384 * height), font, small)\n";

static double small_pt(const struct rog_canvas *canvas)
{
    return canvas->pt * 8 / 9;
}

void rog_script_begin(FILE *script, const char *stem, const char *title,
                      const struct rog_canvas *canvas)
{
    fprintf(script, "# ");
    rog_quote_gnuplot_comment(script, title);
    fprintf(script,
            "\n# Change what you like; `gnuplot %s.gp` in this folder draws it again.\n"
            "reset\n"
            "if (!exists('formats')) formats = 'pdf svg png'\n"
            "base = ",
            stem);
    rog_quote_gnuplot_path(script, stem);
    fprintf(script,
            "\n"
            "data = base.'.dat'\n"
            "width = %g    # inches\n"
            "height = %g\n"
            "font = '%s'\n"
            "small = %g    # points: ticks and legend\n"
            "large = %g    # axis labels\n"
            "\n"
            "set encoding utf8\n"
            "%s\n"
            "set lmargin at screen %.5f\n"
            "set rmargin at screen %.5f\n"
            "set bmargin at screen %.5f\n"
            "set tmargin at screen %.5f\n"
            "unset key\n"
            "set border lw 0.6\n"
            "set tics scale 0.6 nomirror\n",
            canvas->width, canvas->height, canvas->font, small_pt(canvas), canvas->pt, terminals,
            canvas->left / canvas->width, 1 - canvas->right / canvas->width,
            canvas->bottom / canvas->height, 1 - canvas->top / canvas->height);
}

void rog_script_loop(FILE *script)
{
    fprintf(script, "\n"
                    "do for [format in formats] {\n"
                    "eval 'set terminal '.value(format)\n"
                    "set output base.'.'.format\n"
                    "points = format eq 'svg' ? 96 / 72.0 : 1\n"
                    "label_font = sprintf('%%s,%%g', font, large * points)\n");
}

void rog_script_end(FILE *script)
{
    fprintf(script, "}\nunset output\n");
}

static void tic_label(const struct rog_axis *axis, double at, char text[ROG_THOUSANDS_BYTES])
{
    if (axis->step >= 1)
        rog_label_thousands(at, text);
    else
        snprintf(text, ROG_THOUSANDS_BYTES, "%g", at);
}

struct rog_canvas rog_canvas_make(const struct rog_look *look, double left, double right,
                                  double top, double bottom)
{
    double scale = look->pt / ROG_LOOK_PT;
    return (struct rog_canvas){
        .width = look->width,
        .left = left * scale,
        .right = right * scale,
        .top = top * scale,
        .bottom = bottom * scale,
        .font = look->font,
        .pt = look->pt,
        .stretch = look->stretch,
    };
}

int rog_canvas_fit(struct rog_canvas *canvas, const struct rog_look *look, double plot,
                   const char *stem, struct rog_error *err)
{
    double margins = canvas->top + canvas->bottom, sides = canvas->left + canvas->right;
    canvas->height = look->height > 0 ? look->height : margins + plot;
    if (rog_canvas_plot_width(canvas) >= PLOT_MIN && rog_canvas_plot_height(canvas) >= PLOT_MIN)
        return 0;
    return rog_fail(
        err, ROG_EINVAL,
        "%s does not fit into %.2fx%.2f inches with a font of %g points: axes and legend need "
        "%.2fx%.2f and the plot at least %gx%g; hint: a larger size, or a smaller "
        "font",
        stem, canvas->width, canvas->height, canvas->pt, sides, margins, PLOT_MIN, PLOT_MIN);
}

double rog_canvas_plot_width(const struct rog_canvas *canvas)
{
    return canvas->width - canvas->left - canvas->right;
}

double rog_canvas_plot_height(const struct rog_canvas *canvas)
{
    return canvas->height - canvas->top - canvas->bottom;
}

double rog_canvas_em(const struct rog_canvas *canvas)
{
    return small_pt(canvas) / 72 * canvas->stretch;
}

double rog_canvas_text(const struct rog_canvas *canvas, const char *text)
{
    return rog_label_em(text) * rog_canvas_em(canvas);
}

const char *rog_time_title(bool some_virtual, bool some_real)
{
    return !some_virtual ? "Time (s)"
           : some_real   ? "Time (s), virtual and real"
                         : "Virtual time (s)";
}

/* Returns the width of the widest number beside a vertical axis. */
static double widest_number(const struct rog_canvas *canvas, const struct rog_axis *y)
{
    double widest = 0;
    for (double i = ceil(y->min / y->step - 1e-9); i <= y->max / y->step + 1e-9; i++) {
        char text[32];
        snprintf(text, sizeof text, "%g", i * y->step);
        widest = fmax(widest, rog_canvas_text(canvas, text));
    }
    return widest;
}

double rog_canvas_left(const struct rog_canvas *canvas, const struct rog_axis *y)
{
    double scale = canvas->pt / ROG_LOOK_PT;
    return widest_number(canvas, y) + (YTITLE_GAP + YTITLE_ROOM) * scale;
}

void rog_script_xtitle(FILE *script, const struct rog_canvas *canvas, const char *title)
{
    double gap = XTITLE_GAP * canvas->pt / ROG_LOOK_PT;
    fprintf(script, "set label 901 ");
    rog_quote_gnuplot(script, title);
    fprintf(script, " at screen %.5f, screen %.5f center font label_font\n",
            (canvas->left + rog_canvas_plot_width(canvas) / 2) / canvas->width,
            (canvas->bottom - gap) / canvas->height);
}

void rog_script_ytitle(FILE *script, const struct rog_canvas *canvas, const struct rog_axis *y,
                       const char *title, const char *color)
{
    double gap = YTITLE_GAP * canvas->pt / ROG_LOOK_PT;
    fprintf(script, "set label 902 ");
    rog_quote_gnuplot(script, title);
    fprintf(script,
            " at screen %.5f, screen %.5f center rotate by 90 font label_font tc rgb '%s'\n",
            (canvas->left - widest_number(canvas, y) - gap) / canvas->width,
            (canvas->bottom + rog_canvas_plot_height(canvas) / 2) / canvas->height, color);
}

void rog_script_xtics(FILE *script, const struct rog_axis *axis, const struct rog_canvas *canvas,
                      bool ruled)
{
    char text[ROG_THOUSANDS_BYTES];
    long first = (long)ceil(axis->min / axis->step - 1e-9);
    long last = (long)floor(axis->max / axis->step + 1e-9);
    tic_label(axis, (double)last * axis->step, text);
    double room = rog_canvas_plot_width(canvas) * axis->step / (axis->max - axis->min);
    long every = (long)ceil((rog_canvas_text(canvas, text) + 0.08) / room);

    fprintf(script, "set xtics offset 0,0.3 (");
    for (long i = first; i <= last; i++) {
        tic_label(axis, (double)i * axis->step, text);
        fprintf(script, "%s'%s' %.10g", i > first ? ", " : "", i % every == 0 ? text : "",
                (double)i * axis->step);
    }
    fprintf(script, ")\n");
    if (ruled)
        fprintf(script, "set grid xtics back lt 1 lc rgb '%s' lw 0.5 dt (5,5)\n", ROG_COLOR_RULE);
}
