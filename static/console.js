// Shows what is typed into the brand's form while it is typed. Without script its two buttons do the same.

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
