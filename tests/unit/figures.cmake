# SPDX-License-Identifier: Apache-2.0
rog_unit_test(figures_numbers LIBS rog_figures)
rog_unit_test(text LIBS rog_text)
rog_unit_test(drawing LIBS rog_figures)
rog_unit_test(figures_draw SOURCES figures_draw_test.c figures_fixture.c LIBS rog_figures)
rog_unit_test(microevents SOURCES microevents_test.c figures_fixture.c LIBS rog_figures)
rog_unit_test(series_label SOURCES series_label_test.c figures_fixture.c LIBS rog_figures)
rog_unit_test(report SOURCES report_test.c figures_fixture.c LIBS rog_report)
rog_unit_test(gain SOURCES gain_test.c figures_fixture.c LIBS rog_report)
