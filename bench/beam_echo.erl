%% A gen_server that does next to nothing.
-module(beam_echo).
-behaviour(gen_server).
-export([start_link/0, init/1, handle_call/3, handle_cast/2]).

start_link() -> gen_server:start_link(?MODULE, [], []).

init([]) -> {ok, 0}.

handle_call(ping, _, State) -> {reply, 1, State}.

handle_cast(note, State) -> {noreply, State}.
