%% A module of the distribution, with some of its calls going elsewhere.
%%
%% The installed module is compiled again from the debug information in its beam.
%% Everything else in it stays what the distribution ships.
-module(oracle_patch).
-export([forms/1, remotes/2, redirect/4, load/2]).

forms(Module) ->
    try
        {ok, {Module, [{debug_info, {debug_info_v1, Backend, Data}}]}} =
            beam_lib:chunks(code:which(Module), [debug_info]),
        {ok, Forms} = Backend:debug_info(erlang_v1, Module, Data, []),
        Forms
    catch
        error:{badmatch, _} -> erlang:error({no_debug_information, Module})
    end.

%% The functions of Modules that are named anywhere, as often as they are.
remotes(Modules, {remote, _, {atom, _, Module}, {atom, _, Name}}) ->
    [Name || lists:member(Module, Modules)];
remotes(Modules, Form) when is_tuple(Form) ->
    remotes(Modules, tuple_to_list(Form));
remotes(Modules, [Head | Tail]) ->
    remotes(Modules, Head) ++ remotes(Modules, Tail);
remotes(_, _) ->
    [].

%% Who calls From:Name calls To:Name.
redirect(From, Name, To, {remote, A, {atom, B, From}, {atom, C, Name}}) ->
    {remote, A, {atom, B, To}, {atom, C, Name}};
redirect(From, Name, To, Form) when is_tuple(Form) ->
    list_to_tuple(redirect(From, Name, To, tuple_to_list(Form)));
redirect(From, Name, To, [Head | Tail]) ->
    [redirect(From, Name, To, Head) | redirect(From, Name, To, Tail)];
redirect(_, _, _, Form) ->
    Form.

load(Module, Forms) ->
    {ok, Module, Code} = compile:forms(Forms, [binary]),
    ok = code:unstick_dir(filename:dirname(code:which(Module))),
    {module, Module} = code:load_binary(Module, "patched", Code),
    ok.
