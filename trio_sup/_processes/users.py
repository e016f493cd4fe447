"""Users by name: the system's tables may be far away."""

from __future__ import annotations

import trio


async def user_number(user: str | int | None) -> int | None:
    """Return a user's number.

    Raises:
        KeyError: there is no such user.
    """
    if user is None or isinstance(user, int):
        return user
    import pwd  # noqa: PLC0415 - there is none on every platform

    return (await trio.to_thread.run_sync(pwd.getpwnam, user)).pw_uid
