"""How what people type becomes values."""
