"""SymPy's expressions, as trees of constructors that are known here.

No text is parsed, and nothing is evaluated or simplified: an expression is put together as it was.
Names are such as cannot become code where a test has SymPy write a program of an expression.
"""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import builtins
import keyword

import sympy
from sympy.core.function import AppliedUndef
from sympy.functions.elementary.piecewise import ExprCondPair

from proctor.rpc.codec.dtypes import must
from proctor.rpc.values.doubt import DIGITS, flag, parts, text, whole
from proctor.rpc.values.registry import Converter

_NODES = 10_000
_LARGE = 1 << (4 * DIGITS)
_POWER = 10_000  # a number to a higher power would be worked out by whoever simplifies it
_SINGLE = {
    **{"pi": sympy.pi, "E": sympy.E, "I": sympy.I, "oo": sympy.oo, "zoo": sympy.zoo},
    **{"-oo": -sympy.oo, "nan": sympy.nan, "true": sympy.true, "false": sympy.false},
    **{"EulerGamma": sympy.EulerGamma, "GoldenRatio": sympy.GoldenRatio},
    **{"EmptySet": sympy.S.EmptySet, "Reals": sympy.S.Reals, "Integers": sympy.S.Integers},
}
_NAMES = (
    *("sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "atan2", "acot"),
    *("sinh", "cosh", "tanh", "coth", "asinh", "acosh", "atanh", "exp", "log", "Abs", "sign"),
    *("re", "im", "arg", "conjugate", "floor", "ceiling", "factorial", "binomial", "gamma"),
    *("erf", "erfc", "Heaviside", "DiracDelta", "Max", "Min", "Pow", "Piecewise", "Derivative"),
    *("Integral", "Sum", "Product", "Equality", "Unequality", "StrictLessThan"),
    *("LessThan", "StrictGreaterThan", "GreaterThan", "And", "Or", "Not", "FiniteSet"),
)
_CALLS = {name: getattr(sympy, name) for name in _NAMES}
_LISTS = {"Add": sympy.Add, "Mul": sympy.Mul}
_WHOLE = {"Tuple": sympy.Tuple, "Interval": sympy.Interval, "case": ExprCondPair}
_NAME_OF = {kind: name for name, kind in {**_CALLS, **_LISTS, **_WHOLE}.items()}
_ASSUMED = (
    *("commutative", "complex", "real", "imaginary", "integer", "rational", "irrational"),
    *("positive", "negative", "nonnegative", "nonpositive", "nonzero", "zero", "even", "odd"),
    *("finite", "infinite", "prime", "composite", "algebraic", "transcendental", "hermitian"),
    *("extended_real", "extended_positive", "extended_negative", "extended_nonnegative"),
    *("extended_nonpositive", "extended_nonzero", "antihermitian", "noninteger"),
)


def _is_expression(kind):
    return issubclass(kind, sympy.Basic)


def _from_expression(expression):
    data = _taken(expression)
    must(_expression(data) == expression, "an expression that is what its parts say")
    return data


def _taken(one):
    kind = type(one)
    for name, single in _SINGLE.items():
        if one is single:
            return ("single", name)
    if kind is sympy.Symbol:
        return ("symbol", one.name, dict(one._assumptions_orig))
    if isinstance(one, sympy.Rational):
        return ("number", int(one.p), int(one.q))
    if kind is sympy.Float:
        return ("float", [int(part) for part in one._mpf_], int(one._prec))
    if isinstance(one, AppliedUndef):
        must(isinstance(kind, sympy.core.function.UndefinedFunction), "a function")
        return ("function", kind.__name__, *map(_taken, one.args))
    if kind is sympy.ImmutableDenseMatrix or kind is sympy.Matrix:
        return ("matrix", *one.shape, *map(_taken, one.flat()))
    if kind not in _NAME_OF:
        raise TypeError(f"there is a {kind.__name__} in it")
    return (_NAME_OF[kind], *map(_taken, one.args))


def _expression(data):
    return _made(data, [])


def _made(data, nodes):
    nodes.append(None)
    must(len(nodes) <= _NODES and type(data) is tuple and data, "an expression")
    tag, *told = data
    must(type(tag) is str, "an expression")
    if tag in _LEAVES:
        return _LEAVES[tag](*told)
    if tag == "function":
        name, *args = told
        args = [_made(arg, nodes) for arg in args]
        return sympy.Function(_function_name(name))(*args, evaluate=False)
    if tag == "matrix":
        return _matrix(told, nodes)
    args = [_made(arg, nodes) for arg in told]
    must(all(isinstance(arg, sympy.Basic) for arg in args), "a part of an expression")
    if tag in _LISTS:
        must(len(args) > 1, "the parts of an expression")
        return _LISTS[tag]._from_args(args)
    if tag in _WHOLE:
        return _WHOLE[tag](*args)
    if tag == "Pow":
        _check_power(*args)
    return _CALLS[tag](*args, evaluate=False) if tag not in _PLAIN else _CALLS[tag](*args)


_PLAIN = ("Integral", "Sum", "Product")  # they wait to be asked, by themselves


def _check_power(base, exponent):
    if not base.free_symbols and exponent.is_Rational:
        must(abs(exponent.p) <= _POWER, "a power of a number")


def _single(name):
    return _SINGLE[name]


def _symbol(name, assumptions):
    must(type(assumptions) is dict and assumptions.keys() <= set(_ASSUMED), "a symbol")
    for value in assumptions.values():
        flag(value)
    return sympy.Symbol(_name(name), **assumptions)


def _name(name):
    must(text(name, 50).isidentifier() and not name.startswith("__"), "the name of a symbol")
    return name


def _function_name(name):
    must(not keyword.iskeyword(_name(name)) and not hasattr(builtins, name), "a function's name")
    must(not hasattr(sympy, name), "a function's name")
    return name


def _number(numerator, denominator):
    return sympy.Rational(whole(numerator, -_LARGE, _LARGE), whole(denominator, 1, _LARGE))


def _float(number, precision):
    must(type(number) is list, "a number")
    sign, mantissa, exponent, bits = parts(tuple(number), 4)
    whole(sign, 0, 1), whole(exponent, -4 * DIGITS, 4 * DIGITS)
    must(whole(mantissa, 0, _LARGE).bit_length() == bits, "a number")
    must(mantissa % 2 or (mantissa == exponent == sign == 0), "a number")
    return sympy.Float((sign, mantissa, exponent, bits), precision=whole(precision, 1, DIGITS))


def _matrix(told, nodes):
    rows, columns, *items = told
    whole(rows, 0, _NODES), whole(columns, 0, _NODES)
    must(rows * columns == len(items), "the size of a matrix")
    return sympy.ImmutableDenseMatrix(rows, columns, [_made(item, nodes) for item in items])


_LEAVES = {"single": _single, "symbol": _symbol, "number": _number, "float": _float}


def _mutable(data):
    made = _expression(data)
    must(isinstance(made, sympy.ImmutableDenseMatrix), "a matrix")
    return made.as_mutable()


def _assign(old, new):
    must(old.shape == new.shape, "a matrix of another shape")
    old[:, :] = new


CONVERTERS = [
    Converter(sympy.Matrix, _from_expression, _mutable, assign=_assign),
    Converter(
        sympy.Basic,
        _from_expression,
        _expression,
        changes=False,
        careful=False,
        covers=_is_expression,
    ),
]
