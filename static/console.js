// What the console does while one looks at it; without script every page does the same when it is loaded.

// The brand's form is shown while it is typed into. Without script its two buttons do the same.

const form = document.querySelector("form[data-live]");
let waiting;

function show() {
  for (const [place, button] of form.querySelectorAll("button[formtarget]").entries()) {
    // a form goes on to one place at a time
    setTimeout(() => form.requestSubmit(button), place * 120);
  }
}

function renew() {
  // A frame that is new to the page makes no entry in the history: "back" leaves the page.
  for (const button of form.querySelectorAll("button[formtarget]")) {
    const frame = document.querySelector(`iframe[name="${button.formTarget}"]`);
    const next = frame.cloneNode();
    next.removeAttribute("src");
    frame.replaceWith(next);
  }
}

form?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    renew();
    show();
  }, 400);
});

// What is still being filled is looked at again while somebody looks, until it is full. Only words are put in anew, never what
// holds the focus; while the server is away, what was seen last stays.

const EVERY = 5_000;
let next;

const filling = () => document.querySelectorAll("[data-again]");

function plan(wait) {
  clearTimeout(next);
  if (filling().length && !document.hidden) next = setTimeout(look, wait);
}

async function look() {
  try {
    const answer = await fetch(location.href);
    if (answer.ok) fill(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // the server is away, or has gone in the middle of its answer
  }
  plan(EVERY);
}

function fill(seen) {
  for (const part of filling()) {
    const filled = seen.getElementById(part.id);
    if (!filled) continue;
    part.toggleAttribute("data-again", filled.hasAttribute("data-again"));
    if (part.innerHTML !== filled.innerHTML) part.replaceChildren(...filled.childNodes);
  }
}

document.addEventListener("visibilitychange", () => plan(0));
plan(EVERY);
