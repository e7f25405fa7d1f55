"""Derivatives by finite differences, to compare a derivation with."""

from .kit.numerical import vjp, vjp_at_once

__all__ = ["vjp", "vjp_at_once"]
