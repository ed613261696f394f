"""The fast layer under hot statements: binary formats, prepared statements, COPY."""
