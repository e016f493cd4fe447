# The same work in Elixir: `elixir beam.exs N`, a line for each.
Logger.configure(level: :none)

defmodule Echo do
  use GenServer
  def start_link(name), do: GenServer.start_link(__MODULE__, nil, name)
  def init(_), do: {:ok, 0}
  def handle_call(:ping, _, state), do: {:reply, 1, state}
end

defmodule Bench do
  def say(name, n, run) do
    began = System.monotonic_time(:nanosecond)
    run.()
    took = System.monotonic_time(:nanosecond) - began
    IO.puts("#{name} #{:erlang.float_to_binary(took / n / 1000, decimals: 4)}")
  end

  def times(n, run), do: for(_ <- 1..n, do: run.()) && :ok
end

[arg] = System.argv()
n = String.to_integer(arg)
{:ok, _} = Registry.start_link(keys: :unique, name: Names)
{:ok, _} = Echo.start_link(name: {:via, Registry, {Names, :echo}})
by_name = {:via, Registry, {Names, :echo}}
Bench.times(n, fn -> GenServer.call(by_name, :ping) end)
Bench.say("call by name", n * 10, fn ->
  Bench.times(n * 10, fn -> GenServer.call(by_name, :ping) end)
end)
Bench.say("registry look-up", n * 10, fn ->
  Bench.times(n * 10, fn -> Registry.lookup(Names, :echo) end)
end)
{:ok, sup} = DynamicSupervisor.start_link(strategy: :one_for_one)
child = %{id: Echo, start: {Echo, :start_link, [[]]}}
Bench.say("start", n, fn ->
  Bench.times(n, fn -> {:ok, _} = DynamicSupervisor.start_child(sup, child) end)
end)
Bench.say("stop", n, fn -> Supervisor.stop(sup) end)
