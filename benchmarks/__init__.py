"""What does it cost? Each module measures one thing and prints a table."""
