# SPDX-License-Identifier: Apache-2.0
"""State that a process has only once but each worker in it needs for itself: random states,
environment, working folder, and global settings of Python and PyTorch. It is put aside when another
worker takes its turn."""

import os
import random
import sys


class _Random:
    """A worker, like a new process, starts with a random state from the system."""
    module = "random"

    @staticmethod
    def get():
        return random.getstate()

    @staticmethod
    def set(state):
        random.setstate(state)

    @staticmethod
    def begin():
        random.seed()


class _NumpyRandom:
    module = "numpy.random"

    @staticmethod
    def get():
        return sys.modules["numpy"].random.get_state(legacy=False)

    @staticmethod
    def set(state):
        sys.modules["numpy"].random.set_state(state)

    @staticmethod
    def begin():
        sys.modules["numpy"].random.seed()


class _TorchRandom:
    module = "torch"

    @staticmethod
    def get():
        return sys.modules["torch"].get_rng_state()

    @staticmethod
    def set(state):
        sys.modules["torch"].set_rng_state(state)

    @staticmethod
    def begin():
        sys.modules["torch"].default_generator.seed()


class _CudaRandom:
    """The states of all devices; none until a program has used one."""
    module = "torch"

    @staticmethod
    def get():
        cuda = sys.modules["torch"].cuda
        return cuda.get_rng_state_all() if cuda.is_initialized() else None

    @staticmethod
    def set(states):
        if states is None:
            _CudaRandom.begin()
        else:
            sys.modules["torch"].cuda.set_rng_state_all(states)

    @staticmethod
    def begin():
        """Like torch.manual_seed for a device that has not been used yet."""
        torch = sys.modules["torch"]
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(torch.initial_seed())


class _TorchSettings:
    module = "torch"

    @staticmethod
    def get():
        torch = sys.modules["torch"]
        cudnn = torch.backends.cudnn
        return (torch.get_default_dtype(), torch.are_deterministic_algorithms_enabled(),
                torch.is_deterministic_algorithms_warn_only_enabled(), cudnn.benchmark,
                cudnn.deterministic)

    @staticmethod
    def set(values):
        if values == _TorchSettings.get():
            return
        torch = sys.modules["torch"]
        dtype, deterministic, warn_only, benchmark, cudnn_deterministic = values
        torch.set_default_dtype(dtype)
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        torch.backends.cudnn.benchmark = benchmark
        torch.backends.cudnn.deterministic = cudnn_deterministic

    @staticmethod
    def begin():
        torch = sys.modules["torch"]
        _TorchSettings.set((torch.float32, False, False, False, False))


class _Environment:
    """The environment as bytes, because os.environ decodes each name and value at every access."""
    module = "os"
    present = os.environ._data  # behind os.environb, too

    @staticmethod
    def get():
        return dict(_Environment.present)

    @staticmethod
    def set(wanted):
        present = _Environment.present
        for name in present.keys() - wanted.keys():
            del os.environb[name]
        for name, value in wanted.items() - present.items():
            os.environb[name] = value


class _Folder:
    module = "os"

    @staticmethod
    def get():
        return os.getcwd()

    @staticmethod
    def set(path):
        if path != os.getcwd():
            os.chdir(path)


class _Python:
    module = "sys"

    @staticmethod
    def get():
        return sys.modules["__main__"], sys.argv, sys.stdin, sys.stdout, sys.stderr

    @staticmethod
    def set(values):
        sys.modules["__main__"], sys.argv, sys.stdin, sys.stdout, sys.stderr = values


RANDOM = {"random": _Random, "numpy": _NumpyRandom, "torch": _TorchRandom, "cuda": _CudaRandom}
_ALL = dict(RANDOM, settings=_TorchSettings, environment=_Environment, folder=_Folder,
            python=_Python)


def put_aside(parts=_ALL):
    """Returns the current state by name, for parts whose module is imported."""
    return {name: part.get() for name, part in parts.items() if part.module in sys.modules}


def take_up(state, parts=_ALL):
    """Restores a state. A part whose module was imported since then gets its initial state."""
    for name, part in parts.items():
        if name in state:
            part.set(state[name])
        elif part.module in sys.modules:
            part.begin()
