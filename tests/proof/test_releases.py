"""What docs/explanation/newer-otp.md says of releases, asked of the installed one."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.proof.machine import _elixir_paths, is_available

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_available(), reason="needs Erlang"),
]

PROGRAM = """
-module(releases).
-export([main/0, init/1]).

init(Flags) ->
    {ok, {Flags, [#{id => a, start => {?MODULE, nothing, []}, restart => temporary}]}}.

main() ->
    process_flag(trap_exit, true),
    logger:set_primary_config(level, none),
    Ending = #{strategy => simple_one_for_one, auto_shutdown => any_significant},
    Refused = case supervisor:start_link(?MODULE, Ending) of
                  {error, {supervisor_data, {bad_combination, _}}} -> true;
                  {ok, _} -> false
              end,
    Has = fun(Module, Function, Arity) ->
              code:ensure_loaded(Module),
              erlang:function_exported(Module, Function, Arity)
          end,
    io:format("~w", [[list_to_integer(erlang:system_info(otp_release)),
                      Refused,
                      Has(supervisor, which_child, 2),
                      Has(supervisor, stop, 1),
                      Has('Elixir.Registry', lock, 3),
                      Has('Elixir.PartitionSupervisor', 'resize!', 2)]]),
    halt(0).
"""


def test_the_page_of_newer_releases_says_what_the_installed_one_does(
    short_dir: Path,
) -> None:
    (short_dir / "releases.erl").write_text(PROGRAM)
    subprocess.run(["erlc", "releases.erl"], cwd=short_dir, check=True)
    elixir = _elixir_paths()
    done = subprocess.run(
        ["erl", "-noinput", "-pa", ".", *elixir, "-s", "releases", "main"],
        cwd=short_dir,
        capture_output=True,
        check=True,
    )
    otp, refused, which_child, stop, lock, resize = json.loads(done.stdout)
    assert refused == (otp >= 27)
    assert which_child == (otp >= 28)
    assert stop == (otp >= 29)
    if elixir:
        version = _elixir_version(*elixir)
        assert (lock, resize) == (version >= (1, 18), version >= (1, 18))


def _elixir_version(ebin: str) -> tuple[int, ...]:
    told = (Path(ebin) / "elixir.app").read_text()
    vsn = told.partition('{vsn,"')[2].partition('"')[0]
    return tuple(int(part) for part in vsn.split(".")[:2])
