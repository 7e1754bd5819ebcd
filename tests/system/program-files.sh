# SPDX-License-Identifier: Apache-2.0
#
# The files of a user's program: they are executable if they are executable here, and two files that
# would have the same place in the program's folder are rejected.
. "$ROG_TEST_TOOLS/lib.sh"

mkdir -p job/parts/deep outside/parts
cat >job/run.sh <<'END'
#!/bin/sh
cat parts/deep/words.txt
[ -x run.sh ] && [ ! -x parts/deep/words.txt ] && echo "as here" && exit 3
END
chmod 755 job/run.sh
echo "the words" >job/parts/deep/words.txt
cp job/run.sh outside/run.sh
echo "echo others" >outside/others.sh
cat >local.conf <<'END'
kind = "local"; stall_limit = 60.0; retries = 0;
workers = ( { step_s = 0.02; compress_s = 0.0; decompress_s = 0.0; count = 1; } );
END
# sweep STATUS FILES OPTIONS: sweeps a program with these files
sweep()
{
    cat >job/x.conf <<END
case = "x"; seconds = 3.0; trace = "constant:100"; runs = ( { library = "BSP"; } );
workload = { command = "./run.sh"; files = [$2]; test = "echo 1"; };
END
    try "$1" rogctl sweep job/x.conf --cluster local.conf ${3:-}
}

sweep 1 '"run.sh", "./parts//deep/words.txt"'
says "worker 1 exited with status 3: the words as here"
# Other contents make another run; being executable does not.
sweep 0 '"run.sh", "../outside/others.sh"' --dry-run
sweep 0 "\"run.sh\", \"$PWD/outside/others.sh\"" --dry-run

sweep 2 "\"$PWD/outside/run.sh\", \"run.sh\"" --dry-run
says "$PWD/outside/run.sh\" and \"run.sh\" would be run.sh and run.sh in the program's folder; hint:"
sweep 2 '"run.sh", "../outside/run.sh"' --dry-run
says '"run.sh" and "../outside/run.sh" would be'
sweep 2 '"run.sh", "./run.sh"' --dry-run
sweep 2 '"run.sh", "run.sh/x"' --dry-run
mkdir outside/parts.d
echo x >outside/parts.d/parts
sweep 2 '"../outside/parts.d/parts", "parts/deep/words.txt"' --dry-run
says 'would be parts and parts/deep/words.txt'

# A folder that is given as data is checked before the start.
sweep 0 '"run.sh"' --dry-run
sed 's/^case = "x";/& data = "cifar100:nowhere";/' job/x.conf >job/y.conf
try 2 rogctl sweep job/y.conf --cluster local.conf --dry-run
prints "cannot start"
says "nowhere/train.bin does not exist"
