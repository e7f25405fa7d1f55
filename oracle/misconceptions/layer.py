"""Wrong answers of chapter 3."""
