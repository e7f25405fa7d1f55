"""Visible checks of chapter 2."""

__all__ = []
