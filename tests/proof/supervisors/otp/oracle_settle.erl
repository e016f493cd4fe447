%% Waiting until nothing more happens, without a sleep.
%%
%% The tree is quiet when every supervisor waits in its server loop with an
%% empty queue and without a link to a dead process (that would be an exit
%% signal still on its way), and every worker waits in its receive. Seen twice
%% in a row, with a turn for everybody between the two.
%%
%% Others may run between two questions of one look: so it counts only if nobody
%% was born or found dead from the first question to the last.
-module(oracle_settle).
-export([settle/0, queued/2]).

settle() ->
    Lives = lives(),
    case quiet(Lives) of
        true ->
            erlang:yield(),
            case quiet(Lives) andalso lives() =:= Lives of
                true -> ok;
                false -> settle()
            end;
        false ->
            erlang:yield(),
            settle()
    end.

lives() ->
    lists:sort(ets:match(oracle, {{live, '$1'}, '$2'})).

quiet(Lives) ->
    lists:all(fun([Pid, Kind]) -> quiet(Pid, Kind) end, Lives).

quiet(Pid, Kind) ->
    Items = [status, current_function, message_queue_len, links],
    case process_info(Pid, Items) of
        undefined ->
            ets:delete(oracle, {live, Pid}),
            false;
        [{status, waiting}, {_, Function}, {_, 0}, {_, Links}] ->
            waits(Kind, Function)
                andalso (Kind =:= worker orelse lists:all(fun alive/1, Links));
        _ ->
            false
    end.

waits(worker, {oracle_tree, wait, 1}) -> true;
waits(worker, _) -> false;
waits(_, {gen_server, loop, _}) -> true;
waits(_, {gen_server, loop_hibernate, _}) -> true;
waits(_, {erlang, hibernate, _}) -> true;
waits(_, _) -> false.

alive(Pid) when is_pid(Pid) -> is_process_alive(Pid);
alive(_Port) -> true.

%% Waits until Count messages are queued at a process that is held up.
queued(Pid, Count) ->
    case process_info(Pid, message_queue_len) of
        {message_queue_len, N} when N >= Count -> ok;
        {message_queue_len, _} -> erlang:yield(), queued(Pid, Count)
    end.
