%% Answers of OTP and Elixir in the words of the scenario format, and JSON.
-module(oracle_terms).
-export([start_outcome/1, reply/2, which/1, counts/1, reason/1, json/1]).

start_outcome({ok, _Pid}) -> ok;
start_outcome({error, Reason}) -> [error, reason(Reason)].

reply(_, down) -> down;
reply(_, unsupported) -> unsupported;
reply(<<"which">>, Children) -> which(Children);
reply(<<"count">>, Counts) -> counts(Counts);
reply(_, ok) -> ok;
reply(_, ignore) -> ignore;
reply(_, {ok, undefined}) -> ignore;
reply(_, {ok, Pid}) when is_pid(Pid) -> [ok, life(Pid)];
reply(_, {error, {already_started, Pid}}) when is_pid(Pid) -> [error, already_started];
reply(_, {error, Word}) when is_atom(Word) -> [error, Word];
%% supervisor:start_child adds its record of the child to the cause
reply(<<"start_child">>, {error, {Cause, Child}})
  when is_tuple(Child), element(1, Child) =:= child -> [error, reason(Cause)];
reply(_, {error, Cause}) -> [error, reason(Cause)].

life(Pid) ->
    [{_, _Path, N}] = ets:lookup(oracle, {life, Pid}),
    N.

which(Children) ->
    [which_one(Id, Child, Type) || {Id, Child, Type, _Modules} <- Children].

which_one(Id, Pid, Type) when is_pid(Pid) ->
    [{_, Path, N}] = ets:lookup(oracle, {life, Pid}),
    case Id of
        undefined -> [lists:last(binary:split(Path, <<"/">>, [global])), N, Type];
        _ -> [Id, N, Type]
    end;
which_one(undefined, restarting, Type) -> [null, restarting, Type];
which_one(Id, restarting, Type) -> [Id, restarting, Type];
which_one(Id, undefined, Type) -> [Id, null, Type].

counts(Counts) when is_list(Counts) -> maps:from_list(Counts);
counts(Counts) when is_map(Counts) -> Counts.

reason(normal) -> normal;
reason(shutdown) -> shutdown;
reason(killed) -> killed;
reason({error, Word}) when is_binary(Word) -> [error, Word];
reason({shutdown, Word}) when is_binary(Word) -> [shutdown, Word];
reason({shutdown, {failed_to_start_child, Id, Cause}}) ->
    [shutdown, [failed_to_start_child, Id, reason(Cause)]];
reason({start_spec, Fault}) -> reason(Fault);
reason({duplicate_child_name, Id}) -> [bad_spec, [duplicate, Id]];
reason({bad_combination, [{auto_shutdown, never}, {significant, true}]}) ->
    [bad_spec, significant_never];
reason({bad_combination, [{restart, permanent}, {significant, true}]}) ->
    [bad_spec, significant_permanent];
reason(Other) -> [other, iolist_to_binary(io_lib:format("~0tp", [Other]))].

json(null) -> <<"null">>;
json(true) -> <<"true">>;
json(false) -> <<"false">>;
json(Atom) when is_atom(Atom) -> json(atom_to_binary(Atom));
json(Integer) when is_integer(Integer) -> integer_to_binary(Integer);
json(Binary) when is_binary(Binary) ->
    [$", [escape(C) || <<C/utf8>> <= Binary], $"];
json(List) when is_list(List) ->
    [$[, lists:join($,, [json(E) || E <- List]), $]];
json(Map) when is_map(Map) ->
    Pairs = [[json(K), $:, json(V)] || {K, V} <- lists:sort(maps:to_list(Map))],
    [${, lists:join($,, Pairs), $}].

escape($") -> <<"\\\"">>;
escape($\\) -> <<"\\\\">>;
escape(C) when C < 32 -> io_lib:format("\\u~4.16.0b", [C]);
escape(C) -> <<C/utf8>>.
