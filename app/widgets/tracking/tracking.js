// <encore-tracking src="...">: the server's HTML in the place of the link inside. It looks again while it is seen, more
// patiently where it finds nothing. Whatever fails, what stands there stays.

const EVERY = 30_000;
const CLEAR = /^(transparent|rgba\(.*, 0\))$/;
const policy = self.trustedTypes?.createPolicy("encore", { createHTML: (html) => html });

class EncoreTracking extends HTMLElement {
  #last = "";
  #missed = 0;
  #timer;
  #stop;
  #isSeen = false;
  #watch = new IntersectionObserver(([entry]) => this.#see(entry.isIntersecting), { rootMargin: "200px" });

  connectedCallback() {
    this.#stop = new AbortController();
    document.addEventListener("visibilitychange", () => this.#plan(0), { signal: this.#stop.signal });
    this.#watch.observe(this);
  }

  disconnectedCallback() {
    this.#stop.abort();
    this.#watch.disconnect();
    clearTimeout(this.#timer);
  }

  get #isFilled() {
    return this.firstElementChild?.localName !== "a";
  }

  #see(isSeen) {
    this.#isSeen = isSeen;
    this.#plan(this.#isFilled ? EVERY : 0);
  }

  #plan(wait) {
    clearTimeout(this.#timer);
    if (this.#isSeen && !document.hidden) this.#timer = setTimeout(() => this.#look(), wait);
  }

  async #look() {
    const { signal } = this.#stop;
    try {
      const answer = await fetch(this.getAttribute("src"), { signal });
      const html = await answer.text();
      if (!answer.ok) throw Error();
      this.#show(html);
      this.classList.remove("is-error");
    } catch {
      if (signal.aborted) return;
      this.classList.add("is-error");
    }
    this.style.removeProperty("min-block-size");
    this.#plan(this.#isFilled ? EVERY : 2_000 * 2 ** this.#missed++);
  }

  #show(html) {
    if (html === this.#last || this.contains(document.activeElement)) return;
    const open = [...this.querySelectorAll("details")].map((details) => details.open);
    const isNews = this.#last !== "";
    this.#last = html;
    this.innerHTML = policy ? policy.createHTML(html) : html;
    this.querySelectorAll("details").forEach((details, place) => (details.open = open[place] ?? false));
    const root = this.firstElementChild;
    if (isNews) for (const news of root.querySelectorAll("[role=status]")) news.classList.add("en-new");
    if (root.dataset.title) document.title = root.dataset.title;
    if (root.dataset.brand) this.#dress(root);
  }

  // A guest wears the theme's ink and paper; set on the object, which a policy against inline styles allows.
  #dress(root) {
    let ground = this;
    while (ground && CLEAR.test(getComputedStyle(ground).backgroundColor)) ground = ground.parentElement;
    const roles = {
      ink: getComputedStyle(this).color,
      paper: ground ? getComputedStyle(ground).backgroundColor : "#fff",
      brand: root.dataset.brand,
      "brand-edge": root.dataset.brandEdge,
    };
    for (const [role, colour] of Object.entries(roles)) root.style.setProperty(`--en-${role}`, colour);
  }
}

if (!customElements.get("encore-tracking")) customElements.define("encore-tracking", EncoreTracking);
