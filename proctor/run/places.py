"""Places: read off the source, where its model answers give objects of their own classes.

The result is the data of a `proctor.rpc.places.Model`. It is read, not run: what a reader of the
text cannot see (a class that is made by a function, an object taken out of a list) is not there,
and a student's object does not answer for itself then.
"""

import ast
import builtins

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_ORDER = ("__lt__", "__le__", "__gt__", "__ge__")
_GENERATED = ("__eq__", "__ne__", "__repr__", "__init__")
# methods that put something into a container
_PUTS = {"append", "appendleft", "add", "insert", "extend", "extendleft", "setdefault"}
_CONTAINERS = {"list", "dict", "set", "deque", "defaultdict", "OrderedDict"}
_MANAGER = "contextmanager"  # what a generator becomes by this decorator
_ENUMS = {"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"}


def model(trees, beside=(), tests=()):
    """What the cells of a notebook give, as data: {"classes", "names", "gives"}.

    trees   syntax trees of the cells that run in the student's process, model answers among them
    beside  those of the modules that are released with the notebook, and imported in it
    tests   those of its tests: what they pass to functions is what these are given
    """
    found = _Reader(trees, tests)
    for tree in (*beside, *trees):
        found.collect(tree)
    if not found.classes and not found.managers:
        return {}
    return found.settle()


class _Reader:
    def __init__(self, trees, tests):
        self.trees, self.tests = trees, tests
        self.classes, self.functions = {}, {}
        self.managers = set()
        self.passed = {}  # {(class or None, function): {parameter: classes of what it is given}}

    def collect(self, tree):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                self.classes[node.name] = node
        for node in tree.body:
            if isinstance(node, _FUNCTIONS):
                self.functions[node.name] = node
                if _MANAGER in _decorators(node):
                    self.managers.add(node.name)

    def settle(self):
        """Follow what functions are given and give until nothing is new."""
        self.gives = {name: {_MANAGER} for name in self.managers}
        self.given = {}  # of methods, by class and name
        about = {name: self._own(node) for name, node in self.classes.items()}
        for _ in range(10):
            before = repr((self.gives, self.given, self.passed))
            for name, node in self.functions.items():
                if name not in self.managers:
                    self.gives[name] = self._returned(node, None)
            for name, node in self.classes.items():
                for method in node.body:
                    if isinstance(method, _FUNCTIONS):
                        self.given[name, method.name] = self._returned(method, name)
            names = self._names()
            if repr((self.gives, self.given, self.passed)) == before:
                break
        classes = {name: self._told(name, about) for name in self.classes}
        manager = {"methods": {"__enter__": [], "__exit__": []}, "attributes": {}}
        return {
            "classes": classes | {_MANAGER: manager},
            "names": {name: sorted(kinds) for name, kinds in names.items() if kinds},
            "gives": {name: sorted(kinds) for name, kinds in self.gives.items() if kinds},
        }

    def _names(self):
        """The classes of what names are bound to in cells; notes what those and tests pass."""
        names = {}
        for tree in self.trees:
            names |= self._bound(tree.body, None, {})
        for tree in (*self.trees, *self.tests):
            self._note_calls(tree, None, self._bound(tree.body, None, names))
        return names

    def _note_calls(self, function, owner, known):
        """Note of what classes the things are that are passed in a function's or a cell's body."""
        for node in _within(function):
            if not isinstance(node, ast.Call):
                continue
            for kind, name, first in self._targets_of(node, owner, known):
                parameters = _parameters(self._definition(kind, name))[first:]
                passed = dict(zip(parameters, node.args, strict=False))
                passed |= {word.arg: word.value for word in node.keywords}
                about = self.passed.setdefault((kind, name), {})
                for parameter, value in passed.items():
                    if kinds := self._kinds(value, owner, known):
                        about.setdefault(parameter, set()).update(kinds)

    def _targets_of(self, node, owner, known):
        """(class or None, name, number of its first parameter) of the functions that are called."""
        function = node.func
        if isinstance(function, ast.Name):
            if function.id in self.functions:
                yield None, function.id, 0
            kinds, name = {function.id} & self.classes.keys(), "__init__"
        elif isinstance(function, ast.Attribute):
            kinds, name = self._kinds(function.value, owner, known), function.attr
        else:
            return
        for kind in kinds:
            for one in self._definers(kind, name):
                yield one, name, 1

    def _definers(self, kind, method):
        """The classes that define a method: a class, or the nearest that it derives from."""
        waiting = [kind]
        for one in waiting:
            if self._definition(one, method) is not None:
                yield one
            elif one in self.classes and len(waiting) < 100:
                waiting += map(_name, self.classes[one].bases)

    def _definition(self, kind, name):
        """A function's, or a class's method's, syntax tree; None if there is none."""
        if kind is None:
            return self.functions.get(name)
        body = self.classes[kind].body if kind in self.classes else ()
        return next((m for m in body if isinstance(m, _FUNCTIONS) and m.name == name), None)

    def _known_in(self, function, owner):
        """The classes of what the names in a function's body are bound to."""
        given = dict(self.passed.get((owner, function.name), {}))
        known = self._bound(function.body, owner, given | ({"self": {owner}} if owner else {}))
        self._note_calls(function, owner, known)
        return known

    def _own(self, node):
        """(methods, attributes) of a class by itself."""
        methods = {m.name: None for m in node.body if isinstance(m, _FUNCTIONS)}
        for one in node.body:  # __radd__ = __add__
            if isinstance(one, ast.Assign):
                methods |= {t.id: None for t in one.targets if _is_special(t)}
        words = _decorators(node)
        if "dataclass" in words:
            methods |= dict.fromkeys(_GENERATED)
            if words["dataclass"].get("order"):
                methods |= dict.fromkeys(_ORDER)
            if words["dataclass"].get("frozen"):
                methods["__hash__"] = None
        if "total_ordering" in words:
            methods |= dict.fromkeys(_ORDER)
        return methods

    def _told(self, name, about, met=()):
        """Methods and attributes of a class, with what it inherits from others of the source."""
        node, methods, attributes = self.classes[name], {}, {}
        for base in map(_name, node.bases):
            if base in self.classes and base not in (*met, name):
                inherited = self._told(base, about, (*met, name))
                methods |= inherited["methods"]
                attributes |= inherited["attributes"]
        for method in about[name]:
            methods[method] = sorted(self.given.get((name, method), ()))
        attributes |= self._attributes(node)
        for method in node.body:
            if isinstance(method, _FUNCTIONS) and "property" in _decorators(method):
                attributes[method.name] = sorted(self.given[name, method.name])
        if any(map(_is_exception, node.bases)):
            methods |= {"__str__": [], "__repr__": []}
        if _ENUMS & set(map(_name, node.bases)):
            targets = [t for one in node.body if isinstance(one, ast.Assign) for t in one.targets]
            attributes |= {t.id: [name] for t in targets if isinstance(t, ast.Name)}
            methods |= {"__getitem__": [name], "__call__": [name], "__iter__": [name]}
        return {"methods": methods, "attributes": {k: v for k, v in attributes.items() if v}}

    def _attributes(self, node):
        """{attribute: classes} of what a class's methods set of ``self``."""
        kept = _Kept()
        for method in node.body:
            if not isinstance(method, _FUNCTIONS):
                continue
            known = self._known_in(method, node.name)
            for one in ast.walk(method):
                for target, values, put in _given_to(one):
                    if isinstance(target, ast.Attribute) and _name(target.value) == "self":
                        kinds = self._kinds_of(values, node.name, known)
                        kept.note(target.attr, kinds, values, put)
        return {name: sorted(kinds) for name, kinds in kept.known().items()}

    def _returned(self, function, owner):
        """The classes of what a function returns or yields."""
        known, found = self._known_in(function, owner), set()
        for node in _within(function):
            if isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom)) and node.value is not None:
                found |= self._kinds(node.value, owner, known)
        return found

    def _bound(self, body, owner, known):
        """The classes of what names are bound to in a function's or a cell's body."""
        nodes = list(_within(ast.Module(body, [])))
        start = known = {name: set(kinds) for name, kinds in known.items()}
        for _ in range(3):  # a loop may bind a name that it has used before
            kept = _Kept()
            for name, kinds in start.items():
                kept.note(name, kinds, (), False)
            for node in nodes:
                for target, values, put in _given_to(node):
                    kinds = self._kinds_of(values, owner, known)
                    for name in _targets(target):
                        kept.note(name, kinds, values, put)
            known = kept.known()
        return known

    def _kinds_of(self, values, owner, known):
        return set().union(*(self._kinds(value, owner, known) for value in values))

    def _kinds(self, node, owner, known):
        """The classes of which an expression gives an object, or several in a container."""
        inner = lambda part: self._kinds(part, owner, known)  # noqa: E731
        if isinstance(node, ast.Name):
            return set(known.get(node.id, ()))
        if isinstance(node, ast.Call):
            return self._called(node, owner, known)
        if isinstance(node, ast.IfExp):
            return inner(node.body) | inner(node.orelse)
        if isinstance(node, ast.BoolOp):
            return set().union(*map(inner, node.values))
        if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            return set().union(*map(inner, node.elts)) if node.elts else set()
        if isinstance(node, ast.Dict):
            return set().union(*map(inner, node.values)) if node.values else set()
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
            return self._kinds(node.elt, owner, self._known_within(node, owner, known))
        if isinstance(node, ast.Starred):
            return self._steps_of(inner(node.value))
        if isinstance(node, (ast.Await, ast.NamedExpr)):
            return inner(node.value)
        if isinstance(node, ast.BinOp):
            method = f"__{_SYMBOLS[type(node.op)]}__"
            return self._of_method(inner(node.left) | inner(node.right), method)
        if isinstance(node, ast.UnaryOp):
            return inner(node.operand) if isinstance(node.op, (ast.USub, ast.UAdd)) else set()
        return set()

    def _called(self, node, owner, known):
        function = node.func
        if isinstance(function, ast.Name):
            if function.id in self.classes:
                return {function.id}
            if owner and function.id == "cls":
                return {owner}
            return set(self.gives.get(function.id, ()))
        if isinstance(function, ast.Call) and _name(function.func) == "type" and owner:
            return {owner}  # type(self)(…)
        if isinstance(function, ast.Attribute):
            if function.attr == "__class__" and owner:
                return {owner}
            if function.attr == "copy":
                return self._kinds(function.value, owner, known)
            if (name := _name(function.value)) in self.classes:
                return set(self.given.get((name, function.attr), ()))
            return self._of_method(self._kinds(function.value, owner, known), function.attr)
        return set()

    def _known_within(self, node, owner, known):
        """The same as ``known``, with what a comprehension binds."""
        known = dict(known)
        for each in node.generators:
            for name in _targets(each.target):
                known[name] = set()
            for target, values in _steps(each):
                known[target.id] = self._kinds(values[0], owner, known)
        return known

    def _steps_of(self, kinds):
        """What an object gives that is iterated over; of a container, what it holds."""
        found = set()
        for kind in kinds:
            ways = [way for way in ("__iter__", "__getitem__") if any(self._definers(kind, way))]
            found |= self._of_method({kind}, ways[0]) if ways else {kind}
        return found

    def _of_method(self, kinds, method):
        found = set()
        for kind in kinds:
            for one in self._definers(kind, method):
                found |= self.given.get((one, method), set())
        return found


_SYMBOLS = {
    **{ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.Mod: "mod"},
    **{ast.FloorDiv: "floordiv", ast.Pow: "pow", ast.MatMult: "matmul", ast.BitAnd: "and"},
    **{ast.BitOr: "or", ast.BitXor: "xor", ast.LShift: "lshift", ast.RShift: "rshift"},
}


def _within(node):
    """The nodes of a function's own body, not of functions and classes within it."""
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        one = waiting.pop(0)
        yield one
        if not isinstance(one, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(one)


class _Kept:
    """What names are bound to, and what is put into what they are bound to."""

    def __init__(self):
        self._kinds, self._filled, self._mixed = {}, set(), set()

    def note(self, name, kinds, values, put):
        """Note that a name is bound to these values of these classes, or has them put into it."""
        self._kinds.setdefault(name, set()).update(kinds)
        if put:
            self._filled.add(name)
        if not kinds and not all(map(_is_empty, values)):
            self._mixed.add(name)

    def known(self):
        """{name: classes}; none of what is filled with other things, too."""
        mixed = self._filled & self._mixed
        return {name: kinds for name, kinds in self._kinds.items() if name not in mixed}


def _is_empty(value):
    """Whether an expression is a container with nothing in it."""
    if isinstance(value, ast.Call):
        return _name(value.func) in _CONTAINERS and not value.keywords
    content = getattr(value, "elts", None), getattr(value, "keys", None)
    return [] in content


def _given_to(node):
    """(target, expressions, whether it is filled) of what a node binds, or puts into a container:
    ``x.append(e)``, ``x[k] = e``."""
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
        for target in getattr(node, "targets", None) or [node.target]:
            for part, values in _taken_apart(target, node.value):
                put = isinstance(node, ast.AugAssign) or isinstance(part, ast.Subscript)
                while isinstance(part, ast.Subscript):
                    part = part.value
                yield part, values, put
    elif isinstance(node, (ast.For, ast.AsyncFor)):
        for target, values in _steps(node):
            yield target, values, False
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", None) in _PUTS:
        first = node.func.attr in ("insert", "setdefault")  # a place, or a key
        yield node.func.value, node.args[first:], True


def _steps(loop):
    """(target, [what it is of]) of a loop; of what is unpacked, each part is something else."""
    if isinstance(loop.target, ast.Name):
        yield loop.target, [ast.Starred(loop.iter)]


def _taken_apart(target, value):
    """(target, expressions) of one assignment, ``self.a, self.b = a, b`` as two."""
    if not isinstance(target, (ast.Tuple, ast.List)):
        yield target, [value] if value else []
        return
    values = getattr(value, "elts", [])
    alike = len(values) == len(target.elts)
    for number, part in enumerate(target.elts):
        yield from _taken_apart(part, values[number] if alike else value)


def _parameters(function):
    """The names of a function's parameters by position; none of None."""
    if function is None:
        return []
    return [each.arg for each in (*function.args.posonlyargs, *function.args.args)]


def _targets(node):
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, (ast.Tuple, ast.List)):
        for part in node.elts:
            yield from _targets(part)


def _is_exception(node):
    """Whether a base class is one of Python's exceptions: what derives from it has a text."""
    found = getattr(builtins, _name(node), None)
    return isinstance(found, type) and issubclass(found, BaseException)


def _name(node):
    """The last name of a dotted one; empty if it is none."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_special(node):
    return isinstance(node, ast.Name) and node.id.startswith("__") and node.id.endswith("__")


def _decorators(node):
    """{name: keywords that are constants} of a definition's decorators."""
    found = {}
    for one in node.decorator_list:
        words = one.keywords if isinstance(one, ast.Call) else ()
        name = _name(one.func if isinstance(one, ast.Call) else one)
        found[name] = {w.arg: w.value.value for w in words if isinstance(w.value, ast.Constant)}
    return found
