"""All modules of the page as one script: one request in the place of forty, and half of their bytes.

    modules ─ tokens ─ names ─ order of imports ─ short names ─> const a=…;function b(c){…}

    tokens    a module's text as tokens; what cannot be read is refused
    declared  where names are declared
    names     which words are names of its own
    module    one module: what it imports and exports, beside the two above
    shorten   a short name for each, another for each that is seen where it is
    writing   tokens as text again

Modules are read as they are written and sent short. They share one scope, so what one imports of another is the name
itself. A module that is taken by its name at run time is an object of what it exports; one that is in none of the
files (a type's of another package) is fetched from beside the script. The forms that modules may write are few, and
any other is refused.
"""

from app.page.script.joining import ordered, script

__all__ = ["ordered", "script"]
