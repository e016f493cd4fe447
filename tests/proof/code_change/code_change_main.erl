%% Answers what supervisor:code_change does, over standard input and output.
%%
%% A question is one packet (four bytes of length, then a term in the external format):
%% the specification before, the one after, and the ends that follow, one by one. The
%% answer is one packet of JSON. The first packet of all tells the versions.
-module(code_change_main).
-behaviour(supervisor).
-export([main/0, init/1, start_child/2, child/2]).

main() ->
    logger:set_primary_config(level, none),
    ets:new(starts, [named_table, public]),
    process_flag(trap_exit, true),
    Port = open_port({fd, 0, 1}, [binary, eof, {packet, 4}]),
    send(Port, #{otp => list_to_binary(erlang:system_info(otp_release)), elixir => null}),
    serve(Port).

serve(Port) ->
    receive
        {Port, {data, Request}} -> send(Port, answer(binary_to_term(Request))), serve(Port);
        {Port, eof} -> halt(0)
    end.

send(Port, Answer) ->
    true = port_command(Port, oracle_terms:json(Answer)).

init(Spec) -> {ok, {flags(Spec), [child_spec(C) || C <- maps:get(children, Spec)]}}.

flags(#{strategy := S, intensity := I, auto_shutdown := A}) ->
    #{strategy => word(S), intensity => I, period => 1000, auto_shutdown => word(A)}.

child_spec(#{id := Id, restart := R, shutdown := T, significant := S, given := G}) ->
    #{id => Id, restart => word(R), shutdown => T, significant => S,
      start => {?MODULE, start_child, [Id, G]}}.

word(Binary) -> binary_to_atom(Binary).

start_child(Id, Given) ->
    ets:update_counter(starts, Id, 1, {Id, 0}),
    {ok, spawn_link(?MODULE, child, [Id, Given])}.

child(_Id, _Given) -> receive {exit, Reason} -> exit(Reason) end.

answer(#{before := Before, then := After, ends := Ends}) ->
    ets:delete_all_objects(starts),
    {ok, Sup} = supervisor:start_link(?MODULE, Before),
    Were = maps:from_list([{Id, Pid} || {Id, Pid, _, _} <- supervisor:which_children(Sup)]),
    ok = sys:suspend(Sup),
    %% The supervisor calls init again, with what it was started with: here what is to be.
    sys:replace_state(Sup, fun(State) -> setelement(tuple_size(State), State, After) end),
    Changed = sys:change_code(Sup, ?MODULE, old, extra),
    ok = sys:resume(Sup),
    Children = children(Sup, Were),
    Steps = [step(Sup, End) || End <- Ends],
    unlink(Sup),
    exit(Sup, kill),
    #{changed => changed(Changed), children => Children, steps => Steps}.

changed(ok) -> ok;
changed(_) -> refused.

children(Sup, Were) ->
    [begin
         {ok, #{restart := R, shutdown := T, significant := S, start := {_, _, [_, G]}}} =
             supervisor:get_childspec(Sup, Id),
         #{id => Id, restart => R, shutdown => T, significant => S, given => G,
           kept => is_pid(Pid) andalso maps:get(Id, Were, none) =:= Pid,
           down => not is_pid(Pid)}
     end || {Id, Pid, _, _} <- lists:reverse(supervisor:which_children(Sup))].

step(Sup, [Id, How]) ->
    case is_process_alive(Sup) andalso lists:keyfind(Id, 1, supervisor:which_children(Sup)) of
        {_, Pid, _, _} when is_pid(Pid) ->
            Monitor = monitor(process, Pid),
            Reason = case How of <<"crash">> -> boom; <<"normal">> -> normal end,
            Pid ! {exit, Reason},
            receive {'DOWN', Monitor, process, Pid, _} -> ok end;
        _ ->
            ok
    end,
    look(Sup).

%% The supervisor has heard of an end before it answers: the signal was sent earlier.
look(Sup) ->
    try supervisor:which_children(Sup) of
        Children ->
            maps:from_list([{Id, lives(Id, Pid)} || {Id, Pid, _, _} <- Children])
    catch
        exit:_ -> <<"ended">>
    end.

lives(Id, Pid) when is_pid(Pid) -> ets:lookup_element(starts, Id, 2);
lives(_, _) -> 0.
