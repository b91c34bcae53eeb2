"""What nthgrad shows: tables, pictures, and typed text repeated in errors."""
