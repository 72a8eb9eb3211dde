"""One module per rule; the file's name is the rule's id. Adding a file adds a rule."""
