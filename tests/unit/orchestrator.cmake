# SPDX-License-Identifier: Apache-2.0
rog_unit_test(store LIBS rog_store)
rog_unit_test(ingest LIBS rog_store)
rog_unit_test(conf LIBS rog_conf)
rog_unit_test(plan LIBS rog_plan)
rog_unit_test(processes LIBS rog_output)
find_package(Threads REQUIRED)
rog_unit_test(http SOURCES http_test.c http_fixture.c LIBS rog_http Threads::Threads)
rog_unit_test(mlflow SOURCES mlflow_test.c http_fixture.c figures_fixture.c
              LIBS rog_export Threads::Threads)
rog_unit_test(fetch SOURCES fetch_test.c http_fixture.c LIBS rog_fetch Threads::Threads)
target_compile_definitions(test_fetch PRIVATE DATASETS="${PROJECT_SOURCE_DIR}/experiments/datasets.conf")
rog_unit_test(bar LIBS rog_output)
rog_unit_test(preview LIBS rog_output Threads::Threads)
