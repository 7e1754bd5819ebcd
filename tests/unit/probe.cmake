# SPDX-License-Identifier: Apache-2.0
rog_unit_test(probe LIBS rog_probe)
