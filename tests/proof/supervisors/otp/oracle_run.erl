%% One scenario: start the tree, perform the script, stop what is left.
-module(oracle_run).
-export([run/1]).

-import(oracle_tree, [log/1, path/2]).
-import(oracle_settle, [settle/0]).

run(#{tree := Tree, script := Script, init_plans := Plans}) ->
    process_flag(trap_exit, true),
    erlang:trace(self(), true,
                 [procs, set_on_spawn, strict_monotonic_timestamp,
                  {tracer, persistent_term:get(oracle_main)}]),
    [plan(Path, Plan) || [Path, Plan] <- Plans],
    Outcome = oracle_tree:start_link(<<>>, Tree),
    settle(),
    log([root, oracle_terms:start_outcome(Outcome)]),
    perform(0, Script),
    Final = snapshot(<<>>),
    log(['end']),
    stop_root(),
    settle(),
    Final.

perform(_Index, []) ->
    ok;
perform(Index, [Op | Rest]) ->
    Reply = op(Op),
    settle(),
    log([reply, Index, finish(Reply)]),
    perform(Index + 1, Rest).

%% A reply that can only be had after the tree has settled.
finish({later, Collect}) -> Collect();
finish(Reply) -> Reply.

op([<<"exit">>, Path, Reason]) ->
    with(worker, Path, fun(Pid) -> Pid ! {leave, Reason}, ok end);
op([<<"kill">>, Path]) ->
    with(worker, Path, fun(Pid) -> exit(Pid, kill), ok end);
op([<<"advance">>, Seconds]) ->
    oracle_clock:advance(Seconds);
op([<<"init_plan">>, Path, Plan]) ->
    plan(Path, Plan);
op([<<"stop_root">>]) ->
    case alive(<<>>) of
        {ok, _, _} -> stop_root();
        noproc -> noproc
    end;
op([<<"queue">>, Path, Items]) ->
    case alive(Path) of
        {ok, Pid, Kind} when Kind =/= worker -> queue(Path, Pid, Kind, Items);
        _ -> noproc
    end;
op([Request, Path | Args]) ->
    case alive(Path) of
        {ok, Pid, Kind} when Kind =/= worker ->
            Answer = request(Request, Path, Pid, Kind, Args),
            {later, fun() -> oracle_terms:reply(Request, Answer) end};
        _ ->
            noproc
    end.

plan(Path, Plan) ->
    ets:insert(oracle, {{plan, Path}, Plan}),
    ok.

alive(Path) ->
    case ets:lookup(oracle, {current, Path}) of
        [{_, Pid, Kind}] ->
            case is_process_alive(Pid) of
                true -> {ok, Pid, Kind};
                false -> noproc
            end;
        [] ->
            noproc
    end.

with(Kind, Path, Do) ->
    case alive(Path) of
        {ok, Pid, Kind} -> Do(Pid);
        _ -> noproc
    end.

%% The supervisor's parent asks it to stop: that is this process.
stop_root() ->
    case alive(<<>>) of
        {ok, Root, _} ->
            Monitor = monitor(process, Root),
            exit(Root, shutdown),
            receive {'DOWN', Monitor, process, Root, _} -> ok end;
        noproc ->
            ok
    end.

%% The public functions of both supervisors

request(<<"which">>, _, Pid, Kind, []) ->
    call(fun() -> (module(Kind)):which_children(Pid) end);
request(<<"count">>, _, Pid, Kind, []) ->
    call(fun() -> (module(Kind)):count_children(Pid) end);
request(<<"start_child">>, Path, Pid, Kind, [Child]) ->
    Spec = oracle_tree:child_spec(Kind, Path, Child),
    call(fun() -> (module(Kind)):start_child(Pid, Spec) end);
request(<<"terminate_child">>, Path, Pid, dynamic, [Id]) ->
    Child = latest(path(Path, Id)),
    call(fun() -> 'Elixir.DynamicSupervisor':terminate_child(Pid, Child) end);
request(<<"terminate_child">>, _, Pid, supervisor, [Id]) ->
    call(fun() -> supervisor:terminate_child(Pid, Id) end);
request(<<"restart_child">>, _, Pid, supervisor, [Id]) ->
    call(fun() -> supervisor:restart_child(Pid, Id) end);
request(<<"delete_child">>, _, Pid, supervisor, [Id]) ->
    call(fun() -> supervisor:delete_child(Pid, Id) end);
request(_, _, _, dynamic, [_]) ->
    unsupported.

module(dynamic) -> 'Elixir.DynamicSupervisor';
module(supervisor) -> supervisor.

call(Request) ->
    try Request()
    catch exit:_ -> down
    end.

%% Dynamic children are addressed by pid. A path that never had a process
%% gets the pid of one that has ended.
latest(Path) ->
    case ets:lookup(oracle, {current, Path}) of
        [{_, Pid, _}] ->
            Pid;
        [] ->
            {Pid, Monitor} = spawn_monitor(fun() -> ok end),
            receive {'DOWN', Monitor, process, Pid, _} -> Pid end
    end.

%% Several things reach a supervisor before it looks at its mailbox: it is
%% suspended, each is put in its queue before the next is done, and then it
%% goes on.

queue(Path, Sup, Kind, Items) ->
    ok = sys:suspend(Sup),
    {Pending, _} =
        lists:mapfoldl(fun(Item, Count) -> enqueue(Path, Sup, Kind, Item, Count) end,
                       0, Items),
    ok = sys:resume(Sup),
    {later, fun() -> [collect(P) || P <- Pending] end}.

enqueue(Path, Sup, _, [<<"exit">>, Id, Reason], Count) ->
    ended(Path, Sup, Id, Count, fun(Pid) -> Pid ! {leave, Reason} end);
enqueue(Path, Sup, _, [<<"kill">>, Id], Count) ->
    ended(Path, Sup, Id, Count, fun(Pid) -> exit(Pid, kill) end);
enqueue(Path, Sup, Kind, [Request | Args], Count) ->
    Self = self(),
    Tag = make_ref(),
    spawn(fun() -> Self ! {Tag, request(Request, Path, Sup, Kind, Args)} end),
    ok = oracle_settle:queued(Sup, Count + 1),
    {{Request, Tag}, Count + 1}.

ended(Path, Sup, Id, Count, End) ->
    case alive(path(Path, Id)) of
        {ok, Pid, worker} ->
            End(Pid),
            ok = oracle_settle:queued(Sup, Count + 1),
            {ok, Count + 1};
        _ ->
            {noproc, Count}
    end.

collect({Request, Tag}) ->
    receive {Tag, Answer} -> oracle_terms:reply(Request, Answer) end;
collect(Reply) ->
    Reply.

%% What the whole tree answers about itself

snapshot(Path) ->
    case alive(Path) of
        {ok, Pid, Kind} when Kind =/= worker ->
            Which = oracle_terms:which((module(Kind)):which_children(Pid)),
            Count = oracle_terms:counts((module(Kind)):count_children(Pid)),
            Subs = [{Id, snapshot(path(Path, Id))}
                    || [Id, N, supervisor] <- Which, is_integer(N)],
            #{which => Which, count => Count, subs => maps:from_list(Subs)};
        _ ->
            null
    end.
