%% Answers scenarios about servers over standard input and output.
%%
%% A request is one packet (four bytes of length, then a term in the external
%% format): a list of scenarios. Each gets one packet of JSON in answer, in
%% order. The first packet of all tells the versions, or why there are no answers.
-module(servers_main).
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
    servers = ets:new(servers, [named_table, public]),
    waiting = ets:new(waiting, [named_table, public, bag]),
    #{otp => list_to_binary(erlang:system_info(otp_release)), elixir => elixir()}.

elixir() ->
    case code:which('Elixir.Registry') of
        non_existing ->
            null;
        _Beam ->
            ok = servers_alive:install('Elixir.Registry'),
            {ok, _} = application:ensure_all_started(elixir),
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
    ets:delete_all_objects(servers),
    ets:delete_all_objects(waiting),
    {Runner, Monitor} =
        spawn_monitor(fun() -> exit({done, servers_run:run(Scenario)}) end),
    receive
        {'DOWN', Monitor, process, Runner, {done, Trace}} ->
            Trace;
        {'DOWN', Monitor, process, Runner, Crash} ->
            clean_up(),
            #{error => text(Crash)}
    after Guard ->
        Where = text([process_info(Pid, [current_stacktrace, messages])
                      || Pid <- servers_run:living()]),
        exit(Runner, kill),
        receive {'DOWN', Monitor, process, Runner, _} -> ok end,
        clean_up(),
        #{error => Where}
    end.

clean_up() ->
    servers_run:clean_up(),
    servers_registry:stop_left().

text(Term) -> iolist_to_binary(io_lib:format("~0tp", [Term])).
