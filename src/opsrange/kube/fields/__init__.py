"""What resource kinds share about fields: complaints, names, selectors, creation and update strategies.

Belongs here: rules that more than one family needs. Does not: pod templates (``podspec``), one kind's own rules (``kinds``).
"""
