// Small comforts; every page works without them.
document.addEventListener("submit", (event) => {
  // A form whose answer is a file leaves this page as it is.
  if (event.defaultPrevented || event.target.hasAttribute("data-download")) return;
  const button = event.submitter;
  // After the form's data is taken: a disabled button's own name and value would not be sent.
  if (button) setTimeout(() => { button.disabled = true; button.setAttribute("aria-busy", "true"); });
});
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[aria-busy]")) {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
});
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
