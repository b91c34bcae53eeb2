"""Output on the screen: tables, pictures, and typed text quoted in errors."""
