# SPDX-License-Identifier: Apache-2.0
"""Tests of many checkpoints by one script:

    python -m rog.test_host train.py --test

does the imports at the beginning of train.py, then reads paths of checkpoints from standard input,
each followed by a zero byte. For each it forks a copy of itself that runs train.py as __main__, with
the path in ROG_CHECKPOINT. PyTorch is thus imported only once; nothing else is shared. When a copy
has ended, its status, in the form of os.wait(), is written after its output.
"""

import ast
import builtins
import importlib
import io
import os
import sys
import types

from . import _failure

_MARK = b"\n\036rog.test_host %d\n"


def _names(statement):
    """Returns the modules that a statement imports; None if it is not an import, or imports from
    the script's folder."""
    if isinstance(statement, ast.Import):
        names = [alias.name for alias in statement.names]
    elif isinstance(statement, ast.ImportFrom) and not statement.level:
        names = [statement.module]
    else:
        return None
    folder = sys.path[0]
    local = any(os.path.exists(os.path.join(folder, name.split(".")[0] + end))
                for name in names for end in ("", ".py"))
    return None if local else names


def _import_first(tree):
    """Does the imports before any other statement, which might change what later ones import. An
    import that fails is left to the script."""
    for at, statement in enumerate(tree.body):
        if at == 0 and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        names = _names(statement)
        if names is None:
            return
        for name in names:
            try:
                importlib.import_module(name)
            except BaseException:
                return


def _run(script, text, arguments):
    """Runs the script like `python script arguments`; exceptions are not caught."""
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=script, __builtins__=builtins, __cached__=None)
    sys.modules["__main__"] = module
    sys.argv = [script] + arguments
    try:
        exec(compile(text, script, "exec", dont_inherit=True), module.__dict__)
    except SystemExit:
        raise
    except BaseException as cause:
        sys.stdout.flush()
        print(_failure.text(cause, leave_out=1), file=sys.stderr)
        sys.exit(1)


def _paths(stream):
    """The paths from standard input, until it ends."""
    rest = b""
    while True:
        got = os.read(stream, 65536)
        if not got:
            return
        *paths, rest = (rest + got).split(b"\0")
        yield from paths


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: python -m rog.test_host SCRIPT ARGUMENTS")
    script, arguments = sys.argv[1], sys.argv[2:]
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(script))
    stream = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    try:
        with io.open_code(os.path.abspath(script)) as file:
            text = file.read()
        _import_first(ast.parse(text, script))
    except OSError as cause:
        sys.exit("cannot read %s: %s" % (script, cause.strerror))
    except (SyntaxError, ValueError):
        pass  # each copy reports the error itself
    for path in _paths(stream):
        sys.stdout.flush()
        sys.stderr.flush()
        copy = os.fork()
        if copy == 0:
            os.close(stream)
            os.environb[b"ROG_CHECKPOINT"] = path
            _run(script, text, arguments)
            return
        status = os.waitpid(copy, 0)[1]
        sys.stdout.buffer.write(_MARK % status)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
