%% Elixir's Registry: one with unique keys, one with duplicate ones.
-module(servers_registry).
-export([start/0, stop/1, stop_left/0, atom/1, request/3]).

start() ->
    [begin
         {ok, Pid} = 'Elixir.Registry':start_link([{keys, Keys}, {name, Name}]),
         Pid
     end || {Keys, Name} <- [{unique, u}, {duplicate, d}]].

stop(Registries) ->
    [begin
         Monitor = monitor(process, Pid),
         exit(Pid, shutdown),
         receive {'DOWN', Monitor, process, Pid, _} -> ok end
     end || Pid <- Registries].

%% Those of a scenario that did not come to its end.
stop_left() ->
    [try gen_server:stop(Name) catch exit:_ -> ok end || Name <- [u, d]].

atom(<<"u">>) -> u;
atom(<<"d">>) -> d.

%% What Elixir refuses with an ArgumentError is "invalid".
request(What, Registry, Args) ->
    try ask(What, Registry, Args)
    catch
        throw:{dispatched, Word} -> [raised, Word];
        error:#{'__struct__' := 'Elixir.ArgumentError'} -> invalid
    end.

ask(<<"register">>, R, [Key, Value]) ->
    case 'Elixir.Registry':register(R, Key, Value) of
        {ok, _} -> ok;
        {error, {already_registered, Pid}} -> [already_registered, actor(Pid)]
    end;
ask(<<"unregister">>, R, [Key]) ->
    'Elixir.Registry':unregister(R, Key);
ask(<<"unregister_match">>, R, [Key, Value]) ->
    'Elixir.Registry':unregister_match(R, Key, Value);
ask(<<"update_value">>, R, [Key, Value]) ->
    case 'Elixir.Registry':update_value(R, Key, fun(_) -> Value end) of
        {New, Old} -> [ok, New, Old];
        error -> error
    end;
ask(<<"lookup">>, R, [Key]) ->
    entries('Elixir.Registry':lookup(R, Key));
ask(<<"whereis">>, R, [Key]) ->
    case 'Elixir.Registry':whereis_name({R, Key}) of
        undefined -> null;
        Pid -> actor(Pid)
    end;
ask(<<"keys">>, R, [Actor]) ->
    lists:sort('Elixir.Registry':keys(R, pid(Actor)));
ask(<<"values">>, R, [Key, Actor]) ->
    lists:sort('Elixir.Registry':values(R, Key, pid(Actor)));
ask(<<"count">>, R, []) ->
    'Elixir.Registry':count(R);
ask(<<"count_match">>, R, [Key, Value]) ->
    'Elixir.Registry':count_match(R, Key, Value);
ask(<<"select">>, R, []) ->
    Spec = [{{'$1', '$2', '$3'}, [], [{{'$1', '$2', '$3'}}]}],
    lists:sort([[Key, actor(Pid), Value]
                || {Key, Pid, Value} <- 'Elixir.Registry':select(R, Spec)]);
ask(<<"dispatch">>, R, [Key]) ->
    Self = self(),
    Tag = make_ref(),
    ok = 'Elixir.Registry':dispatch(R, Key, fun(Found) -> Self ! {Tag, Found} end),
    receive {Tag, Found} -> entries(Found)
    after 0 -> 'not called'
    end;
ask(<<"dispatch">>, R, [Key, Word]) ->
    'Elixir.Registry':dispatch(R, Key, fun(_) -> throw({dispatched, Word}) end);
ask(<<"put_meta">>, R, [Key, Value]) ->
    'Elixir.Registry':put_meta(R, {meta, Key}, Value);
ask(<<"meta">>, R, [Key]) ->
    case 'Elixir.Registry':meta(R, {meta, Key}) of
        {ok, Value} -> [ok, Value];
        error -> error
    end.

entries(Found) -> [[actor(Pid), Value] || {Pid, Value} <- Found].

actor(Pid) -> servers_terms:actor(Pid).

pid(Actor) -> servers_terms:pid(Actor).
