"""Wrong answers of chapter 2."""
