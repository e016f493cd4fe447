"""Several supervisors busy at once: who is told what, under every order of tasks.

See `scenario` for what is drawn, `laws` for how it is judged. The long search is
``python -m tests.contested``; a short one is part of the tests.
"""
