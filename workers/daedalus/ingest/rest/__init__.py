"""What is asked of an exchange over REST, within its budget: books, lists of instruments, single requests."""
