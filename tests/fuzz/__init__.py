"""Random input for whatever reads what people, programs or strangers write: ``python -m tests.fuzz``."""
