%% The processes of a scenario: scripted workers, and the callback module of
%% the supervisors under examination.
%%
%% The table `oracle' holds, for the scenario in hand:
%%   {{attempts, Path}, N}      start attempts so far
%%   {{plan, Path}, Plans}      what the next attempts shall do
%%   {{current, Path}, Pid, Kind}   the latest process of that path
%%   {{life, Pid}, Path, N}     which life a process is
%%   {{live, Pid}, Kind}        processes not yet seen dead
-module(oracle_tree).
-export([start_link/2, child_spec/3, start_worker/2, init/1, log/1]).
-export([path/2, kind/1, wait/1]).

%% Events carry the same clock as the trace messages of the VM, so that
%% sorting by it gives the true order.
log(Event) ->
    Now = {erlang:monotonic_time(), erlang:unique_integer([monotonic])},
    persistent_term:get(oracle_main) ! {event, Now, Event},
    ok.

path(<<>>, Id) -> Id;
path(Path, Id) -> <<Path/binary, "/", Id/binary>>.

kind(#{strategy := <<"dynamic">>}) -> dynamic;
kind(#{}) -> supervisor.

%% Supervisors

start_link(Path, Tree) ->
    case kind(Tree) of
        dynamic ->
            'Elixir.DynamicSupervisor':start_link(?MODULE, {Path, Tree}, []);
        supervisor ->
            supervisor:start_link(?MODULE, {Path, Tree})
    end.

init({Path, #{intensity := Intensity, period := Period} = Tree}) ->
    N = next_attempt(Path),
    register_life(Path, N, self(), kind(Tree)),
    log([start, Path, N]),
    case kind(Tree) of
        dynamic ->
            {ok, #{strategy => one_for_one,
                   intensity => Intensity,
                   period => Period,
                   max_children => max_children(Tree),
                   extra_arguments => []}};
        supervisor ->
            Flags = #{strategy => atom(strategy, Tree),
                      intensity => Intensity,
                      period => Period,
                      auto_shutdown => atom(auto_shutdown, Tree)},
            Specs = [child_spec(supervisor, Path, C) || C <- maps:get(children, Tree)],
            {ok, {Flags, Specs}}
    end.

max_children(#{max_children := N}) -> N;
max_children(#{}) -> infinity.

child_spec(ParentKind, ParentPath, #{id := Id} = Child) ->
    Path = path(ParentPath, Id),
    Common = #{id => Id,
               restart => atom(restart, Child),
               shutdown => shutdown(maps:get(shutdown, Child))},
    Spec = case ParentKind of
               dynamic -> Common;
               supervisor -> Common#{significant => maps:get(significant, Child)}
           end,
    case Child of
        #{tree := Tree} ->
            Spec#{type => supervisor, start => {?MODULE, start_link, [Path, Tree]}};
        #{stop := Stop} ->
            Spec#{type => worker,
                  start => {?MODULE, start_worker, [Path, Stop]}}
    end.

shutdown(Milliseconds) when is_integer(Milliseconds) -> Milliseconds;
shutdown(Word) -> binary_to_existing_atom(Word).

atom(Key, Map) -> binary_to_atom(maps:get(Key, Map)).

%% Workers

start_worker(Path, Stop) ->
    N = next_attempt(Path),
    case next_plan(Path) of
        <<"ok">> ->
            spawn_worker(Path, N, Stop, stay);
        [<<"then">>, Reason] ->
            spawn_worker(Path, N, Stop, {leave, reason(Reason)});
        <<"ignore">> ->
            log([start, Path, N]),
            log([start_ignored, Path, N]),
            ignore;
        [<<"error">>, Word] ->
            log([start, Path, N]),
            log([start_failed, Path, N, [error, Word]]),
            {error, {error, Word}}
    end.

spawn_worker(Path, N, Stop, Then) ->
    Starter = self(),
    Pid = spawn_link(fun() -> worker(Starter, Path, N, Stop, Then) end),
    receive {started, Pid} -> {ok, Pid} end.

worker(Starter, Path, N, Stop, Then) ->
    process_flag(trap_exit, Stop =/= <<"default">>),
    register_life(Path, N, self(), worker),
    log([start, Path, N]),
    Starter ! {started, self()},
    case Then of
        stay -> ?MODULE:wait(Stop);
        {leave, Reason} -> exit(Reason)
    end.

wait(Stop) ->
    receive
        {leave, Reason} -> exit(reason(Reason));
        {'EXIT', _Supervisor, Asked} -> asked(Stop, Asked)
    end.

asked(<<"trap">>, Asked) -> exit(Asked);
asked(<<"normal">>, _Asked) -> exit(normal);
asked(<<"error">>, _Asked) -> exit({error, <<"stop">>});
asked(<<"stubborn">>, _Asked) -> ?MODULE:wait(<<"stubborn">>);
asked([<<"slow">>, Milliseconds], Asked) ->
    receive after Milliseconds -> exit(Asked) end.

reason([<<"error">>, Word]) -> {error, Word};
reason([<<"shutdown">>, Word]) -> {shutdown, Word};
reason(Word) -> binary_to_atom(Word).

%% Book-keeping

next_attempt(Path) ->
    ets:update_counter(oracle, {attempts, Path}, 1, {{attempts, Path}, 0}).

next_plan(Path) ->
    case ets:lookup(oracle, {plan, Path}) of
        [{_, [Plan | Rest]}] ->
            ets:insert(oracle, {{plan, Path}, Rest}),
            Plan;
        _ ->
            <<"ok">>
    end.

register_life(Path, N, Pid, Kind) ->
    ets:insert(oracle, [{{current, Path}, Pid, Kind},
                        {{life, Pid}, Path, N},
                        {{live, Pid}, Kind}]).
