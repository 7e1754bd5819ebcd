# SPDX-License-Identifier: Apache-2.0
"""The process that runs a strategy in Python: `python3 strategy_host.py FILE`.

common/python_link.c starts it, sends questions to its standard input and reads answers from its
standard output; what the strategy prints goes to standard error. A question is (hook, state, number
of bytes that follow), an answer (status, number of bytes that follow); common/python_hooks.c
defines the bytes. The process ends when standard input does.
"""

import faulthandler
import json
import operator
import os
import signal
import struct
import sys
import traceback
import types
import warnings

if __name__ == "__main__":
    # The folder that contains the package, not this one, whose files have names of other modules.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from rog import strategy  # noqa: E402: the path comes first

HEAD = struct.Struct("=IIQ")
ANSWERED, FAILED, WANTS_VERSIONS = range(3)
VIEW = struct.Struct("=2d2Q9d12I")
ANSWER = struct.Struct("=d4I")

HOOKS = ("plan_push", "admit", "plan_pull", "grant", "weigh", "plan_work", "save", "load")
PROMISES = ("staleness_bound", "least_share", "most_granted", "iteration_bound", "least_quorum")
WANTS = {"weights": 1, "reports": 2}
U32_MAX = 0xffffffff
LIMIT_MOST_S = 86400


def whole(value, name, most=U32_MAX):
    """Checks an answer that must be an integer."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError("%s must be a whole number, not %r" % (name, value)) from None
    if not 0 <= number <= most:
        raise ValueError("%s must be from 0 to %d, not %d" % (name, most, number))
    return number


def real(value, name):
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError("%s must be a number, not %r" % (name, value)) from None


class View:
    """The numbers of a question, and the arrays after them, taken in order."""
    names = ("now", "waited_s", "own", "slowest", "recent_max_s", "mean_s", "compute_s", "push_s",
             "pull_s", "goodput_up", "goodput_down", "loss", "energy_j", "worker", "iteration",
             "everyone_transmitted", "again", "lag", "steps", "local_steps", "waiting_count",
             "granted_count", "node_local_steps", "overlap", "weights")

    def __init__(self, data):
        self.data, self.at = memoryview(data), VIEW.size
        self.__dict__.update(zip(self.names, VIEW.unpack_from(data)))

    def bytes(self, size):
        part = self.data[self.at:self.at + size]
        self.at += size
        return part

    def array(self, count, kind):
        return strategy.Arrays.over(self.bytes(count * struct.calcsize(kind)), kind)

    def history(self):
        return strategy.History(self.own, self.slowest, bool(self.everyone_transmitted),
                                self.recent_max_s, self.mean_s)

    def node(self):
        return strategy.Node(self.compute_s, self.push_s, self.pull_s, self.goodput_up,
                             self.goodput_down, self.loss, self.energy_j, self.node_local_steps)

    def versions(self, config, fetch):
        workers = config.workers
        return strategy.Versions(self.array(workers, "I"), self.array(workers, "I"),
                                 self.array(workers, "B"), lambda: fetch(config))


def fill(kind, given, **more):
    """Makes a view of that kind: the given numbers by name, and values derived from others."""
    view = kind()
    for name in kind.__slots__:
        setattr(view, name, more[name] if name in more else getattr(given, name))
    return view


class Host:
    def __init__(self, questions, answers):
        self.questions, self.answers = questions, answers
        self.kind, self.path, self.stem, self.states = None, None, None, {}

    # ---- messages ----

    def read(self, size):
        data = self.questions.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def say(self, status, data=b""):
        self.answers.write(HEAD.pack(status, 0, len(data)))
        self.answers.write(data)
        self.answers.flush()

    def fetch_versions(self, config):
        """Requests the table during a hook, because it is large and few strategies read it."""
        self.say(WANTS_VERSIONS)
        size = HEAD.unpack(self.read(HEAD.size))[2]
        data = memoryview(self.read(size))
        row = 4 * config.rows
        return [strategy.Arrays.over(data[worker * row:(worker + 1) * row], "I")
                for worker in range(config.workers)]

    def sentence(self, cause):
        """Returns the error and its location: in the strategy's file, if that is in the traceback."""
        text = traceback.format_exception_only(type(cause), cause)[-1].strip()
        frames = traceback.extract_tb(cause.__traceback__)
        own = [frame for frame in frames if frame.filename == self.path]
        if isinstance(cause, SyntaxError) and cause.filename:
            return "%s (%s, line %s)" % (text, os.path.basename(cause.filename), cause.lineno)
        if own:
            return "%s (%s, line %d, in %s)" % (text, os.path.basename(self.path), own[-1].lineno,
                                                own[-1].name)
        return text

    # ---- the strategy and its description ----

    def load(self, path):
        self.path, self.stem = path, os.path.splitext(os.path.basename(path))[0]
        with open(path, "rb") as file:
            source = file.read()
        module = types.ModuleType(self.stem)
        module.__file__ = path
        sys.modules.setdefault(module.__name__, module)
        sys.path.insert(1, os.path.dirname(path))
        exec(compile(source, path, "exec"), module.__dict__)
        found = [one for one in vars(module).values()
                 if isinstance(one, type) and issubclass(one, strategy.Strategy)
                 and one.__module__ == module.__name__]
        leaves = {one for one in found
                  if not any(other is not one and issubclass(other, one) for other in found)}
        if len(leaves) != 1:
            names = sorted(one.__name__ for one in leaves)
            raise TypeError("it has %s, and must have one: a subclass of rog.Strategy"
                            % ("the strategies " + ", ".join(names) if names else "no strategy"))
        self.kind = leaves.pop()

    def describe(self):
        kind = self.kind
        least = operator.index(kind.threshold_min)
        most = least if kind.threshold_max is None else operator.index(kind.threshold_max)
        default = least if kind.threshold_default is None \
            else operator.index(kind.threshold_default)
        words = (kind.wants,) if isinstance(kind.wants, str) else kind.wants
        unknown = [word for word in words if word not in WANTS]
        if unknown:
            raise ValueError("wants %r: there are %s" % (unknown[0], ", ".join(WANTS)))
        for name, parameter in kind.parameters.items():
            if not hasattr(parameter, "value"):
                raise TypeError("parameter %s must be a rog.Number, Integer, Boolean or Choice, "
                                "not %r" % (name, parameter))
        limit_s = real(kind.limit_s, "limit_s")
        if not 0 < limit_s <= LIMIT_MOST_S:
            raise ValueError("limit_s must be greater than 0 and at most %d, not %r"
                             % (LIMIT_MOST_S, kind.limit_s))
        lines = (kind.__doc__ or "").strip().splitlines() or [""]
        return {
            "name": self.stem.upper() if kind.name is None else kind.name,
            "version": kind.version,
            "summary": lines[0] if kind.summary is None else kind.summary,
            "threshold_min": least, "threshold_max": most, "threshold_default": default,
            "threshold_help": kind.threshold_help or ("it has no threshold" if most == least
                                                      else "S"),
            "parameters": [{"name": name, "type": one.type, "default": one.text(),
                            "min": one.min, "max": one.max, "choices": one.choices,
                            "unit": one.unit, "help": one.help}
                           for name, one in kind.parameters.items()],
            "hooks": [name for name in HOOKS + PROMISES if callable(getattr(kind, name, None))],
            "remembers": strategy.remembers(kind),
            "wants": sum(WANTS[word] for word in set(words)),
            "limit_s": limit_s,
            "python": "%d.%d.%d" % sys.version_info[:3],
        }

    # ---- hooks, by the numbers of enum rog_python_hook ----

    def config(self, data):
        given = json.loads(bytes(data).decode())
        values = {name: self.kind.parameters[name].value(text)
                  for name, text in given["parameters"].items()}
        return strategy.Config(
            given["rows"], given["workers"], given["threshold"], types.SimpleNamespace(**values),
            strategy.Model(**given["model"]) if given["model"] else None, int(given["seed"]),
            given["worker"])

    def create(self, number, data):
        strategy.Arrays.find_numpy()
        state = self.kind(self.config(data))
        if hasattr(state, "create"):
            state.create()
        self.states[number] = state
        return b""

    def destroy(self, number, data):
        self.states.pop(number, None)
        return b""

    def promises(self, number, data):
        state = self.kind(self.config(data))
        made = {}
        for name in PROMISES:
            if not hasattr(state, name):
                continue
            value = getattr(state, name)()
            if name == "least_share":
                made[name] = real(value, name)
            elif name.endswith("_bound"):  # negative: no worker
                made[name] = -1 if value is None or value < 0 else whole(value, name)
            else:
                made[name] = whole(value, name)
        return json.dumps(made, allow_nan=False).encode()

    def plan(self, hook, number, data):
        state, given = self.states[number], View(data)
        rows = state.config.rows
        view = fill(strategy.SendView, given, age=given.array(rows, "I"),
                    magnitude=given.array(rows, "f"),
                    weight=given.array(rows, "f") if given.weights else None,
                    demanded=given.array(rows, "B"), history=given.history(), node=given.node())
        plan = strategy.Plan(rows)
        getattr(state, hook)(view, plan)
        count = whole(plan.count, "plan.count")
        answer = ANSWER.pack(real(plan.budget_s, "plan.budget_s"), count,
                             whole(plan.mandatory, "plan.mandatory"), plan._level is not None, 0)
        order = bytes(memoryview(self.taken(plan.order, rows, "I", "plan.order"))[:count])
        level = b"" if plan._level is None else bytes(plan._level)
        return answer + order + level

    def taken(self, numbers, count, kind, name):
        """Checks an array of an answer, which the strategy may have replaced by another object."""
        if strategy.Arrays.numpy is not None:
            numbers = strategy.Arrays.numpy.asarray(numbers)
            if numbers.dtype.kind not in "iu":
                raise TypeError("%s must be whole numbers, not %s" % (name, numbers.dtype))
            if numbers.size and numbers.min() < 0:
                raise ValueError("%s has %d: no number may be negative" % (name, numbers.min()))
            numbers = numbers.astype(strategy.Arrays.dtypes[kind], copy=False)
            numbers = strategy.Arrays.numpy.ascontiguousarray(numbers)
        elif not isinstance(numbers, memoryview):
            numbers = memoryview(strategy.array(kind, numbers))
        if numbers.ndim != 1 or len(numbers) != count:
            raise ValueError("%s must have %d numbers, not %d" % (name, count, len(numbers)))
        return numbers

    def plan_push(self, number, data):
        return self.plan("plan_push", number, data)

    def plan_pull(self, number, data):
        return self.plan("plan_pull", number, data)

    def admit(self, number, data):
        state, given = self.states[number], View(data)
        workers = state.config.workers
        nodes = strategy.Nodes(given.bytes(64 * workers))
        view = fill(strategy.AdmitView, given, nodes=nodes, again=bool(given.again),
                    versions=given.versions(state.config, self.fetch_versions))
        admission = strategy.Admission(workers)
        state.admit(view, admission)
        answer = ANSWER.pack(real(admission.deadline_s, "admission.deadline_s"),
                             whole(admission.quorum, "admission.quorum"), 0, 0, 0)
        return answer + bytes(self.taken(admission.needed, workers, "I", "admission.needed")) + \
            bytes(self.taken(admission.iteration, workers, "I", "admission.iteration"))

    def grant(self, number, data):
        state, given = self.states[number], View(data)
        workers = state.config.workers
        nodes = strategy.Nodes(given.bytes(64 * workers))
        goodput = given.array(workers, "d")
        versions = given.versions(state.config, self.fetch_versions)
        view = fill(strategy.GrantView, given, nodes=nodes, goodput=goodput, versions=versions,
                    granted=given.array(workers, "B"),
                    waiting=given.array(given.waiting_count, "I"))
        worker = state.grant(view)
        return ANSWER.pack(0, U32_MAX if worker is None else whole(worker, "a grant"), 0, 0, 0)

    def weigh(self, number, data):
        state, given = self.states[number], View(data)
        view = fill(strategy.WeighView, given, node=given.node(),
                    versions=given.versions(state.config, self.fetch_versions))
        return ANSWER.pack(real(state.weigh(view), "a weight"), 0, 0, 0, 0)

    def plan_work(self, number, data):
        state, given = self.states[number], View(data)
        view = fill(strategy.WorkView, given, history=given.history(), node=given.node())
        plan = strategy.WorkPlan(given.local_steps, bool(given.overlap))
        state.plan_work(view, plan)
        return ANSWER.pack(0, whole(plan.local_steps, "plan.local_steps"), bool(plan.overlap), 0, 0)

    def save(self, number, data):
        kept = self.states[number].save()
        if not isinstance(kept, (bytes, bytearray)):
            raise TypeError("save must give bytes, not %s" % type(kept).__name__)
        return bytes(kept)

    def restore(self, number, data):
        self.states[number].load(bytes(data))
        return b""

    hooks = (create, destroy, promises, plan_push, admit, plan_pull, grant, weigh, plan_work, save,
             restore)

    def answer(self, hook, number, data):
        try:
            self.say(ANSWERED, self.hooks[hook](self, number, data))
        except EOFError:
            raise
        except BaseException as cause:  # including SystemExit: the run must report the reason
            if hook:
                traceback.print_exception(type(cause), cause, cause.__traceback__)
            self.say(FAILED, self.sentence(cause).encode())

    def serve(self):
        while True:
            hook, number, size = HEAD.unpack(self.read(HEAD.size))
            self.answer(hook, number, self.read(size))


def main(path):
    """Reserves standard input and output for the protocol, so that the strategy uses neither."""
    questions, answers = os.dup(0), os.dup(1)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)  # prints a traceback if a hook takes too long
    warnings.filterwarnings("error", message=".*out-of-bound Python integers.*")
    host = Host(open(questions, "rb"), open(answers, "wb"))
    os.register_at_fork(after_in_child=lambda: (os.close(questions), os.close(answers)))
    try:
        try:
            host.load(os.path.abspath(path))
            description = json.dumps(host.describe(), allow_nan=False).encode()
        except BaseException as cause:
            host.say(FAILED, host.sentence(cause).encode())
            return
        host.say(ANSWERED, description)
        host.serve()
    except (EOFError, BrokenPipeError):
        pass


if __name__ == "__main__":
    main(sys.argv[1])
