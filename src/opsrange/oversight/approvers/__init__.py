"""One module per approver; each defines APPROVER. Adding one edits no other file.

Belongs here: how somebody decides. Does not: what they are shown, what becomes of the decision.
"""
