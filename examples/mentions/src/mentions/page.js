"use strict";
const person = decodeURIComponent(location.pathname).slice(2);
const state = document.getElementById("state");
const list = document.getElementById("mentions");
const clock = () => new Date().toLocaleTimeString();

function say(kind, text) {
  state.className = kind;
  state.textContent = text;
}

function show(mention) {
  document.getElementById(`c${mention.id}`)?.remove();
  const item = document.createElement("li");
  item.id = `c${mention.id}`;
  const head = document.createElement("a");
  head.textContent = mention.author;
  if (/^https?:\/\//.test(mention.url)) head.href = mention.url;
  const body = document.createElement("p");
  body.textContent = mention.body;
  const when = document.createElement("small");
  when.textContent = ` ${mention.updated}`;
  item.append(head, when, body);
  list.prepend(item);
}

function connect(pause) {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/@${person}/live`);
  socket.onopen = () => { pause = 250; say("", "connected; looking …"); };
  socket.onmessage = (event) => {
    const news = JSON.parse(event.data);
    if (news.trouble) say("trouble", `${news.trouble} (${clock()})`);
    else {
      news.mentions.forEach(show);
      say("live", `live; last looked at ${clock()}`);
    }
  };
  socket.onclose = () => {
    say("lost", `the connection was lost at ${clock()}; coming back …`);
    setTimeout(connect, pause, Math.min(2 * pause, 5000));
  };
}

if (person) {
  document.getElementById("person").textContent = person;
  connect(250);
} else {
  const form = document.querySelector("form");
  form.hidden = false;
  form.onsubmit = (event) => {
    event.preventDefault();
    location.pathname = `/@${form.person.value}`;
  };
}
