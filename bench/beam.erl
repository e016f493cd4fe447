%% The same work in Erlang: `erl -noshell -pa DIR -s beam main N`, a line for each.
-module(beam).
-behaviour(supervisor).
-export([main/1, init/1, start_crashing/1, start_echo/0]).

main([Arg]) ->
    logger:set_primary_config(level, none),
    N = list_to_integer(atom_to_list(Arg)),
    each("call", N * 10, fun call/1),
    each("cast", N * 10, fun cast/1),
    each("restart", N, fun restart/1),
    {Start, Stop} = dynamic(N),
    say("start", Start),
    say("stop", Stop),
    halt(0).

each(Name, N, Run) ->
    Run(N div 10 + 1),
    say(Name, Run(N)).

say(Name, Micros) -> io:format("~s ~.4f~n", [Name, float(Micros)]).

clock(N, Run) ->
    Began = erlang:monotonic_time(nanosecond),
    Run(),
    (erlang:monotonic_time(nanosecond) - Began) / N / 1000.

times(0, _) -> ok;
times(N, Run) -> Run(), times(N - 1, Run).

call(N) ->
    {ok, Pid} = beam_echo:start_link(),
    Took = clock(N, fun() -> times(N, fun() -> gen_server:call(Pid, ping) end) end),
    gen_server:stop(Pid),
    Took.

cast(N) ->
    {ok, Pid} = beam_echo:start_link(),
    Took = clock(N, fun() ->
        times(N, fun() -> gen_server:cast(Pid, note) end),
        gen_server:call(Pid, ping)
    end),
    gen_server:stop(Pid),
    Took.

restart(N) ->
    {ok, Sup} = supervisor:start_link(?MODULE, {crashing, self()}),
    unlink(Sup),
    First = receive {alive, One} -> One end,
    Took = clock(N, fun() -> crash(N, First) end),
    stop(Sup),
    Took.

crash(0, _) -> ok;
crash(N, Pid) ->
    exit(Pid, crash),
    receive {alive, Next} -> crash(N - 1, Next) end.

dynamic(N) ->
    {ok, Sup} = supervisor:start_link(?MODULE, dynamic),
    unlink(Sup),
    Start = clock(N, fun() -> times(N, fun() -> supervisor:start_child(Sup, []) end) end),
    {Start, clock(N, fun() -> stop(Sup) end)}.

stop(Sup) ->
    Ref = monitor(process, Sup),
    exit(Sup, shutdown),
    receive {'DOWN', Ref, process, Sup, _} -> ok end.

init({crashing, To}) ->
    {ok, {#{intensity => 1000000, period => 1},
          [#{id => c, start => {?MODULE, start_crashing, [To]}}]}};
init(dynamic) ->
    {ok, {#{strategy => simple_one_for_one},
          [#{id => c, start => {?MODULE, start_echo, []}}]}}.

start_crashing(To) ->
    {ok, spawn_link(fun() -> To ! {alive, self()}, receive never -> ok end end)}.

start_echo() -> beam_echo:start_link().

