// Keys, palette and toasts only: every action is also a link or a form.
(() => {
  const palette = () => document.getElementById("find");
  const keysAreOn = () => document.body.dataset.keys !== "off";

  const openPalette = () => {
    const dialog = palette();
    if (!dialog || dialog.open) return;
    dialog.showModal();
    dialog.querySelector("input").select();
  };

  // Arrow keys walk through what was found; Enter on a link follows it.
  const walkFound = (event) => {
    const links = [...palette().querySelectorAll("#found a")];
    if (!links.length) return;
    event.preventDefault();
    const at = links.indexOf(document.activeElement);
    const step = event.key === "ArrowDown" ? 1 : -1;
    if (at + step < 0) palette().querySelector("input").focus();
    else links[Math.min(at + step, links.length - 1)].focus();
  };

  // j and k move in a queue; a letter goes to the control that carries it. While the next
  // page loads, a further j or k goes on from there, and no letter reaches the old page.
  let leaving = false;
  addEventListener("pageshow", () => { leaving = false; });
  const shortcut = (event) => {
    const items = [...document.querySelectorAll(".queue a")];
    const at = items.findIndex((item) => item.hasAttribute("aria-current"));
    const target =
      event.key === "j" ? items[at + 1]
      : event.key === "k" ? items[at - 1]
      : document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!target || (leaving && !target.matches(".queue a"))) return;
    event.preventDefault();
    if (target.matches(".queue a")) {
      items[at]?.removeAttribute("aria-current");
      target.setAttribute("aria-current", "true");
      leaving = true;
      target.click();
    } else if (target.matches("summary")) {
      target.parentElement.open = true;
      target.parentElement.querySelector("input:not([type=hidden]), textarea, button")?.focus();
    } else target.focus();
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
      return;
    }
    if (palette()?.open && /^Arrow(Up|Down)$/.test(event.key)) return walkFound(event);
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
    if (keysAreOn()) shortcut(event);
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-opens=find]") && palette()) {
      event.preventDefault();
      openPalette();
    }
    if (event.target === palette()) palette().close();
  });

  // A select of a filter bar shows its list at once; the button stays for everyone else.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });

  const fade = (toast) => setTimeout(() => toast.remove(), 6000);
  document.querySelectorAll(".toast").forEach((toast) => {
    // What is being read or pointed at is not taken away.
    if (!toast.querySelector("a")) fade(toast);
    else ["mouseleave", "focusout"].forEach((name) => toast.addEventListener(name, () => fade(toast), { once: true }));
  });
  document.querySelectorAll(".nav .here, .nav > li > [aria-current]").forEach((entry) =>
    entry.closest("nav").scrollTo({ left: entry.offsetLeft - 40 }));
})();
