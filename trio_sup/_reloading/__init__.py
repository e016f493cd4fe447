"""Reload while developing: an edited file, and the running tree has its code.

The rule here: read, import, carry out; which modules and which children an edit
concerns is decided in `trio_sup._core.code`.

    program     the program's own modules, and which of their files are others now
    importing   modules are imported again, all of them or none
    children    which children go on, what they have hold of, who begins anew
    reloader    one edit, from the file to the tree; or why the whole begins anew
    watching    files are watched, by watchfiles
"""
