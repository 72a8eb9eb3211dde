"""One module per failure class; each defines MUTATOR. Adding one edits no other file."""
