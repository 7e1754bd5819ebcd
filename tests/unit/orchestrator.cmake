# SPDX-License-Identifier: Apache-2.0
rog_unit_test(store LIBS rog_store)
