%% What servers do in their callbacks, and clients all the time.
-module(servers_steps).
-export([run/2, start_client/2]).

start_client(Name, Steps) ->
    Go = make_ref(),
    Client = spawn(fun() -> receive Go -> client(Name, Steps) end end),
    ets:insert(servers, [{{current, Name}, Client}, {{actor, Client}, Name}]),
    Client ! Go.

client(Name, Steps) ->
    run(Steps, #{actor => Name, n => 0, monitors => #{}, label => Name, from => none,
                 reply => null, deferred => false, action => none, idle => none,
                 outcome => none}).

run([], Context) ->
    Context;
run([Step | Rest], Context) ->
    case step(Step, Context) of
        #{outcome := none} = Next -> run(Rest, Next);
        #{} = Ended -> Ended
    end.

%% Of the handler itself

step([<<"add">>, Number], #{n := N} = C) ->
    C#{n := N + Number};
step([<<"gate">>, Gate], C) ->
    servers_run:wait_at(Gate),
    C;
step([<<"reply">>, Value], C) ->
    C#{reply := Value};
step([<<"defer">>], #{label := Label, from := From} = C) ->
    ets:insert(servers, {{from, Label}, From}),
    C#{deferred := true};
step([<<"early">>, Value], #{from := From} = C) ->
    gen_server:reply(From, Value),
    C#{deferred := true};
step([<<"answer">>, Label, Value], C) ->
    [gen_server:reply(From, Value) || {_, From} <- ets:lookup(servers, {from, Label})],
    C;
step([<<"crash">>, Word], _) ->
    error({crash, Word});
step([<<"exit">>, Reason], _) ->
    exit(servers_terms:stop_reason(Reason));
step([<<"stop">>, Reason], C) ->
    C#{outcome := {stop, servers_terms:stop_reason(Reason)}};
step([<<"stop">>, Reason, Reply], C) ->
    C#{outcome := {stop, servers_terms:stop_reason(Reason), Reply}};
step([<<"ignore">>], C) ->
    C#{outcome := ignore};
step([<<"continue">>, Label, Steps], C) ->
    C#{action := {continue, {Label, Steps}}};
step([<<"idle">>, Ms, Label, Steps], C) ->
    C#{action := Ms, idle := {Label, Steps}};

%% Messages

step([<<"call">>, To, Label, Steps | Timeout], #{actor := Actor} = C) ->
    servers_run:log(Actor, [asks, Label]),
    Answer = call(address(To), [Label, Steps], Timeout),
    servers_run:log(Actor, [answer, Label, Answer]),
    C;
step([<<"cast">>, To, Label, Steps], #{actor := Actor} = C) ->
    Lost = lost(To),
    ok = gen_server:cast(address(To), [Label, Steps]),
    servers_run:log(Actor, [casts, Label, ok | Lost]),
    C;
step([<<"send">>, To, Label, Steps], #{actor := Actor} = C) ->
    Lost = lost(To),
    send(address(To), {info, Label, Steps}),
    servers_run:log(Actor, [sends, Label, ok | Lost]),
    C;
step([<<"receive">>], #{actor := Actor, monitors := Monitors} = C) ->
    receive
        {'DOWN', Monitor, process, _, Reason} ->
            Target = maps:get(Monitor, Monitors),
            servers_run:log(Actor, [down, Target, servers_terms:reason(Reason)]),
            C#{monitors := maps:remove(Monitor, Monitors)};
        {info, Label, _} ->
            servers_run:log(Actor, [got, Label]),
            C
    end;

%% Monitors

step([<<"monitor">>, Target], #{actor := Actor, monitors := Monitors} = C) ->
    servers_run:log(Actor, [watches, Target]),
    C#{monitors := Monitors#{monitor(process, address(Target)) => Target}};
step([<<"demonitor">>, Target], #{monitors := Monitors} = C) ->
    Found = [M || {M, T} <- maps:to_list(Monitors), T =:= Target],
    [demonitor(M, [flush]) || M <- Found],
    C#{monitors := maps:without(Found, Monitors)};

%% Requests to the machinery of servers

step([<<"sys">>, What, To | Args], #{actor := Actor} = C) ->
    servers_run:log(Actor, [wants, What, To | Args]),
    Answer = try {ok, sys(What, address(To), Args)}
             catch exit:Reason -> {exit, Reason}
             end,
    servers_run:log(Actor, [What, To, answer(Answer)]),
    C;

%% Names

step([<<"registry">>, What, Registry | Args], #{actor := Actor} = C) ->
    Answer = servers_registry:request(What, servers_registry:atom(Registry), Args),
    servers_run:log(Actor, [What, Registry, Args, Answer]),
    C.

call(Address, Message, Timeout) ->
    try
        case Timeout of
            [] -> {ok, gen_server:call(Address, Message, infinity)};
            [<<"default">>] -> {ok, gen_server:call(Address, Message)};
            [Ms] -> {ok, gen_server:call(Address, Message, Ms)}
        end
    of
        Answer -> answer(Answer)
    catch
        exit:Reason -> answer({exit, Reason})
    end.

answer({ok, Value}) -> [ok, Value];
answer({exit, Reason}) -> [exit, servers_terms:reason(Reason)].

send({via, Module, Name}, Message) ->
    try Module:send(Name, Message)
    catch exit:_ -> ok
    end;
send(Pid, Message) ->
    Pid ! Message.

sys(<<"get_state">>, To, []) ->
    maps:get(n, sys:get_state(To));
sys(<<"replace_state">>, To, [<<"crash">>]) ->
    try sys:replace_state(To, fun(_) -> error(crash) end)
    catch error:_ -> refused
    end;
sys(<<"replace_state">>, To, [N]) ->
    maps:get(n, sys:replace_state(To, fun(State) -> State#{n := N} end));
sys(<<"suspend">>, To, []) ->
    sys:suspend(To);
sys(<<"resume">>, To, []) ->
    sys:resume(To);
sys(<<"stop">>, To, [Reason]) ->
    gen_server:stop(To, servers_terms:stop_reason(Reason), infinity).

%% Who is meant: a server or client by its id, its latest process; or whoever
%% holds a name.
address([<<"via">>, Registry, Key]) ->
    {via, 'Elixir.Registry', {servers_registry:atom(Registry), Key}};
address(Actor) ->
    servers_terms:pid(Actor).

%% OTP does not tell a sender; for the rule that says where trio-sup does.
lost(To) ->
    Pid = case address(To) of
              {via, Module, Name} -> Module:whereis_name(Name);
              Known -> Known
          end,
    case is_pid(Pid) andalso servers_alive:is_process_alive(Pid) of
        true -> [];
        false -> [lost]
    end.
