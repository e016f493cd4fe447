%% Contested scenarios on OTP's own supervisor: see tests/contested/scenario.py.
%%
%% One scheduler, so that nobody else can run while this process looks: when nobody is
%% runnable, all that can happen by itself has happened.
%%
%% The table `contested' holds, for the scenario in hand:
%%   {{attempts, Path}, N}            start attempts so far
%%   {{current, Path}, Pid}           the latest process of that path
%%   {{start, Path}, Pid, Parent}     a held start, and whom it holds up
%%   {{stop, Path}, Pid, Parent}      a held stop
%%   {{told, Pid}, true}              a worker that is about to end
%%   {{answer, Moment, Index}, Word}  what a request was told
%%   {released, true}                 nothing is held any more
-module(contested).
-export([main/0, init/1, start_tree/2, start_worker/2]).

main() ->
    logger:set_primary_config(level, none),
    %% While a module is loaded, nobody is runnable either.
    [{module, _} = code:ensure_loaded(M)
     || M <- [supervisor, gen_server, gen, proc_lib, sys, error_logger, logger, maps,
              sets, queue, binary, lists, io_lib, oracle_terms]],
    contested = ets:new(contested, [named_table, public]),
    Port = open_port({fd, 0, 1}, [binary, eof, {packet, 4}]),
    Versions = #{otp => list_to_binary(erlang:system_info(otp_release)), elixir => null},
    true = port_command(Port, oracle_terms:json(Versions)),
    serve(Port).

serve(Port) ->
    receive
        {Port, {data, Request}} ->
            [true = port_command(Port, oracle_terms:json(examine(S)))
             || S <- binary_to_term(Request)],
            serve(Port);
        {Port, eof} ->
            halt(0)
    end.

examine(Scenario) ->
    ets:delete_all_objects(contested),
    {Runner, Monitor} = spawn_monitor(fun() -> exit({done, run(Scenario)}) end),
    receive
        {'DOWN', Monitor, process, Runner, {done, Moments}} ->
            #{moments => Moments};
        {'DOWN', Monitor, process, Runner, Crash} ->
            #{error => iolist_to_binary(io_lib:format("~0tp", [Crash]))}
    after 20000 ->
        exit(Runner, kill),
        #{error => <<"timeout">>}
    end.

run(#{tree := Tree, script := Script}) ->
    process_flag(trap_exit, true),
    ets:insert(contested, {released, true}),
    Outcome = start_tree(<<>>, Tree),
    ets:delete(contested, released),
    settle(),
    case Outcome of
        {ok, _} -> ok;
        _ -> exit({root, Outcome})
    end,
    First = state(-1),
    Moments = moments(0, Script),
    ets:insert(contested, {released, true}),
    release(),
    Last = state(length(Script)),
    stop_root(),
    settle(),
    [First] ++ Moments ++ [Last, state(length(Script) + 1)].

moments(_, []) ->
    [];
moments(Number, [Ops | Rest]) ->
    perform(Number, Ops),
    settle(),
    State = state(Number),
    [State | moments(Number + 1, Rest)].

%% Nobody else is runnable, seen twice.
settle() ->
    case idle() of
        true ->
            erlang:yield(),
            case idle() of
                true -> ok;
                false -> settle()
            end;
        false ->
            erlang:yield(),
            settle()
    end.

idle() -> lists:sum(erlang:statistics(run_queue_lengths)) =:= 0.

state(Moment) ->
    Living = [[Path, attempts(Path)]
              || [Path, Pid] <- ets:match(contested, {{current, '$1'}, '$2'}),
                 is_process_alive(Pid)],
    Answers = [[M, I, Word]
               || [M, I, Word] <- ets:match(contested, {{answer, '$1', '$2'}, '$3'})],
    ets:match_delete(contested, {{answer, '_', '_'}, '_'}),
    #{moment => Moment,
      living => lists:sort(Living),
      starts => held(start),
      stops => held(stop),
      answers => lists:sort(Answers)}.

held(Kind) ->
    lists:sort([Path || [Path, Pid] <- ets:match(contested, {{Kind, '$1'}, '$2', '_'}),
                        is_process_alive(Pid)]).

attempts(Path) -> ets:lookup_element(contested, {attempts, Path}, 2).

%% Operations

perform(Number, [Op]) ->
    op(Number, 0, Op);
perform(Number, Ops) ->
    %% They reach one supervisor before it looks at the first of them.
    case holder(Ops) of
        noproc ->
            lists:foldl(fun(Op, Index) -> op(Number, Index, Op), Index + 1 end, 0, Ops);
        Sup ->
            true = erlang:suspend_process(Sup),
            lists:foldl(fun(Op, Index) -> op(Number, Index, Op), settle(), Index + 1 end,
                        0, Ops),
            true = erlang:resume_process(Sup)
    end.

holder([[Word, Path | _] | _]) ->
    Sup = case Word of
              <<"exit">> -> parent(Path);
              _ -> Path
          end,
    alive(Sup).

op(_, _, [<<"exit">>, Path, Crash]) ->
    case alive(Path) of
        noproc -> ok;
        Pid ->
            case ets:insert_new(contested, {{told, Pid}, true}) of
                true -> Pid ! {leave, Crash};
                false -> ok
            end
    end;
op(_, _, [<<"go">>, Index, Parent, Outcome]) ->
    open(start, Index, Parent, binary_to_atom(Outcome));
op(_, _, [<<"let">>, Index, Parent]) ->
    open(stop, Index, Parent, ok);
op(Number, Index, [<<"start_child">>, Path, Child]) ->
    ask(Number, Index, Path, fun(Sup) ->
        start_child(supervisor:start_child(Sup, child_spec(Path, Child))) end);
op(Number, Index, [<<"terminate_child">>, Path, Id]) ->
    ask(Number, Index, Path, fun(Sup) -> plain(supervisor:terminate_child(Sup, Id)) end);
op(Number, Index, [<<"delete_child">>, Path, Id]) ->
    ask(Number, Index, Path, fun(Sup) -> plain(supervisor:delete_child(Sup, Id)) end);
op(Number, Index, [<<"restart_child">>, Path, Id]) ->
    ask(Number, Index, Path, fun(Sup) -> restart(supervisor:restart_child(Sup, Id)) end);
op(Number, Index, [<<"stop">>, Path]) ->
    ask(Number, Index, Path, fun(Sup) ->
        try gen_server:stop(Sup, shutdown, infinity) of ok -> ok
        catch exit:_ -> ok
        end end).

start_child({ok, undefined}) -> 'StartIgnored';
start_child({ok, _}) -> ok;
start_child({error, {already_started, _}}) -> 'AlreadyStarted';
start_child({error, already_present}) -> 'AlreadyPresent';
start_child({error, _}) -> 'StartFailed'.

plain(ok) -> ok;
plain({error, not_found}) -> 'NoSuchChild';
plain({error, running}) -> 'ChildNotStopped';
plain({error, restarting}) -> 'ChildNotStopped'.

restart({ok, undefined}) -> 'StartIgnored';
restart({ok, _}) -> ok;
restart({error, Word}) when Word =:= running; Word =:= restarting; Word =:= not_found ->
    plain({error, Word});
restart({error, _}) -> 'StartFailed'.

ask(Number, Index, Path, Call) ->
    Sup = alive(Path),
    spawn_link(fun() ->
        Word = try Call(Sup) catch exit:_ -> 'SupervisorStopping' end,
        ets:insert(contested, {{answer, Number, Index}, Word})
    end).

open(Kind, Index, Parent, Outcome) ->
    Held = lists:sort([{Path, Pid}
                       || [Path, Pid, P] <- ets:match(contested, {{Kind, '$1'}, '$2', '$3'}),
                          Parent =:= null orelse P =:= Parent,
                          is_process_alive(Pid)]),
    case Held of
        [] -> ok;
        _ ->
            {Path, Pid} = lists:nth(Index rem length(Held) + 1, Held),
            ets:delete(contested, {Kind, Path}),
            Pid ! {go, Path, Outcome}
    end.

%% One after the other: what goes on together has no order.
release() ->
    case {held(start), held(stop)} of
        {[], []} ->
            ok;
        {Starts, _} ->
            Kind = case Starts of [] -> stop; _ -> start end,
            open(Kind, 0, null, ok),
            settle(),
            release()
    end.

alive(Path) ->
    case ets:lookup(contested, {current, Path}) of
        [{_, Pid}] ->
            case is_process_alive(Pid) of
                true -> Pid;
                false -> noproc
            end;
        [] -> noproc
    end.

stop_root() ->
    case alive(<<>>) of
        noproc -> ok;
        Root -> exit(Root, shutdown)
    end.

%% The tree

path(<<>>, Id) -> Id;
path(Path, Id) -> <<Path/binary, "/", Id/binary>>.

parent(Path) ->
    case lists:droplast(binary:split(Path, <<"/">>, [global])) of
        [] -> <<>>;
        Ids -> iolist_to_binary(lists:join(<<"/">>, Ids))
    end.

next_attempt(Path) ->
    ets:update_counter(contested, {attempts, Path}, 1, {{attempts, Path}, 0}).

start_tree(Path, Tree) ->
    next_attempt(Path),
    supervisor:start_link(?MODULE, {Path, Tree}).

init({Path, #{strategy := Strategy, intensity := Intensity, auto := Auto} = Tree}) ->
    ets:insert(contested, {{current, Path}, self()}),
    Flags = #{strategy => binary_to_atom(Strategy),
              intensity => Intensity,
              period => 1000000,
              auto_shutdown => binary_to_atom(Auto)},
    {ok, {Flags, [child_spec(Path, Child) || Child <- maps:get(children, Tree)]}}.

child_spec(Parent, #{id := Id, restart := Restart, significant := Significant} = Child) ->
    Path = path(Parent, Id),
    Spec = #{id => Id,
             restart => binary_to_atom(Restart),
             significant => Significant,
             shutdown => binary_to_atom(maps:get(shutdown, Child))},
    case Child of
        #{children := _} ->
            Spec#{type => supervisor, start => {?MODULE, start_tree, [Path, Child]}};
        _ ->
            Spec#{start => {?MODULE, start_worker, [Path, Child]}}
    end.

start_worker(Path, #{held_start := Held} = Worker) ->
    next_attempt(Path),
    case held(Held, start, Path) of
        error -> {error, boom};
        ignore -> ignore;
        Outcome ->
            Starter = self(),
            Pid = spawn_link(fun() -> worker(Starter, Path, Worker, Outcome) end),
            receive {started, Pid} -> {ok, Pid} end
    end.

held(Held, Kind, Path) ->
    case Held andalso not ets:member(contested, released) of
        true ->
            ets:insert(contested, {{Kind, Path}, self(), parent(Path)}),
            receive {go, Path, Outcome} ->
                ets:delete(contested, {Kind, Path}),
                Outcome
            end;
        false ->
            ok
    end.

worker(Starter, Path, #{held_stop := Held}, Outcome) ->
    process_flag(trap_exit, true),
    ets:insert(contested, {{current, Path}, self()}),
    Starter ! {started, self()},
    Outcome =:= blink andalso exit(blink),
    receive
        {leave, true} -> exit(crash);
        {leave, false} -> exit(normal);
        {'EXIT', _, Reason} ->
            ets:insert(contested, {{told, self()}, true}),
            held(Held, stop, Path),
            exit(Reason)
    end.
