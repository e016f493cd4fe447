"""Which of a program's modules an edit concerns, and which of its children.

Pure: what was read of modules and files goes in, decisions come out. What is done about
them is in `trio_sup._reloading`.

    imports    what a module imports, read from its source
    edits      which modules have to be imported again, in which order, or why that
               cannot be done at all
    former     what is left of a module that was imported again, and who has hold of it
    following  the specification of a child whose code is another now
"""
