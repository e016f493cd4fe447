%% The parent of one server: starts it, starts it again if it is permanent, and
%% asks it to end as a supervisor does.
-module(servers_keeper).
-export([start/1, shutdown/1]).

start(Id) ->
    case keeper(Id) of
        none ->
            Keeper = spawn(fun() -> begin_life(Id) end),
            ets:insert(servers, {{keeper, Id}, Keeper});
        _Keeper ->
            told(Id, [start, running])
    end.

shutdown(Id) ->
    case keeper(Id) of
        none -> ok;
        Keeper -> Keeper ! shutdown
    end.

keeper(Id) ->
    case ets:lookup(servers, {keeper, Id}) of
        [{_, Keeper}] ->
            case is_process_alive(Keeper) of
                true -> Keeper;
                false -> none
            end;
        [] ->
            none
    end.

begin_life(Id) ->
    process_flag(trap_exit, true),
    case start_link(Id) of
        {ok, Pid} ->
            told(Id, [start, ok]),
            keep(Id, Pid);
        ignore ->
            told(Id, [start, ignore]);
        {error, {already_started, Pid}} ->
            Holder = servers_terms:actor(Pid),
            told(Id, [start, [already_registered, Holder]]);
        {error, Reason} ->
            told(Id, [start, [error, servers_terms:reason(Reason)]])
    end.

start_link(Id) ->
    [{_, #{name := Name}}] = ets:lookup(servers, {spec, Id}),
    case Name of
        null ->
            gen_server:start_link(servers_server, Id, []);
        [Registry, Key, Value] ->
            Address = {servers_registry:atom(Registry), Key, Value},
            gen_server:start_link({via, 'Elixir.Registry', Address},
                                  servers_server, Id, [])
    end.

keep(Id, Pid) ->
    receive
        {'EXIT', Pid, Reason} ->
            servers_run:log(Id, [exit, servers_terms:reason(Reason)]),
            [{_, #{restart := Restart}}] = ets:lookup(servers, {spec, Id}),
            case Restart of
                <<"permanent">> -> again(Id);
                <<"temporary">> -> ok
            end;
        shutdown ->
            [{_, #{shutdown := Shutdown}}] = ets:lookup(servers, {spec, Id}),
            ask(Pid, Shutdown),
            receive
                {'EXIT', Pid, Reason} ->
                    servers_run:log(Id, [exit, servers_terms:reason(Reason)])
            end
    end.

again(Id) ->
    case start_link(Id) of
        {ok, Pid} ->
            told(Id, [start, ok]),
            keep(Id, Pid);
        _ ->
            told(Id, [restart, failed])
    end.

ask(Pid, <<"brutal_kill">>) ->
    exit(Pid, kill);
ask(Pid, <<"infinity">>) ->
    exit(Pid, shutdown);
ask(Pid, Ms) ->
    exit(Pid, shutdown),
    Monitor = monitor(process, Pid),
    receive
        {'DOWN', Monitor, process, Pid, _} -> ok
    after Ms ->
        exit(Pid, kill)
    end.

%% What the parent hears has no order beside what the server does meanwhile.
told(Id, Event) ->
    servers_run:log(<<"parent of ", Id/binary>>, Event).
