// Fetches the list every two seconds and shows it only when it has changed, so that nothing flickers.
const rows = document.getElementById("rows");
let tag = "";

async function look() {
  const answer = await fetch("/rows", { headers: tag ? { "If-None-Match": tag } : {} });
  if (answer.status !== 200 || answer.headers.get("ETag") === tag) return;
  const isFirst = !tag;
  tag = answer.headers.get("ETag");
  const known = new Set([...rows.querySelectorAll("li")].map((row) => row.dataset.id));
  const focused = document.activeElement?.closest("li")?.dataset.id;
  rows.innerHTML = await answer.text();
  if (focused) rows.querySelector(`li[data-id="${focused}"] a`)?.focus();
  for (const row of rows.querySelectorAll("li")) if (!isFirst && !known.has(row.dataset.id)) row.classList.add("new");
}

setInterval(() => document.hidden || look().catch(() => {}), 2000);
look().catch(() => {});
