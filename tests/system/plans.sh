# SPDX-License-Identifier: Apache-2.0
# What a sweep says that it means: which file and cluster it takes, and what goes into which case.
. "$ROG_TEST_TOOLS/lib.sh"

# ---- the cluster that an experiment file names ----
mkdir here other
echo 'kind = "virtual"; workers = ( { count = 2; } );' >here/c.conf
cat >here/e.conf <<END
case = "e"; cluster = "c.conf"; $quick
runs = ( { library = "BSP"; } );
END
cd other
echo 'kind = "virtual"; workers = ( { count = 5; } );' >c.conf # not the file's folder
try 0 rogctl sweep ../here/e.conf -n --json
same "workers" 2 "$(json '.runs[0].config.workers | length')"
try 0 rogctl sweep ../here/e.conf -n --json --cluster c.conf
same "workers of --cluster" 5 "$(json '.runs[0].config.workers | length')"
sed 's/c.conf/artifact4/' ../here/e.conf >../here/a.conf
try 0 rogctl sweep ../here/a.conf -n --json
same "profile" artifact-2 "$(json '.runs[0].config.workers[1].profile')"
sed 's/c.conf/nowhere/' ../here/e.conf >../here/a.conf
try 2 rogctl sweep ../here/a.conf -n
says "../here/a.conf, line 1: cluster: cannot read ../here/nowhere: No such file or directory"

# ---- each cluster has its own case ----
try 0 rogctl sweep ../here/e.conf
try 0 rogctl sweep ../here/e.conf --cluster c.conf -n
prints "e-case0: 1 of 1 runs to do" # the cluster of that name
cp c.conf five.conf
try 0 rogctl sweep ../here/e.conf --cluster five.conf
says "e-case0 has runs on cluster c; those on five are e-case1"
try 0 rogctl sweep ../here/e.conf
says "e-case0: all 1 runs are done already"
same "cases" "e-case0 1,e-case1 1" \
    "$(query "SELECT group_concat(case_name || ' ' || n) FROM (SELECT case_name, count(*) AS n FROM case_runs GROUP BY 1)")"
cd ..

# ---- experiment files that came with the program ----
try 0 rogctl sweep threshold-wide.conf -n
says "/share/rog/threshold-wide.conf, which came with the program"
prints "threshold-wide-case0: 17 of 17 runs to do"
cp here/e.conf threshold-wide.conf
cp here/c.conf .
try 0 rogctl sweep threshold-wide.conf -n
prints "e-case0: 1 of 1 runs to do"
try 2 rogctl sweep ./outdoors.conf -n
says "cannot read ./outdoors.conf"
