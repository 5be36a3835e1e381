"""What a browser gets: files of one page, which asks the service like any caller.

    static/      plain modules, one stylesheet, no build and no library
    assets       the files, compressed once, and the name of what they hold together
    script       all modules in one, as it is sent
    stylesheet   without what says nothing
    modules      those of types that other packages bring
    shell        the document, with the addresses of its files

It knows no model and no request: the page finds both by the public routes.
"""

__all__ = ["assets", "shell"]
