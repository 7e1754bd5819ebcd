# SPDX-License-Identifier: Apache-2.0
rog_unit_test(power LIBS rog_power)
