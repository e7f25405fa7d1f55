"""Figures of chapter 2."""

__all__ = []
