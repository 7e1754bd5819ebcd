# SPDX-License-Identifier: Apache-2.0
"""
The places in a C file that a mutant can change, found with libclang: expressions in bodies of
functions, outside of macros and of constant expressions.
"""
import hashlib
import re
from collections import namedtuple

from clang import cindex
from clang.cindex import CursorKind as Kind, TypeKind

# start, end: bytes of the file. before, after: the original expression and the mutant's, for people.
# code: the mutant's in C. nth: index among equal ones in the function.
Site = namedtuple("Site", "file line function kind before after nth start end code")

COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
SIGNS = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*="}
LOGIC = {"&&": "||", "||": "&&"}
# Dropped calls of these leak memory or descriptors, which the suites with sanitizers detect, or hide a
# failed allocation, which failing-calls tests.
RELEASES = re.compile(r"(^|_)(free|release|close|fclose|unref|finalize|destroy|nomem)$")
# The order of their arguments does not matter.
COMMUTATIVE = {"calloc", "strcmp", "strncmp", "memcmp", "fmax", "fmin", "fmaxf", "fminf", "hypot"}
CONSTANT_ONLY = (Kind.CXX_UNARY_EXPR, Kind.STATIC_ASSERT, Kind.STRUCT_DECL, Kind.ENUM_DECL, Kind.TYPE_REF)
POINTERS = (TypeKind.POINTER, TypeKind.CONSTANTARRAY, TypeKind.INCOMPLETEARRAY)


def bare(cursor):
    """The expression without implicit conversions."""
    while cursor.kind == Kind.UNEXPOSED_EXPR:
        children = list(cursor.get_children())
        if len(children) != 1:
            break
        cursor = children[0]
    return cursor


class File:
    """Collects the sites of one file."""

    def __init__(self, root, name, arguments):
        self.name, self.path = name, f"{root}/{name}"
        with open(self.path, "rb") as source:
            self.text = source.read()
        unit = cindex.Index.create().parse(
            self.path, arguments, options=cindex.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD)
        errors = [d for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error]
        if errors:
            raise SystemExit(f"mutate: cannot parse {name}: {errors[0]}")
        top = [c for c in unit.cursor.get_children()
               if c.location.file and c.location.file.name == self.path]
        self.macros = [(c.extent.start.offset, c.extent.end.offset) for c in top
                       if c.kind == Kind.MACRO_INSTANTIATION]
        self.ends = dict(self.macros)
        self.constants = {c.spelling for c in top if c.kind == Kind.MACRO_DEFINITION} | {"true", "false"}
        self.sites, self.function, self.seen = [], "", {}
        for cursor in top:
            if cursor.kind == Kind.FUNCTION_DECL and cursor.is_definition():
                self.function = cursor.spelling
                self.walk([c for c in cursor.get_children() if c.kind == Kind.COMPOUND_STMT][-1], None)

    def span(self, cursor):
        """Its first byte, and the one after its last. For libclang, some that end with a macro end before it."""
        end = cursor.extent.end.offset
        return cursor.extent.start.offset, self.ends.get(end, end)

    def of(self, cursor):
        start, end = self.span(cursor)
        return self.text[start:end].decode()

    def add(self, kind, cursor, after, code=None):
        start, end = self.span(cursor)
        before = self.of(cursor)
        in_macro = any(a <= start and end <= b and not (a == start and b == end and kind == "constant")
                       for a, b in self.macros)
        if in_macro or "#" in before or not before:
            return
        plain = [" ".join(text.split()) for text in (before, after)]
        same = (self.function, kind, *plain)
        self.seen[same] = nth = self.seen.get(same, 0) + 1
        self.sites.append(Site(self.name, cursor.extent.start.line, self.function, kind, *plain, nth,
                               start, end, code or f"(rog_mutant(@) ? ({after}) : ({before}))"))

    def walk(self, cursor, parent):
        if cursor.kind in CONSTANT_ONLY:
            return
        children = list(cursor.get_children())
        if cursor.kind == Kind.VAR_DECL and (cursor.storage_class == cindex.StorageClass.STATIC or
                                             cursor.type.kind == TypeKind.CONSTANTARRAY):
            return
        if cursor.kind == Kind.CASE_STMT:
            children = children[1:]
        line_before = self.text[:cursor.extent.start.offset].rstrip().rpartition(b"\n")[2]
        if cursor.kind == Kind.FOR_STMT and line_before.lstrip().startswith(b"#pragma"):
            children = children[-1:]  # the pragma only applies to a plain condition
        self.look(cursor, children, parent)
        for child in children:
            self.walk(child, cursor)

    def look(self, cursor, children, parent):
        if cursor.kind in (Kind.BINARY_OPERATOR, Kind.COMPOUND_ASSIGNMENT_OPERATOR) and len(children) == 2:
            self.operator(cursor, *children)
        elif cursor.kind == Kind.UNARY_OPERATOR and self.of(cursor)[0] in "-!":
            rest = self.of(children[0])
            self.add("sign", cursor, rest, f"(rog_mutant(@) ? !!({rest}) : ({self.of(cursor)}))"
                     if self.of(cursor)[0] == "!" else None)
        elif cursor.kind in (Kind.INTEGER_LITERAL, Kind.FLOATING_LITERAL):
            self.constant(cursor, parent)
        elif cursor.kind == Kind.CALL_EXPR:
            self.call(cursor, parent)
        if cursor.kind in (Kind.VAR_DECL, Kind.RETURN_STMT) and children:
            self.result(children[-1])

    def operator(self, cursor, left, right):
        between = self.text[self.span(left)[1]:self.span(right)[0]].decode().strip()
        texts = self.of(left), self.of(right)
        pointers = any(side.type.kind in POINTERS for side in (bare(left), bare(right)))
        if between == "=":
            self.result(right)
        for kind, table in (("comparison", COMPARISONS), ("sign", SIGNS), ("logic", LOGIC)):
            if between not in table or (kind == "sign" and pointers):
                continue
            self.add(kind, cursor, f"{texts[0]} {table[between]} {texts[1]}",
                     f"(rog_mutant(@) ? (({texts[0]}) {table[between]} ({texts[1]})) : ({self.of(cursor)}))")

    def constant(self, cursor, parent):
        text = self.of(cursor)
        previous = self.text[:cursor.extent.start.offset].rstrip()[-1:]
        designator = previous == b"[" and parent.kind != Kind.ARRAY_SUBSCRIPT_EXPR
        alone = parent.kind == Kind.INIT_LIST_EXPR and self.of(parent) == "{0}"
        if designator or alone or not (text[:1].isdigit() or text[:1] == "." or text in self.constants):
            return
        if text in ("true", "false"):
            after = "false" if text == "true" else "true"
        elif re.fullmatch(r"0[uUlL]*|0?\.?0*[fF]?", text):
            after = "1"
        else:
            after = f"{text} + 1" if cursor.kind == Kind.INTEGER_LITERAL else f"2 * {text}"
        self.add("constant", cursor, after)

    def call(self, cursor, parent):
        name, arguments = cursor.spelling, list(cursor.get_arguments())
        statement = parent.kind == Kind.COMPOUND_STMT or (
            parent.kind == Kind.IF_STMT and list(parent.get_children())[0] != cursor)
        if statement and not RELEASES.search(name):
            self.add("call", cursor, "(void)0", f"(rog_mutant(@) ? (void)0 : (void){self.of(cursor)})")
        function = cursor.referenced
        if function is None or name in COMMUTATIVE:
            return
        types = [p.type.get_canonical().spelling for p in function.get_arguments() or []]
        for i in range(len(types) - 1):
            one, two = arguments[i], arguments[i + 1]
            first, second = self.of(one), self.of(two)
            if types[i] == types[i + 1] and first != second and first and second:
                (begin, end), (one_at, one_end), (two_at, two_end) = map(self.span, (cursor, one, two))
                pieces = (self.text[begin:one_at].decode(), second, self.text[one_end:two_at].decode(), first,
                          self.text[two_end:end].decode())
                self.add("arguments", cursor, "".join(pieces))

    def result(self, cursor):
        """A call whose result is used: the mutant replaces it by success."""
        call = bare(cursor)
        if (call.kind == Kind.CALL_EXPR and not RELEASES.search(call.spelling) and
                call.type.get_canonical().kind == TypeKind.INT):
            self.add("call", call, "0")


def key(site):
    """A key that does not change when lines move."""
    return " | ".join((site.file, site.function, f"{site.before} => {site.after}", str(site.nth)))


def choose(areas, count, seed):
    """Chooses about as many sites in each area and, in it, of each kind; none overlaps another. areas:
    sites by name. The choice does not change when other parts of the sources do."""
    chosen = []
    names = sorted(areas)
    for i, area in enumerate(names):
        wanted = count * (i + 1) // len(names) - count * i // len(names)
        kinds = {}
        for site in sorted(areas[area], reverse=True,
                           key=lambda s: hashlib.sha256(f"{seed} {key(s)}".encode()).digest()):
            kinds.setdefault(site.kind, []).append(site)
        taken = []
        while len(taken) < wanted and any(kinds.values()):
            for kind in sorted(kinds):
                site = kinds[kind].pop() if kinds[kind] else None
                if site and len(taken) < wanted and not any(
                        t.file == site.file and t.start < site.end and site.start < t.end for t in taken):
                    taken.append(site)
        chosen += [(area, site) for site in taken]
    return chosen


def mutated(text, sites, header):
    """The file with all its mutants. sites: (number, site) each."""
    for number, site in sorted(sites, key=lambda s: -s[1].start):
        code = site.code.replace("rog_mutant(@)", f"rog_mutant({number})")
        text = text[:site.start] + code.encode() + text[site.end:]
    return header.encode() + b"#line 1\n" + text
