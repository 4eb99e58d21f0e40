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

// What is still being filled is shown anew, until it is full.

async function again() {
  const filling = document.querySelector("[data-again]");
  if (!filling || document.hidden) return;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  const filled = next.querySelector(`[aria-label="${filling.getAttribute("aria-label")}"]`);
  if (filled) filling.replaceWith(filled);
}

if (document.querySelector("[data-again]")) setInterval(again, 5000);
