%% Processes and exit reasons in the words of the scenario format.
-module(servers_terms).
-export([actor/1, pid/1, reason/1, stop_reason/1]).

actor(Pid) ->
    case ets:lookup(servers, {actor, Pid}) of
        [{_, Actor}] -> Actor;
        [] -> unknown
    end.

%% The latest process of an actor; one that has ended if there never was one.
pid(Actor) ->
    case ets:lookup(servers, {current, Actor}) of
        [{_, Pid}] ->
            Pid;
        [] ->
            {Pid, Monitor} = spawn_monitor(fun() -> ok end),
            receive {'DOWN', Monitor, process, Pid, _} -> Pid end
    end.

%% What a process ended with, or a call.
reason({Reason, {gen_server, call, _}}) -> reason(Reason);
reason({Reason, {sys, _, _}}) -> reason(Reason);
reason(Word) when is_atom(Word) -> Word;
reason({shutdown, Word}) when is_binary(Word) -> [shutdown, Word];
reason({crash, Word}) -> [error, Word];
reason({{crash, Word}, Stack}) when is_list(Stack) -> [error, Word];
reason(Other) -> [other, iolist_to_binary(io_lib:format("~0tp", [Other]))].

%% What a script asks for.
stop_reason(<<"normal">>) -> normal;
stop_reason([<<"shutdown">>, Word]) -> {shutdown, Word};
stop_reason([<<"error">>, Word]) -> {crash, Word}.
