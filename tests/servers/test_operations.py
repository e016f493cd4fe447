"""What is checked when a server class is made."""

import inspect
from typing import Any, Generic, TypeVar

import pytest

from trio_sup import Call, Cast, GenServer, call, cast

T = TypeVar("T")


class Base(GenServer):
    @call
    async def get(self) -> Any:
        """Return it."""
        return "base"

    @cast
    async def put(self) -> None: ...


def test_class_access_gives_the_operation_instance_access_the_method() -> None:
    assert isinstance(Base.get, Call)
    assert isinstance(Base.put, Cast)
    assert repr(Base.get) == "<call Base.get>"
    assert repr(Base.put) == "<cast Base.put>"
    assert inspect.iscoroutinefunction(Base().get)
    assert Base().get.__doc__ == "Return it."


def test_an_override_without_decorator_is_an_error_when_the_class_is_made() -> None:
    with pytest.raises(TypeError, match=r"get overrides .* decorated with @call"):

        class Sub(Base):
            async def get(self) -> Any:
                return "sub"


def test_an_override_of_the_other_kind_is_an_error_when_the_class_is_made() -> None:
    with pytest.raises(TypeError, match="decorated with @call"):

        class Sub(Base):
            @cast
            async def get(self) -> None: ...

    with pytest.raises(TypeError, match="decorated with @cast"):

        class Other(Base):
            @call
            async def put(self) -> None: ...


@pytest.mark.parametrize("decorate", [call, cast, call(raises=(ValueError,))])
def test_an_operation_must_be_async(decorate: Any) -> None:
    with pytest.raises(TypeError, match="async def"):

        class Bad(GenServer):
            @decorate  # type: ignore[untyped-decorator]
            def get(self) -> Any:
                return 1


@pytest.mark.parametrize("raises", [ValueError, [ValueError], (5,), (BaseException,)])
def test_raises_must_be_a_tuple_of_exceptions(raises: Any) -> None:
    with pytest.raises(TypeError, match="tuple of exception types"):
        call(raises=raises)
    with pytest.raises(TypeError, match="tuple of exception types"):
        call.deferred(raises=raises)


@pytest.mark.parametrize(
    "name",
    [
        "ref",
        "id",
        "path",
        "life",
        "key",
        "supervisor",
        "monitor",
        "every",
        "send_after",
    ],
)
def test_reserved_names_are_checked_when_the_class_is_made(name: Any) -> None:
    with pytest.raises(TypeError, match=f"{name}: reserved"):
        type("Bad", (GenServer,), {name: 5})


def test_a_generic_server_has_its_operations_when_parametrised_and_when_not() -> None:
    class Box(GenServer, Generic[T]):
        @call
        async def get(self) -> T:
            raise NotImplementedError

    assert Box[int].get is Box.get


def test_operations_of_several_bases_come_together() -> None:
    class Left(GenServer):
        @call
        async def left(self) -> None: ...

    class Right(GenServer):
        @call
        async def right(self) -> None: ...

    class Both(Left, Right):
        pass

    names = {handler.name for handler in Both.__handlers__.values()}
    assert names == {"left", "right"}
