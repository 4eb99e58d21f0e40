// Loads what an <encore-...> element needs once it comes near the window. Until then, and without script, its link stands there.

const VERSION = "{{ version }}";
const RESERVED = "28rem";

const address = (name) => new URL(`${name}${VERSION && `?v=${VERSION}`}`, import.meta.url).href;

const load = async (element) => {
  const slug = element.localName.slice("encore-".length);
  try {
    const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: address(`${slug}.css`) });
    await Promise.all([
      new Promise((resolve, reject) => {
        Object.assign(sheet, { onload: resolve, onerror: reject });
        document.head.append(sheet);
      }),
      import(address(`${slug}.js`)),
    ]);
  } catch {
    for (const one of document.querySelectorAll(element.localName)) {
      one.classList.add("is-error");
      one.style.removeProperty("min-block-size");
    }
  }
};

const seen = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      for (const same of document.querySelectorAll(target.localName)) seen.unobserve(same);
      load(target);
    }
  },
  { rootMargin: "400px" },
);

for (const element of document.querySelectorAll(":not(:defined)")) {
  if (!element.localName.startsWith("encore-")) continue;
  element.style.display = "block";
  element.style.minBlockSize = RESERVED;
  seen.observe(element);
}
