"""One module per way of looking guilty without being so; each defines CONTROL. Adding one edits no other file."""
