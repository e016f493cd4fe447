%% One scenario: perform the script step by step, then end what is left.
%%
%% The table `servers' holds, for the scenario in hand:
%%   runner                     the process that collects the events
%%   {spec, Id}                 the server as the scenario has it
%%   {keeper, Id}               the process that starts it and is its parent
%%   {current, Actor}           the latest process of a server or client
%%   {actor, Pid}               whose process it is
%%   {lives, Id}                lives begun so far
%%   {open, Gate}               gates that are open
%%   {from, Label}              callers that wait for a deferred reply
-module(servers_run).
-export([run/1, log/2, living/0, clean_up/0, wait_at/1]).

-define(STALL_MS, 15).

run(#{servers := Servers, script := Script}) ->
    process_flag(trap_exit, true),
    ets:insert(servers, {runner, self()}),
    [ets:insert(servers, {{spec, Id}, Spec}) || [Id, Spec] <- Servers],
    Registries = servers_registry:start(),
    Began = now_ms(),
    Steps = perform(0, Script),
    Stalled = now_ms() - Began - pauses(Script) > ?STALL_MS,
    Final = finish([Id || [Id, _] <- Servers]),
    Left = lists:usort([actor(Pid) || Pid <- living(), not is_keeper(Pid)]),
    clean_up(),
    servers_registry:stop(Registries),
    #{events => Steps ++ Final, final => Left, stalled => Stalled}.

now_ms() -> erlang:monotonic_time(millisecond).

pauses(Script) -> lists:sum([Ms || [<<"elapse">>, Ms] <- Script]).

perform(_Index, []) ->
    [];
perform(Index, [Op | Rest]) ->
    op(Index, Op),
    settle(),
    Events = collect(),
    [[step, Index] | Events] ++ perform(Index + 1, Rest).

op(_, [<<"start">>, Id]) ->
    servers_keeper:start(Id);
op(Index, [<<"do">>, Steps]) ->
    Name = iolist_to_binary([<<"c">>, integer_to_binary(Index)]),
    servers_steps:start_client(Name, Steps);
op(_, [<<"open">>, Gate]) ->
    open(Gate);
op(_, [<<"shutdown">>, Id]) ->
    servers_keeper:shutdown(Id);
op(_, [<<"kill">>, Client]) ->
    case ets:lookup(servers, {current, Client}) of
        [{_, Pid}] -> exit(Pid, kill);
        [] -> ok
    end;
op(_, [<<"elapse">>, Ms]) ->
    receive after Ms -> ok end.

open(Gate) ->
    ets:insert(servers, {{open, Gate}}),
    [Pid ! {open, Gate} || {_, Pid} <- ets:take(waiting, Gate)].

%% Called by whoever comes to a gate.
wait_at(Gate) ->
    case ets:member(servers, {open, Gate}) of
        true ->
            ok;
        false ->
            ets:insert(waiting, {Gate, self()}),
            receive {open, Gate} -> ok end
    end.

%% Everything is opened, and every server asked to end.
finish(Ids) ->
    lists:append([ended(Id) || Id <- lists:sort(Ids)]).

ended(Id) ->
    Opened = open_all(),
    servers_keeper:shutdown(Id),
    settle(),
    Opened ++ [[ended, Id] | collect()] ++ open_all().

open_all() ->
    Waiting = [Gate || {Gate, Pid} <- ets:tab2list(waiting), is_process_alive(Pid)],
    case lists:sort(Waiting) of
        [] ->
            [];
        [Gate | _] ->
            open(Gate),
            settle(),
            [[opened, Gate] | collect()] ++ open_all()
    end.

%% Nobody is ready to run, three times in a row. With one scheduler, that is the
%% end of everything but timers. The last look is at each process: one that loads
%% a module is not in any queue.
settle() -> settle(3).

settle(0) ->
    case lists:all(fun idle/1, processes()) of
        true -> ok;
        false -> settle(3)
    end;
settle(N) ->
    erlang:yield(),
    case erlang:statistics(total_run_queue_lengths_all) of
        0 -> settle(N - 1);
        _ -> settle(3)
    end.

idle(Pid) when Pid =:= self() -> true;
idle(Pid) ->
    case process_info(Pid, status) of
        undefined -> true;
        {status, waiting} -> true;
        {status, _} -> false
    end.

log(Actor, Event) ->
    [{_, Runner}] = ets:lookup(servers, runner),
    Runner ! {event, [Actor | Event]},
    ok.

collect() ->
    receive {event, Event} -> [Event | collect()]
    after 0 -> []
    end.

actor(Pid) -> servers_terms:actor(Pid).

is_keeper(Pid) ->
    ets:match(servers, {{keeper, '_'}, Pid}) =/= [].

living() ->
    Known = [Pid || [Pid] <- ets:match(servers, {{actor, '$1'}, '_'})],
    Keepers = [Pid || [Pid] <- ets:match(servers, {{keeper, '_'}, '$1'})],
    [Pid || Pid <- Keepers ++ Known, is_process_alive(Pid)].

clean_up() ->
    case living() of
        [] -> ok;
        Living -> [exit(Pid, kill) || Pid <- Living], erlang:yield(), clean_up()
    end.
