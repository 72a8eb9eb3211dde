"""One module per fault; each defines FAULT. Adding one edits no other file."""
