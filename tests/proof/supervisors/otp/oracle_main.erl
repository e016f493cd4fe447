%% Answers scenarios over standard input and output.
%%
%% A request is one packet (four bytes of length, then a term in the external
%% format): a list of scenarios. Each gets one packet of JSON in answer, in
%% order. The first packet of all tells the versions, or why there are no answers.
-module(oracle_main).
-export([main/0]).

main() ->
    logger:set_primary_config(level, none),
    Port = open_port({fd, 0, 1}, [binary, eof, {packet, 4}]),
    try versions() of
        Versions -> send(Port, Versions), serve(Port)
    catch
        error:Reason -> send(Port, #{boot => text(Reason)}), halt(1)
    end.

versions() ->
    persistent_term:put(oracle_main, self()),
    oracle = ets:new(oracle, [named_table, public]),
    oracle_clock:create(),
    ok = oracle_clock:install(supervisor),
    #{otp => list_to_binary(erlang:system_info(otp_release)), elixir => elixir()}.

elixir() ->
    case code:which('Elixir.DynamicSupervisor') of
        non_existing ->
            null;
        _Beam ->
            ok = oracle_clock:install('Elixir.DynamicSupervisor'),
            ok = application:load(elixir),
            {ok, Version} = application:get_key(elixir, vsn),
            list_to_binary(Version)
    end.

serve(Port) ->
    receive
        {Port, {data, Request}} ->
            [send(Port, examine(S)) || S <- binary_to_term(Request)],
            serve(Port);
        {Port, eof} ->
            halt(0)
    end.

send(Port, Answer) ->
    true = port_command(Port, oracle_terms:json(Answer)).

examine(#{guard_ms := Guard} = Scenario) ->
    ets:delete_all_objects(oracle),
    oracle_clock:reset(),
    {Runner, Monitor} = spawn_monitor(fun() -> exit({done, oracle_run:run(Scenario)}) end),
    Outcome =
        receive
            {'DOWN', Monitor, process, Runner, {done, Final}} ->
                #{final => Final};
            {'DOWN', Monitor, process, Runner, Crash} ->
                #{final => null, error => [crashed, text(Crash)]}
        after Guard ->
            Where = text([{Path, process_info(Pid, [current_stacktrace, messages])}
                          || {Path, Pid} <- living()]),
            exit(Runner, kill),
            receive {'DOWN', Monitor, process, Runner, _} -> ok end,
            #{final => null, error => [timeout, Where]}
        end,
    Leaked = [Path || {Path, _} <- living()],
    clean_up(),
    Delivered = erlang:trace_delivered(all),
    receive {trace_delivered, all, Delivered} -> ok end,
    Events = [Event || {_Time, Event} <- lists:keysort(1, events([]))],
    Outcome#{events => Events, leaked => lists:sort(Leaked)}.

text(Term) -> iolist_to_binary(io_lib:format("~0tp", [Term])).

living() ->
    [{Path, Pid} || [Pid, Path] <- ets:match(oracle, {{life, '$1'}, '$2', '_'}),
                    is_process_alive(Pid)].

%% Again and again: killing a child lets its supervisor start another.
clean_up() ->
    case living() of
        [] -> ok;
        Living -> [exit(Pid, kill) || {_, Pid} <- Living], erlang:yield(), clean_up()
    end.

%% Ends come from the VM's own trace, so that nobody has to cooperate dying.
events(Seen) ->
    receive
        {event, Time, Event} ->
            events([{Time, Event} | Seen]);
        {trace_ts, Pid, exit, Reason, Time} ->
            case ets:lookup(oracle, {life, Pid}) of
                [{_, Path, N}] ->
                    Stop = [stop, Path, N, oracle_terms:reason(Reason)],
                    events([{Time, Stop} | Seen]);
                [] ->
                    events(Seen)
            end;
        Other when element(1, Other) =:= trace_ts ->
            events(Seen)
    after 0 ->
        Seen
    end.
