"""Wrong answers, made of a source's model answer: what its tests should catch.

Each keeps the names that the model answer binds. Its functions, methods and values are spoiled in
one way, which is its kind.
"""

import ast

from proctor.run import names

# kind: (what such an answer does, what stands in the place of a function's body)
KINDS = {
    "nothing": ("returns nothing", "return None"),
    "other": ("returns another kind of thing", "return 'a text'"),
    "raises": ("raises an error", "raise RuntimeError('not an answer')"),
    "empty": ("returns an empty list", "return []"),
    "nan": ("returns NaN", "return float('nan')"),
    "stops": ("raises StopIteration", "raise StopIteration"),
}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_IMPORTS = (ast.Import, ast.ImportFrom)


def spoiled(tree, kind):
    """The source of a wrong answer.

    tree  the syntax tree of the model answer's cell
    kind  one of `KINDS`
    """
    statement = ast.parse(f"def f(): {KINDS[kind][1]}").body[0].body[0]
    kept, defined = [], set()
    for node in tree.body:
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            defined.add(node.name)
            kept.append(_Spoil(statement).visit(_copied(node)))
        elif isinstance(node, _IMPORTS):
            kept.append(node)
    values = sorted(names.answer(tree).binds - defined)
    if isinstance(statement, ast.Return):
        for name in values:
            kept.append(ast.Assign([ast.Name(name, ast.Store())], statement.value, lineno=0))
    elif values:
        kept.append(statement)  # where the names would have been bound
    return ast.unparse(ast.fix_missing_locations(ast.Module(kept, [])))


def _copied(node):
    return ast.parse(ast.unparse(node)).body[0]


class _Spoil(ast.NodeTransformer):
    """Puts one statement in the place of every function's body."""

    def __init__(self, statement):
        self.statement = statement

    def visit_FunctionDef(self, node):
        # to make an object must go well, where it is methods that return
        if node.name != "__init__" or not isinstance(self.statement, ast.Return):
            node.body = [self.statement]
        return node

    visit_AsyncFunctionDef = visit_FunctionDef
