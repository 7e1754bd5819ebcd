# SPDX-License-Identifier: Apache-2.0
rog_unit_test(lab LAB LIBS rog_lab rog_kinds)
