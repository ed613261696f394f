"""What a shell completes beside names of commands and options."""
