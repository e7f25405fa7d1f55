"""Hidden checks of chapter 2."""

__all__ = []
