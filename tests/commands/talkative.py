"""A program that prints a little and ends: too little to be written before that."""

from trio_sup import child, supervisor


async def talk() -> None:
    print("said")


spec = supervisor(
    [child(talk, restart="temporary", significant=True)],
    auto_shutdown="any_significant",
)
