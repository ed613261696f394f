"""What every process of a fleet is given, supervisor, worker and steward alike."""
