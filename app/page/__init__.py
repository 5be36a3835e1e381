"""What a browser gets: files of one page, which asks the service like any caller.

    static/      plain modules, one stylesheet, no build and no library
    assets       the files, compressed once, with their tags and headers

It knows no model and no request: the page finds both by the public routes.
"""

__all__ = ["assets"]
