%% The virtual clock of the restart window.
%%
%% The installed module is compiled again from the debug information in its
%% beam, with its one call of erlang:monotonic_time redirected to this module.
%% Everything else in it stays what the distribution ships.
-module(oracle_clock).
-export([create/0, reset/0, advance/1, monotonic_time/1, install/1]).

create() ->
    persistent_term:put(?MODULE, atomics:new(1, [{signed, true}])).

reset() ->
    atomics:put(persistent_term:get(?MODULE), 1, 1000).

advance(Seconds) ->
    atomics:add(persistent_term:get(?MODULE), 1, Seconds).

monotonic_time(Unit) ->
    Seconds = atomics:get(persistent_term:get(?MODULE), 1),
    erlang:convert_time_unit(Seconds, second, Unit).

%% Raises when the module has no debug information, or reads the clock in any
%% number of places but one: then the method does not fit that version.
install(Module) ->
    Beam = code:which(Module),
    {Forms, 1} = redirect(forms(Beam), 0),
    {ok, Module, Code} = compile:forms(Forms, [binary]),
    ok = code:unstick_dir(filename:dirname(Beam)),
    {module, Module} = code:load_binary(Module, "virtual clock", Code),
    ok.

forms(Beam) ->
    {ok, {Module, [{debug_info, {debug_info_v1, Backend, Data}}]}} =
        beam_lib:chunks(Beam, [debug_info]),
    {ok, Forms} = Backend:debug_info(erlang_v1, Module, Data, []),
    Forms.

redirect({remote, A, {atom, B, erlang}, {atom, C, monotonic_time}}, Found) ->
    {{remote, A, {atom, B, ?MODULE}, {atom, C, monotonic_time}}, Found + 1};
redirect(Form, Found) when is_tuple(Form) ->
    {List, Total} = redirect(tuple_to_list(Form), Found),
    {list_to_tuple(List), Total};
redirect([Head | Tail], Found) ->
    {NewHead, FoundHead} = redirect(Head, Found),
    {NewTail, FoundTail} = redirect(Tail, FoundHead),
    {[NewHead | NewTail], FoundTail};
redirect(Form, Found) ->
    {Form, Found}.
