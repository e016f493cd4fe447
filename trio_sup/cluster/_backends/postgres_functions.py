"""The rules of `trio_sup.cluster._rules.engine`, as functions that PostgreSQL runs.

Times are in microseconds by the clock of its host. What decides takes one lock for its
transaction, so that it is alone; what only looks or carries messages takes none. All of it
is in a schema of its own:

    meta        which memory this is, since when, the last token, and the number of the
                last change of a record
    nodes       node, what it tells of itself, how long its lease is and when it ends
    names       who holds a name, by which token
    states      a state for each name, and the token of who writes it
    records     what is kept for supervisors, by shelf and name
    listening   who is told of what: of a topic, quoted as in JSON, or of ``records``
    inbox       what waits for a node: messages, and what it listens to; not logged, as
                it may be lost
"""

from __future__ import annotations

from hashlib import md5
from typing import Final

SETUP: Final = """
select pg_advisory_xact_lock(hashtext('trio-sup {S}'));
create schema if not exists {S};
create table if not exists {S}.meta (
  one bool primary key default true check (one), generation text, line text,
  fresh bigint, last bigint, version bigint);
create table if not exists {S}.nodes (
  node text primary key, info text, ttl bigint, ends bigint);
create table if not exists {S}.names (name text primary key, node text, token bigint);
create index if not exists names_of on {S}.names (node);
create table if not exists {S}.states (name text primary key, token bigint, data bytea);
create table if not exists {S}.records (
  shelf text, name text, kept text, primary key (shelf, name));
create table if not exists {S}.listening (
  topic text, node text, primary key (topic, node));
create index if not exists listening_of on {S}.listening (node);
create unlogged table if not exists {S}.inbox (
  id bigserial primary key, node text, topic text, data bytea);
create index if not exists inbox_of on {S}.inbox (node, id);

create or replace function {S}.now_us() returns bigint language sql volatile as $$
  select (extract(epoch from clock_timestamp()) * 1000000)::bigint $$;

create or replace function {S}.alone() returns void language sql as $$
  select pg_advisory_xact_lock(hashtext('trio-sup {S}')) $$;

create or replace function {S}.inbox_channel(who text) returns text language sql as $$
  select 'trio_sup_' || md5('{S} ' || who) $$;

create or replace function {S}.tell_freed() returns void language sql as $$
  select pg_notify({S}.inbox_channel(''), '') $$;

-- Another one after it was created anew, or promoted from a standby that may lack much.
create or replace function {S}.gen() returns text language plpgsql as $$
declare
  m {S}.meta;
  at text := substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8);
begin
  select * into m from {S}.meta;
  if not found then
    insert into {S}.meta values (
      true, md5(random()::text || clock_timestamp()::text), at, {S}.now_us(), 0, 0)
    returning * into m;
  elsif m.line <> at then
    update {S}.meta set line = at, fresh = {S}.now_us() returning * into m;
  end if;
  return m.generation || '-' || m.line;
end $$;

create or replace function {S}.live(who text) returns bool language sql as $$
  select exists (select from {S}.nodes where node = who and ends > {S}.now_us()) $$;

create or replace function {S}.drop_node(who text) returns void language sql as $$
  delete from {S}.names where node = who;
  delete from {S}.listening where node = who;
  delete from {S}.inbox where node = who;
  delete from {S}.nodes where node = who $$;

create or replace function {S}.give(who text, what text, as_token bigint)
returns json language sql as $$
  insert into {S}.names values (what, who, as_token)
    on conflict (name) do update set node = who, token = as_token;
  select json_build_array('claimed', as_token) $$;

create or replace function {S}.join_node(who text, told text, long bigint)
returns json language plpgsql as $$
begin
  perform {S}.alone();
  perform {S}.gen();
  insert into {S}.nodes values (who, told, long, {S}.now_us() + long)
    on conflict (node) do update set info = told, ttl = long, ends = excluded.ends;
  return 'null';
end $$;

create or replace function {S}.beat(who text) returns json language plpgsql as $$
declare
  g text;
  lost text;
  reaped bool := false;
begin
  perform {S}.alone();
  g := {S}.gen();
  for lost in select node from {S}.nodes where ends <= {S}.now_us() and node <> who loop
    perform {S}.drop_node(lost);
    reaped := true;
  end loop;
  if reaped then perform {S}.tell_freed(); end if;
  if not {S}.live(who) then return json_build_array('gone', g); end if;
  update {S}.nodes set ends = {S}.now_us() + ttl where node = who;
  return json_build_array('beat', g,
    (select count(*) from {S}.names where node = who),
    (select json_agg(info) from {S}.nodes where ends > {S}.now_us()),
    (select min(ends) - {S}.now_us() from {S}.nodes
       where node <> who and ends > {S}.now_us()),
    (select version from {S}.meta));
end $$;

create or replace function {S}.leave(who text) returns json language plpgsql as $$
begin
  perform {S}.alone();
  perform {S}.drop_node(who);
  perform {S}.tell_freed();
  return 'null';
end $$;

create or replace function {S}.claim(who text, what text, grace bigint)
returns json language plpgsql as $$
declare
  g text;
  held {S}.names;
  m {S}.meta;
begin
  perform {S}.alone();
  g := {S}.gen();
  if not {S}.live(who) then return json_build_array('gone', g); end if;
  select * into held from {S}.names where name = what;
  if found and held.node <> who and {S}.live(held.node) then
    return json_build_array('taken', held.node, held.token);
  end if;
  select * into m from {S}.meta;
  if (held.node is null or held.node <> who) and m.fresh + grace > {S}.now_us() then
    return json_build_array('frozen', m.fresh + grace - {S}.now_us());
  end if;
  update {S}.meta set last = greatest(last + 1, {S}.now_us()) returning * into m;
  return {S}.give(who, what, m.last);
end $$;

create or replace function {S}.keep(who text, what text, as_token bigint)
returns json language plpgsql as $$
declare
  g text;
  held {S}.names;
begin
  perform {S}.alone();
  g := {S}.gen();
  if not {S}.live(who) then return json_build_array('gone', g); end if;
  select * into held from {S}.names where name = what;
  if found and held.node = who then
    as_token := greatest(as_token, held.token);
  elsif found and {S}.live(held.node) and held.token >= as_token then
    return json_build_array('taken', held.node, held.token);
  end if;
  update {S}.meta set last = greatest(last, as_token);
  return {S}.give(who, what, as_token);
end $$;

create or replace function {S}.release(who text, what text, as_token bigint)
returns json language plpgsql as $$
begin
  perform {S}.alone();
  delete from {S}.names where name = what and node = who and token = as_token;
  if not found then return 'false'; end if;
  perform {S}.tell_freed();
  return 'true';
end $$;

create or replace function {S}.lookup(what text) returns json language sql as $$
  select json_build_array(node, token) from {S}.names
    where name = what and {S}.live(node) $$;

create or replace function {S}.owned(who text) returns json language sql as $$
  select json_object_agg(name, token) from {S}.names where node = who $$;

create or replace function {S}.open_state(what text, as_token bigint)
returns table (later bigint, kept bytea) language plpgsql as $$
declare
  found_one {S}.states;
begin
  perform {S}.alone();
  select * into found_one from {S}.states where name = what;
  if found and found_one.token > as_token then
    return query select found_one.token, null::bytea;
    return;
  end if;
  insert into {S}.states values (what, as_token, null)
    on conflict (name) do update set token = as_token;
  return query select null::bigint, found_one.data;
end $$;

create or replace function {S}.write_state(what text, as_token bigint, given bytea)
returns json language plpgsql as $$
begin
  insert into {S}.states as old values (what, as_token, given)
    on conflict (name) do update set token = as_token, data = given
    where old.token <= as_token;
  return to_json(found);
end $$;

create or replace function {S}.drop_state(what text) returns json language sql as $$
  with gone as (delete from {S}.states where name = what returning data)
  select to_json(count(data) > 0) from gone $$;

create or replace function {S}.announce(who text, told text)
returns json language plpgsql as $$
begin
  perform {S}.alone();
  update {S}.nodes set info = told where node = who and ends > {S}.now_us();
  return to_json(found);
end $$;

-- Texts of no length stand for no record.
create or replace function {S}.swap(
  who text, which text, what text, old_text text, new_text text)
returns json language plpgsql as $$
declare
  g text;
  present text;
  before bigint;
  after bigint;
begin
  perform {S}.alone();
  g := {S}.gen();
  if not {S}.live(who) then return json_build_array('gone', g); end if;
  select kept into present from {S}.records where shelf = which and name = what;
  present := coalesce(present, '');
  if present <> old_text then return json_build_array('is', present, 0); end if;
  if new_text = '' then
    delete from {S}.records where shelf = which and name = what;
  else
    insert into {S}.records values (which, what, new_text)
      on conflict (shelf, name) do update set kept = new_text;
  end if;
  select version into before from {S}.meta;
  update {S}.meta set version = greatest(version + 1, {S}.now_us())
    returning version into after;
  perform {S}.tell('records', convert_to(
    json_build_array(before, after, which, what, new_text)::text, 'UTF8'));
  return json_build_array('done', new_text, after);
end $$;

create or replace function {S}.listing(which text) returns json language plpgsql as $$
begin
  perform {S}.alone();
  return json_build_array({S}.gen(), (select version from {S}.meta),
    (select json_object_agg(name, kept) from {S}.records where shelf = which));
end $$;

-- All that a node listens to.
create or replace function {S}.listen_to(who text, topics json)
returns void language plpgsql as $$
begin
  perform {S}.alone();
  delete from {S}.listening where node = who
    and topic not in (select json_array_elements_text(topics));
  if {S}.live(who) then
    insert into {S}.listening select json_array_elements_text(topics), who
      on conflict do nothing;
  end if;
end $$;

create or replace function {S}.tell(what text, given bytea) returns void language sql as $$
  insert into {S}.inbox (node, topic, data)
    select node, what, given from {S}.listening where topic = what;
  select pg_notify({S}.inbox_channel(node), '') from {S}.listening where topic = what $$;

-- Messages: an array of receiver, topic and data, the one or the other null; returns
-- which of those for a node nobody takes.
create or replace function {S}.send(messages json) returns json language plpgsql as $$
declare
  message json;
  given bytea;
  place int := 0;
  back int[] := '{{}}';
begin
  for message in select json_array_elements(messages) loop
    given := decode(message ->> 2, 'hex');
    if message ->> 1 is not null then
      perform {S}.tell(message ->> 1, given);
    elsif {S}.live(message ->> 0) then
      insert into {S}.inbox (node, data) values (message ->> 0, given);
      perform pg_notify({S}.inbox_channel(message ->> 0), '');
    else
      back := back || place;
    end if;
    place := place + 1;
  end loop;
  return to_json(back);
end $$;

create or replace function {S}.take(who text)
returns table (what text, given bytea) language sql as $$
  with gone as (delete from {S}.inbox where node = who returning id, topic, data)
  select topic, data from gone order by id $$;
"""
"""Said on each connection; ``{{S}}`` is the schema."""


def channel_of(schema: str, node: str) -> str:
    """Return where a node listens; of no node, what all of them listen to."""
    digest = md5(f"{schema} {node}".encode(), usedforsecurity=False).hexdigest()
    return f"trio_sup_{digest}"
