// Keeps an open page up to date: a chat line by line, the timeline as a whole.
// Without it the pages still work, by reloading.
"use strict";

const chat = document.querySelector("[data-chat]");
const entries = document.querySelector("[data-entries]");
const write = document.querySelector("[data-write]");

function lastSeq() {
  const last = chat.lastElementChild;
  return last ? Number(last.dataset.seq) : 0;
}

let asking = false;

async function refreshChat() {
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch(`${chat.dataset.chat}?lang=${chat.dataset.lang}&after=${lastSeq()}`);
    if (answer.status === 200) {
      chat.insertAdjacentHTML("beforeend", await answer.text());
      chat.scrollTop = chat.scrollHeight;
    }
  } catch {
    // The next second tries again.
  } finally {
    asking = false;
  }
}

async function refreshEntries() {
  try {
    const answer = await fetch(entries.dataset.entries);
    const html = await answer.text();
    if (answer.ok && html !== entries.dataset.shown) {
      entries.innerHTML = html;
      entries.dataset.shown = html;
    }
  } catch {
    // The next second tries again.
  }
}

if (chat) {
  chat.scrollTop = chat.scrollHeight;
  setInterval(refreshChat, 1000);
}
if (entries) setInterval(refreshEntries, 1000);
if (write) {
  write.addEventListener("submit", (event) => {
    event.preventDefault();
    const content = write.elements.content;
    const body = new URLSearchParams({ content: content.value });
    content.value = "";
    fetch(write.action, { method: "POST", body, redirect: "manual" }).catch(() => {});
    setTimeout(refreshChat, 150);
  });
}
