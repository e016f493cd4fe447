%% Whether a process lives, without a turn for it.
%%
%% In OTP 29, erlang:is_process_alive/1 lets the process that is asked about take
%% its signals first, messages among them: it runs before who asked goes on. That
%% is allowed, for the two run side by side; but then the question alone changes
%% what happens next, and Elixir's Registry asks it in nearly every function. Here
%% it changes nothing, on every release: a name cannot be given to the dead.
-module(servers_alive).
-export([is_process_alive/1, install/1]).

is_process_alive(Pid) ->
    try register(?MODULE, Pid) of
        true -> unregister(?MODULE)
    catch
        error:badarg -> false
    end.

%% Makes a module of the distribution ask here.
install(Module) ->
    Forms = oracle_patch:forms(Module),
    Asking = oracle_patch:redirect(erlang, is_process_alive, ?MODULE, Forms),
    oracle_patch:load(Module, Asking).
