"""Figures of chapter 1."""

__all__ = []
