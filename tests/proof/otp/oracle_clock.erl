%% The virtual clock of the restart window.
%%
%% Every call of erlang:monotonic_time in the installed supervisor comes here: one
%% in OTP 25, three in OTP 29.
-module(oracle_clock).
-export([create/0, reset/0, advance/1, monotonic_time/0, monotonic_time/1,
         install/1]).

create() ->
    persistent_term:put(?MODULE, atomics:new(1, [{signed, true}])).

reset() ->
    atomics:put(persistent_term:get(?MODULE), 1, 1000).

advance(Seconds) ->
    atomics:add(persistent_term:get(?MODULE), 1, Seconds).

monotonic_time() ->
    monotonic_time(native).

monotonic_time(Unit) ->
    Seconds = atomics:get(persistent_term:get(?MODULE), 1),
    erlang:convert_time_unit(Seconds, second, Unit).

%% Raises where the method does not fit that version of the module: it has no
%% debug information, or does not read the monotonic clock, or another one too.
install(Module) ->
    Forms = oracle_patch:forms(Module),
    case readings(Forms) of
        [] -> erlang:error({reads_no_clock, Module});
        [monotonic_time] -> ok;
        Names -> erlang:error({reads_another_clock, Module, Names})
    end,
    Clocked = oracle_patch:redirect(erlang, monotonic_time, ?MODULE, Forms),
    oracle_patch:load(Module, Clocked).

readings(Forms) ->
    Clocks = [monotonic_time, system_time, timestamp, now, perf_counter],
    Named = oracle_patch:remotes([erlang, os], Forms),
    lists:usort([Name || Name <- Named, lists:member(Name, Clocks)]).
