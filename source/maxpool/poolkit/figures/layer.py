"""Figures of chapter 3."""

__all__ = []
