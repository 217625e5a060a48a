"""What the page is told: one document a section, sent whole whenever it changes.

``None`` means that a value cannot be known from here, and the page says so. An empty text or list means that there is
nothing. Times are seconds of Unix time.
"""
