%% The server under examination: each message brings the steps of its handler.
-module(servers_server).
-behaviour(gen_server).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, handle_continue/2]).
-export([terminate/2]).

init(Id) ->
    Life = ets:update_counter(servers, {lives, Id}, 1, {{lives, Id}, 0}),
    ets:insert(servers, [{{current, Id}, self()}, {{actor, self()}, Id}]),
    servers_run:log(Id, [init, Life]),
    [{_, #{init := Steps, trap := Trap}}] = ets:lookup(servers, {spec, Id}),
    process_flag(trap_exit, Trap),
    State = #{id => Id, life => Life, n => 0, monitors => #{}, idle => none},
    Done = servers_steps:run(Steps, context(State, init)),
    case Done of
        #{outcome := ignore} -> ignore;
        #{outcome := {stop, Reason}} -> {stop, Reason};
        #{action := none} -> {ok, state(Done)};
        #{action := Action} -> {ok, armed(Done), Action}
    end.

handle_call([Label, Steps], From, State) ->
    note(call, Label, State),
    Done = servers_steps:run(Steps, (context(State, Label))#{from => From}),
    case Done of
        #{outcome := {stop, Reason, Reply}} -> {stop, Reason, Reply, state(Done)};
        #{outcome := {stop, Reason}} -> {stop, Reason, state(Done)};
        #{deferred := true} -> noreply(Done);
        #{action := none, reply := Reply} -> {reply, Reply, state(Done)};
        #{action := Action, reply := Reply} -> {reply, Reply, armed(Done), Action}
    end.

handle_cast([Label, Steps], State) ->
    handle(cast, Label, Steps, State).

handle_info({info, Label, Steps}, State) ->
    handle(info, Label, Steps, State);
handle_info(timeout, #{idle := {Label, Steps}} = State) ->
    handle(idle, Label, Steps, State);
handle_info({'DOWN', Monitor, process, _, Reason}, State) ->
    #{id := Id, monitors := Monitors} = State,
    #{Monitor := Target} = Monitors,
    servers_run:log(Id, [down, Target, servers_terms:reason(Reason)]),
    {noreply, State#{monitors := maps:remove(Monitor, Monitors)}}.

handle_continue({Label, Steps}, State) ->
    handle(continue, Label, Steps, State).

terminate(Reason, #{id := Id, n := N, life := Life} = State) ->
    servers_run:log(Id, [terminate, Life, servers_terms:reason(Reason), N]),
    [{_, #{terminate := Steps}}] = ets:lookup(servers, {spec, Id}),
    servers_steps:run(Steps, context(State, terminate)).

handle(Kind, Label, Steps, State) ->
    note(Kind, Label, State),
    Done = servers_steps:run(Steps, context(State, Label)),
    case Done of
        #{outcome := {stop, Reason}} -> {stop, Reason, state(Done)};
        #{} -> noreply(Done)
    end.

noreply(#{action := none} = Done) -> {noreply, state(Done)};
noreply(#{action := Action} = Done) -> {noreply, armed(Done), Action}.

note(Kind, Label, #{id := Id, n := N}) ->
    servers_run:log(Id, [Kind, Label, N]).

context(#{id := Id, n := N, monitors := Monitors} = State, Label) ->
    #{actor => Id, state => State, n => N, monitors => Monitors, label => Label,
      from => none, reply => null, deferred => false, action => none,
      idle => none, outcome => none}.

state(#{state := State, n := N, monitors := Monitors}) ->
    State#{n := N, monitors := Monitors, idle := none}.

armed(#{idle := Idle} = Done) ->
    (state(Done))#{idle := Idle}.
