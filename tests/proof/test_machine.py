"""The compiled driver is kept between runs, where others cannot put their own."""

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.proof.machine import Machine, OracleError, is_available

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_available(), reason="needs Erlang"),
]


def test_a_driver_that_somebody_else_could_have_written_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    source = tmp_path / "driver.erl"
    source.write_text("-module(driver).")
    content = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    (tmp_path / f"trio-sup-oracle-{os.getuid()}-{content}").mkdir(mode=0o755)
    with pytest.raises(OracleError, match="lets others in"):
        Machine([source], "driver")


@pytest.mark.parametrize(
    ("main", "message"),
    [
        ('halt("the disk is full").', r"has ended: .*the disk is full"),
        ("halt(3).", r"has ended: it said nothing$"),
        ("error(no_such_thing).", r"has ended: .*no_such_thing"),
        ('io:put_chars("Hello, this is no packet"), halt(0).', "has ended: Hello"),
        (
            'io:put_chars("Hello, this is no packet"), io:get_line(""), halt(0).',
            "has ended: Hello",
        ),
    ],
)
def test_a_vm_that_does_not_boot_gives_one_line_and_no_screen_of_erlang(
    main: str, message: str, short_dir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = short_dir / "driver.erl"
    source.write_text(f"-module(driver).\n-export([main/0]).\nmain() -> {main}\n")
    with pytest.raises(OracleError, match=message) as caught:
        Machine([source], "driver")
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 500
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("erlang:unique_integer()", "reads_no_clock"),
        ("{erlang:monotonic_time(), os:system_time()}", "reads_another_clock"),
    ],
)
def test_a_module_whose_time_cannot_be_replaced_is_refused_with_its_name(
    body: str, reason: str, short_dir: Path
) -> None:
    ticker = short_dir / "ticker.erl"
    ticker.write_text(f"-module(ticker).\n-export([t/0]).\nt() -> {body}.\n")
    subprocess.run(["erlc", "+debug_info", ticker.name], cwd=short_dir, check=True)
    with pytest.raises(OracleError, match=rf"does not serve: {{{reason},ticker"):
        Machine([_clock_of(short_dir), *CLOCK], "driver")


def test_every_reading_of_the_clock_is_replaced(short_dir: Path) -> None:
    ticker = short_dir / "ticker.erl"
    ticker.write_text(
        "-module(ticker).\n-export([t/0]).\n"
        "t() -> [erlang:monotonic_time(U) || U <- [second, 1, millisecond]]"
        " ++ [erlang:monotonic_time() div erlang:convert_time_unit(1, second, native)].\n"
    )
    subprocess.run(["erlc", "+debug_info", ticker.name], cwd=short_dir, check=True)
    with Machine([_clock_of(short_dir), *CLOCK], "driver") as machine:
        assert machine.receive() == {"seconds": [1007, 1007, 1_007_000, 1007]}


OTP = Path(__file__).parent / "otp"
CLOCK = [OTP / "oracle_clock.erl", OTP / "oracle_patch.erl"]


def _clock_of(folder: Path) -> Path:
    """A driver that puts the virtual clock into a module called ticker."""
    driver = folder / "driver.erl"
    driver.write_text(
        f"""
-module(driver).
-export([main/0]).
main() ->
    Port = open_port({{fd, 0, 1}}, [binary, eof, {{packet, 4}}]),
    code:add_patha("{folder}"),
    oracle_clock:create(),
    oracle_clock:reset(),
    oracle_clock:advance(7),
    try oracle_clock:install(ticker) of
        ok ->
            Ticks = lists:join(",", [integer_to_binary(T) || T <- ticker:t()]),
            port_command(Port, <<"{{\\"otp\\": \\"0\\", \\"elixir\\": null}}">>),
            port_command(Port, ["{{\\"seconds\\": [", Ticks, "]}}"])
    catch
        error:Reason ->
            Text = io_lib:format("{{\\"boot\\": \\"~0p\\"}}", [Reason]),
            port_command(Port, Text)
    end,
    halt(0).
"""
    )
    return driver
